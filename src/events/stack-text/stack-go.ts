import { type ExceptionValue, type Frame } from '../event.js';
import { startsWithAny } from './stack-lines.js';

/** The `\S` keeps a line of blanks from being tried from each of them. */
const PLACE = /^\s+(\S.{0,899}\.(?:go|s|c)):(\d{1,9})(?: \+0x[0-9a-f]+)?$/;
const ROUTINE = /^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[/;
const HEADER = /^(panic|fatal error): (.*)$/;

/** First path elements of the standard library's packages (go.dev/pkg), which have no dot as hosts do. */
const STANDARD = new Set(
  (
    'archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go ' +
    'hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort ' +
    'strconv strings sync syscall testing text time unicode unique unsafe vendor weak'
  ).split(' '),
);

/** Where dependencies and the toolchain lie; a build with -trimpath leaves `module@v1.2.3/file.go` of a dependency's path. */
const LIBRARY_PATH = /\/pkg\/mod\/|\/vendor\/|\/usr\/local\/go\/src\/|\/usr\/lib\/go|@v\d[^/]{0,100}\//;
/** Frames of the recorder itself, which stand above the app's in every stack that it takes. */
const RECORDERS = ['go.opentelemetry.io/otel/', 'go.opentelemetry.io/contrib/'];

/** The second line of a frame, `\t/app/main.go:10 +0x1d`. */
export function looksLikeGo(line: string): boolean {
  return (line.includes('.go:') && PLACE.test(line)) || (line.startsWith('goroutine ') && ROUTINE.test(line));
}

/** The stack of the first goroutine, from a panic, `debug.Stack` or an error printed with `%+v`. */
export function parseGoStack(lines: readonly string[]): ExceptionValue[] {
  const frames: Frame[] = [];
  const header: string[] = [];
  let routines = 0;
  for (let i = 0; i < lines.length && routines < 2; i++) {
    const line = lines[i] ?? '';
    const place = PLACE.exec(lines[i + 1] ?? '');
    if (ROUTINE.test(line)) routines++;
    else if (place && !PLACE.test(line) && line !== '') frames.push(readFrame(line, place));
    else if (frames.length === 0 && routines === 0 && !PLACE.test(line) && !line.startsWith('[signal'))
      header.push(line);
  }
  const text = header.join('\n').trim();
  const match = HEADER.exec(text.split('\n')[0] ?? '');
  const value = (match ? text.slice((match[1] ?? '').length + 2) : text).replace(/ \[recovered\](?=\n|$)/g, '');
  return [{ type: match?.[1], value: value || undefined, frames: frames.reverse() }];
}

function readFrame(line: string, place: RegExpExecArray): Frame {
  const name = withoutArguments(line.replace(/^created by /, '').replace(/ in goroutine \d+$/, ''));
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  const module = dot > 0 ? name.slice(0, dot) : undefined;
  const path = place[1] ?? '';
  return {
    module,
    function: name.slice(dot + 1),
    filename: path,
    absPath: path,
    lineno: Number(place[2]),
    inApp: isInApp(module, path),
  };
}

/** `main.(*T).f(0x1, {...})` without its last pair of brackets. */
function withoutArguments(call: string): string {
  if (!call.endsWith(')')) return call;
  let depth = 0;
  for (let i = call.length - 1; i > 0; i--) {
    if (call[i] === ')') depth++;
    if (call[i] === '(' && --depth === 0) return call.slice(0, i);
  }
  return call;
}

function isInApp(module: string | undefined, path: string): boolean {
  if (module === undefined || STANDARD.has(module.split('/')[0] ?? '')) return false;
  // No other module can import package main, so its frames are the program's own wherever it was built.
  if (module === 'main') return true;
  return !startsWithAny(`${module}/`, RECORDERS) && !LIBRARY_PATH.test(path);
}

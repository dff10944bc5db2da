import { type ExceptionValue, type Frame } from '../event.js';
import { containsAny, splitTypeAndValue, startsWithAny } from './stack-lines.js';

const V8_NAMED = /^\s*at (?:async )?(.{1,500}?) \((.{1,900})\)$/;
const V8_BARE = /^\s*at (?:async )?(\S.{0,900})$/;
/** The `\S` keeps a line of blanks from being tried from each of them. */
const GECKO_FRAME = /^\s*(|\S.{0,499}?)@((?:[a-z-]{1,20}:\/\/|\/|webpack|\[native code\]).{0,900})$/;
const LOCATION = /^(.*?)(?::(\d{1,9}))?(?::(\d{1,9}))?$/;
const CAUSE = /^\s*(?:\[cause\]: |Caused by: )(.*)$/;

/** A frame of V8 (`at f (file:1:2)`, `at file:1:2`) or of Firefox and Safari (`f@file:1:2`). */
export function looksLikeJavascript(line: string): boolean {
  return readFrame(line) !== undefined;
}

/** V8, Firefox and Safari stacks; `[cause]:` blocks, which Node prints inside the outer error, become inner exceptions. */
export function parseJavascriptStack(lines: readonly string[]): ExceptionValue[] {
  const outermostFirst: { header: string[]; frames: Frame[] }[] = [{ header: [], frames: [] }];
  for (const line of lines) {
    const cause = CAUSE.exec(line);
    const current = outermostFirst.at(-1)!;
    const frame = cause ? undefined : readFrame(line);
    if (cause) outermostFirst.push({ header: [cause[1] ?? ''], frames: [] });
    else if (frame) current.frames.push(frame);
    else if (current.frames.length === 0) current.header.push(line);
  }
  return outermostFirst.reverse().map(({ header, frames }) => ({
    ...splitTypeAndValue(
      header
        .join('\n')
        .trim()
        .replace(/^Uncaught (?:\(in promise\) )?/, ''),
    ),
    frames: frames.reverse(),
  }));
}

function readFrame(printed: string): Frame | undefined {
  if (!printed.includes('at ') && !printed.includes('@')) return undefined;
  const line = printed.endsWith(') {') ? printed.slice(0, -2) : printed;
  // Only a line that ends in a bracket can be a named frame; the test keeps hostile lines from backtracking.
  const named = line.endsWith(')') ? V8_NAMED.exec(line) : null;
  if (named) return isV8Place(named[2] ?? '') ? toFrame(named[1], named[2] ?? '') : undefined;
  const bare = V8_BARE.exec(line);
  if (bare) return isBarePlace(bare[1] ?? '') ? toFrame(undefined, bare[1] ?? '') : undefined;
  const gecko = line.includes('@') ? GECKO_FRAME.exec(line) : null;
  return gecko ? toFrame(gecko[1] || undefined, gecko[2] ?? '') : undefined;
}

function toFrame(name: string | undefined, rawPlace: string): Frame {
  const place = rawPlace.replace(/^address at /, '');
  const [, path = '', line, column] = LOCATION.exec(place) ?? [];
  const evaluated = path.startsWith('eval at ') ? /\(((?:[^()]{1,400}):\d+:\d+)\)/.exec(path)?.[1] : undefined;
  if (evaluated) return toFrame(name, evaluated);
  return {
    function: name?.replace(/^(?:new |async )/, ''),
    filename: path,
    absPath: path,
    lineno: line ? Number(line) : undefined,
    colno: column ? Number(column) : undefined,
    inApp: isInApp(path),
  };
}

function isV8Place(place: string): boolean {
  return /:\d{1,9}(?::\d{1,9})?$|^<anonymous>$|^native$|^index \d{1,9}$|^eval at |^wasm:/.test(place);
}

function isBarePlace(place: string): boolean {
  return /:\d{1,9}:\d{1,9}$|^<anonymous>$|^native$/.test(place);
}

/** Not the app's own: Node's core, packages, browser extensions, code without a file. */
function isInApp(path: string): boolean {
  if (
    path === '' ||
    path === 'native' ||
    path.startsWith('index ') ||
    path.startsWith('<anonymous>') ||
    path.startsWith('[native')
  )
    return false;
  if (startsWithAny(path, ['node:', 'internal/', 'chrome-extension:', 'moz-extension:', 'safari-'])) return false;
  return !containsAny(path, ['/node_modules/', '\\node_modules\\', 'node_modules/', '/webpack/bootstrap']);
}

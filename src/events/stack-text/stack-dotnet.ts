import { type ExceptionValue, type Frame } from '../event.js';
import { splitQualifiedType, splitTypeAndValue, startsWithAny } from './stack-lines.js';

const FRAME = /^\s*at ([^\s(][^(]{0,600})\([^)]{0,900}\)(?: in (.{1,600}?)(?::line (\d{1,9}))?)?(?:<---)?$/;
const INNER_END = /^\s*--- End of inner exception stack trace ---/;
const ARROW = ' ---> ';
/** End of the last line of each member of an AggregateException. */
const MEMBER_END = /<---$/;
/**
 * A name made by the compiler: for an async method `<Pay>d__5`, for a lambda `<>c.<Pay>b__0_3`, for an async lambda
 * `<>c.<<Pay>b__0>d`, for a local function `<Pay>g__Check|3_0`; top-level statements are the method `<Main>$`.
 */
const GENERATED = /^(.{1,400}?)[.+](?:<>c[^.+]{0,80}[.+]){0,3}<?<(\w{1,200}|<\w{1,200}>\$)>(d__|b__|g__(\w{1,200}))/;
/** Most headers read of one line; .NET Framework prints those of a whole chain on it. */
const MAX_LINE_HEADERS = 50;
const PLATFORM = [
  'System.',
  'Microsoft.',
  'Windows.',
  'mscorlib.',
  'MS.',
  'Npgsql.',
  'Newtonsoft.',
  'Polly.',
  'MediatR.',
];

interface Block {
  readonly header: string[];
  /** Newest first, as printed. */
  readonly frames: Frame[];
}

/** `at App.Cart.Add(String id) in /src/Cart.cs:line 10`. */
export function looksLikeDotnet(line: string): boolean {
  const match = line.includes('at ') ? FRAME.exec(line) : null;
  return match !== null && (match[1] ?? '').includes('.');
}

/** .NET's Exception.ToString: the headers come first, outermost first, then the stacks, innermost first. */
export function parseDotnetStack(lines: readonly string[]): ExceptionValue[] {
  const open: Block[] = [];
  const done: Block[] = [];
  for (const line of lines) {
    const frame = FRAME.exec(line);
    const inner = open.at(-1);
    if (frame) (inner ?? openBlock(open, '')).frames.push(readFrame(frame));
    else if (INNER_END.test(line) && inner) done.push(open.pop()!);
    else if (!line.trimStart().startsWith('--- End of')) addHeader(open, line);
  }
  return [...done, ...open.reverse()].map(({ header, frames }) => {
    const { type, value } = splitTypeAndValue(
      header
        .join('\n')
        .trim()
        .replace(/^Unhandled exception\.? /i, ''),
    );
    return { ...splitQualifiedType(type), value, frames: [...frames].reverse() };
  });
}

function addHeader(open: Block[], line: string): void {
  const parts = ` ${line.trim().replace(MEMBER_END, '')}`.split(ARROW, MAX_LINE_HEADERS);
  const [continued = '', ...inner] = parts;
  const current = open.at(-1);
  if (continued.trim() !== '') {
    if (!current) openBlock(open, continued.trim());
    else if (current.frames.length === 0) current.header.push(continued.trim());
  }
  for (const header of inner) openBlock(open, header.replace(/^\(Inner Exception #\d+\) /, ''));
}

function openBlock(open: Block[], header: string): Block {
  const block: Block = { header: [header], frames: [] };
  open.push(block);
  return block;
}

function readFrame(match: RegExpExecArray): Frame {
  const { module, name } = readMethod((match[1] ?? '').replace(/\[[^\]]*\]$/, ''));
  return {
    module,
    function: name,
    filename: match[2],
    absPath: match[2],
    lineno: match[3] ? Number(match[3]) : undefined,
    inApp: !startsWithAny(`${module ?? ''}.`, PLATFORM),
  };
}

/** Class and method; the compiler's names of async methods and lambdas are turned back into the written ones. */
function readMethod(full: string): { module?: string; name: string } {
  const generated = GENERATED.exec(full);
  if (generated) {
    const [, module, written = '', kind, local] = generated;
    const method = written.replace(/[<>$]/g, '');
    const name = kind === 'd__' ? method : `${method} { ${local ?? '<lambda>'} }`;
    return { module, name };
  }
  const dot = full.endsWith('.ctor') || full.endsWith('.cctor') ? full.lastIndexOf('..') : full.lastIndexOf('.');
  return dot > 0 ? { module: full.slice(0, dot), name: full.slice(dot + 1) } : { name: full };
}

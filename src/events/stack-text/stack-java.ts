import { type ExceptionValue, type Frame } from '../event.js';
import { indentOf, splitQualifiedType, splitTypeAndValue, startsWithAny } from './stack-lines.js';

const FRAME =
  /^\s*at ((?:[^\s()/]{0,200}\/){0,2})([^\s()/]{1,500})\(((?:[^()]{1,300}\.\w{1,10}|SourceFile|Unknown Source|Native Method|<generated>|[A-Za-z$_][\w$]{0,200})(?::(-?\d{1,9}))?)?\)/;
const MORE = /^\s*\.\.\. (\d{1,6}) (?:more|common frames omitted)/;
const CHAINED = /^\s*(Caused by|Wrapped by): (.*)$/;

/** Packages that come with the platform or its usual frameworks' plumbing. */
const PLATFORM = [
  'java.',
  'javax.',
  'jakarta.',
  'jdk.',
  'sun.',
  'com.sun.',
  'kotlin.',
  'kotlinx.',
  'scala.',
  'groovy.',
];
const FRAMEWORKS = [
  'org.springframework.',
  'org.apache.',
  'org.hibernate.',
  'org.eclipse.jetty.',
  'io.netty.',
  'reactor.',
];
const ANDROID = ['android.', 'androidx.', 'com.android.', 'dalvik.', 'okhttp3.', 'com.google.android.'];

interface Block {
  readonly header: string[];
  /** Newest first, as printed. */
  readonly frames: Frame[];
  /** Set once the frames shared with the enclosing exception are filled in. */
  filledIn?: boolean;
}

/** `at com.acme.Cart.add(Cart.java:10)`; PHP's OpenTelemetry prints the same form. */
export function looksLikeJava(line: string): boolean {
  return line.endsWith(')') || line.includes(') ') ? FRAME.test(line) : false;
}

/** Java, Kotlin and Scala stacks; `Caused by` becomes a chain, `... n more` is filled in, suppressed ones are left out. */
export function parseJavaStack(lines: readonly string[]): ExceptionValue[] {
  const blocks: Block[] = [{ header: [], frames: [] }];
  let rootFirst = false;
  let skipDeeperThan = Infinity;
  for (const line of lines) {
    const chained = CHAINED.exec(line);
    const indent = indentOf(line);
    if (indent > skipDeeperThan || (chained && indent === skipDeeperThan)) continue;
    skipDeeperThan = Infinity;
    if (line.startsWith('Suppressed: ', indent)) skipDeeperThan = indent;
    else if (chained) {
      rootFirst ||= chained[1] === 'Wrapped by';
      blocks.push({ header: [chained[2] ?? ''], frames: [] });
    } else addLine(blocks, line);
  }
  return (rootFirst ? blocks : blocks.reverse()).map(toException);
}

function addLine(blocks: readonly Block[], line: string): void {
  const block = blocks.at(-1)!;
  const frame = FRAME.exec(line);
  const more = MORE.exec(line);
  if (frame) block.frames.push(readFrame(frame));
  else if (more) fillIn(block, blocks.at(-2)?.frames ?? [], Number(more[1]));
  else if (block.frames.length === 0) block.header.push(line);
}

/** Once a block, as it is printed: a text of many such lines would double the frames with each, without end. */
function fillIn(block: Block, enclosing: readonly Frame[], count: number): void {
  if (block.filledIn) return;
  block.filledIn = true;
  for (let i = Math.max(0, enclosing.length - count); i < enclosing.length; i++) block.frames.push(enclosing[i]!);
}

function toException({ header, frames }: Block): ExceptionValue {
  const first = header.join('\n').trim();
  const { type, value } = splitTypeAndValue(first.replace(/^Exception in thread "[^"]{0,200}" /, ''));
  return { ...splitQualifiedType(type), value, frames: [...frames].reverse() };
}

function readFrame(match: RegExpExecArray): Frame {
  const name = match[2] ?? '';
  const dot = name.lastIndexOf('.');
  const file = match[3]?.replace(/:-?\d+$/, '');
  const line = Number(match[4] ?? -1);
  const module = dot > 0 ? name.slice(0, dot) : undefined;
  return {
    module,
    function: name.slice(dot + 1),
    filename: file === 'Unknown Source' || file === 'Native Method' ? undefined : file,
    lineno: line >= 0 ? line : undefined,
    inApp: !startsWithAny(`${module ?? ''}.`, [...PLATFORM, ...FRAMEWORKS, ...ANDROID]),
  };
}

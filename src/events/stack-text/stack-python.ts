import { type ExceptionValue, type Frame } from '../event.js';
import { text } from '../reading/read-values.js';
import { containsAny, indentOf, splitQualifiedType, splitTypeAndValue } from './stack-lines.js';

const FRAME = /^\s*File "([^"]{1,900})", line (\d{1,9})(?:, in (.{1,300}))?$/;
/** Up to the folder that a module's path starts from; Windows has `C:\Python311\Lib` where others have `/lib/python3.11`. */
const LIBRARY =
  /^.*(?:[\\/](?:site-packages|dist-packages|python\d(?:\.\d{1,3})?)|[\\/][Pp]ython\d{2,3}(?:-\d\d)?[\\/][Ll]ib|\\Lib)[\\/]/;
const START = 'Traceback (most recent call last)';

/** The margin that exception groups are drawn with. */
const MARGIN = /^ {2,60}[|+] ?/;
/** The line before a group's member: `  +-+---------------- 1 ----------------`, from the second on without `+-`. */
const MEMBER = /^((?: {2}){1,30})(\+-)?\+-{8,40} (\d{1,6}|\.\.\.) -{8,40}$/;

interface Block {
  readonly frames: Frame[];
  readonly header: string[];
  /** Chains of a group's members, as printed. */
  readonly members: Block[][];
}

/** `  File "x.py", line 1, in f`. */
export function looksLikePython(line: string): boolean {
  return line.includes('File "') && FRAME.test(ungrouped(line));
}

/** Python tracebacks with their chained ones; of an exception group the members come before it, as causes. */
export function parsePythonStack(lines: readonly string[]): ExceptionValue[] {
  const outermost: Block[] = [];
  /** The chain that is being read at each level of nested groups. */
  const chains: Block[][] = [outermost];
  let block: Block | undefined;
  for (let i = 0; i < lines.length; i++) {
    const printed = lines[i] ?? '';
    const line = ungrouped(printed);
    const match = FRAME.exec(line);
    const member = printed.includes('+---') ? MEMBER.exec(printed) : null;
    if (member) block = openMember(chains, member);
    else if (line.includes(START)) block = openBlock(chains, levelOf(printed));
    else if (match && outermost.length === 0) block = openBlock(chains, 0);
    if (member || !block) continue;
    if (match) block.frames.push(readFrame(match, ungrouped(lines[i + 1] ?? '')));
    else if (isHeaderLine(line, block.header)) block.header.push(line);
  }
  return innermostFirst(outermost).map(({ frames, header }) => toException(frames, header));
}

/** A traceback goes on with the chain of its level, or gives the group's member that was just announced its frames. */
function openBlock(chains: Block[][], level: number): Block {
  chains.length = Math.min(chains.length, level + 1);
  const chain = chains.at(-1)!;
  const last = chain.at(-1);
  if (last && last.frames.length === 0 && last.header.length === 0) return last;
  const block: Block = { frames: [], header: [], members: [] };
  chain.push(block);
  return block;
}

/** A member starts a chain of its own; of those that Python only counts (`...`) nothing is read. */
function openMember(chains: Block[][], [, indent = '', first = '', title]: RegExpExecArray): Block | undefined {
  chains.length = Math.min(chains.length, Math.max(1, (indent.length + first.length) / 2 - 1));
  const group = chains.at(-1)?.at(-1);
  if (!group || title === '...') return undefined;
  const chain: Block[] = [];
  group.members.push(chain);
  chains.push(chain);
  return openBlock(chains, chains.length - 1);
}

/** How many groups a traceback is nested in; the outermost group's own has a margin as well. */
function levelOf(line: string): number {
  const margin = MARGIN.exec(line);
  return margin ? Math.max(0, Math.floor(margin[0].trimEnd().length / 2) - 1) : 0;
}

function innermostFirst(chain: readonly Block[]): Block[] {
  return chain.flatMap((block) => [...block.members.reverse().flatMap(innermostFirst), block]);
}

function toException(frames: readonly Frame[], header: readonly string[]): ExceptionValue {
  // A traceback that another process sent is quoted with """ by multiprocessing and concurrent.futures.
  const whole = header
    .join('\n')
    .trim()
    .replace(/\n"""$/, '');
  const { type, value } = splitTypeAndValue(whole);
  return { ...splitQualifiedType(type), value, frames };
}

/** The line that names the exception is the first without indent after the frames; its message may go on below. */
function isHeaderLine(line: string, header: readonly string[]): boolean {
  if (line.includes(START) || isBetweenTracebacks(line) || /^\+?-+/.test(line.trim())) return false;
  return header.length > 0 ? true : line !== '' && indentOf(line) === 0;
}

function isBetweenTracebacks(line: string): boolean {
  return (
    line.startsWith('During handling of the above exception') ||
    line.startsWith('The above exception was the direct cause')
  );
}

function readFrame(match: RegExpExecArray, next: string): Frame {
  const absPath = match[1] ?? '';
  const library = LIBRARY.exec(absPath);
  const source = FRAME.test(next) || indentOf(next) < 4 ? '' : next.trim();
  return {
    function: match[3],
    filename: library ? absPath.slice(library[0].length) : absPath,
    absPath,
    lineno: Number(match[2]),
    contextLine: text(source, 256),
    inApp: !library && !containsAny(absPath, ['<frozen ', '/lib/python']),
  };
}

/** A line without the margin that exception groups are drawn with. */
function ungrouped(line: string): string {
  const margin = MARGIN.exec(line);
  return margin ? line.slice(margin[0].length) : line;
}

import { type ExceptionValue, type Frame } from '../event.js';
import { text } from './read-values.js';
import { containsAny, indentOf, splitQualifiedType, splitTypeAndValue } from './stack-lines.js';

const FRAME = /^\s*File "([^"]{1,900})", line (\d{1,9})(?:, in (.{1,300}))?$/;
/** Also as Windows has it: `C:\Python311\Lib\json\decoder.py`. */
const LIBRARY =
  /^.*(?:[\\/](?:site-packages|dist-packages)|\/python\d(?:\.\d{1,3})?|\\[Pp]ython[\w.-]{0,20}\\[Ll]ib)[\\/]/;
const START = 'Traceback (most recent call last)';

/** `  File "x.py", line 1, in f`. */
export function looksLikePython(line: string): boolean {
  return line.includes('File "') && FRAME.test(ungrouped(line));
}

/** Python tracebacks with their chained ones; of an exception group the members come first, as causes. */
export function parsePythonStack(lines: readonly string[]): ExceptionValue[] {
  const isGroup = lines.some((line) => line.includes(`Exception Group ${START}`));
  const blocks: { frames: Frame[]; header: string[] }[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = ungrouped(lines[i] ?? '');
    const match = FRAME.exec(line);
    if (line.includes(START) || (match && blocks.length === 0)) blocks.push({ frames: [], header: [] });
    const block = blocks.at(-1);
    if (match) block?.frames.push(readFrame(match, ungrouped(lines[i + 1] ?? '')));
    else if (block && isHeaderLine(line, block.header)) block.header.push(line);
  }
  const exceptions = blocks.map(({ frames, header }) => toException(frames, header));
  return isGroup ? exceptions.reverse() : exceptions;
}

function toException(frames: readonly Frame[], header: readonly string[]): ExceptionValue {
  const { type, value } = splitTypeAndValue(header.join('\n').trim());
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
  const margin = /^ {2,60}[|+] ?/.exec(line);
  return margin ? line.slice(margin[0].length) : line;
}

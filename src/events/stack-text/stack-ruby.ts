import { type ExceptionValue, type Frame } from '../event.js';
import { containsAny } from './stack-lines.js';

/** Paths of Ruby's own code, `<internal:kernel>`, and of code from a string, `(eval at /app/x.rb:3)`, have colons. */
const FRAME =
  /^(\s*(?:\d+: )?from |\s*)(<internal:[^>]{1,200}>|\(eval at .{1,600}:\d{1,9}\)|(?:[A-Za-z]:)?[^:\s][^:]{0,900}):(\d{1,9}):in [`']([^']{1,300})'(?:: (.*))?$/;
const EVALUATED = /^\(eval at (.{1,600}):(\d{1,9})\)$/;
const TYPE_AT_END = /^(.*) \(([A-Z][\w:]{0,200})\)$/;

interface Block {
  header?: string;
  /** Newest first, as printed. */
  readonly frames: Frame[];
}

/** ``/app/x.rb:10:in `f'``, with or without `from`. */
export function looksLikeRuby(line: string): boolean {
  return line.includes(':in ') && FRAME.test(line);
}

/** Ruby's full_message and plain backtraces; each line that carries a message starts the cause of the one before. */
export function parseRubyStack(lines: readonly string[]): ExceptionValue[] {
  const blocks: Block[] = [];
  for (const line of lines) {
    const match = FRAME.exec(line);
    if (!match) {
      addMessageLine(blocks, line);
      continue;
    }
    if (match[5] !== undefined || blocks.length === 0) blocks.push({ header: match[5], frames: [] });
    blocks.at(-1)!.frames.push(readFrame(match));
  }
  return blocks.reverse().map(toException);
}

/** Lines before the first frame name the exception; lines after a header go on with its message. */
function addMessageLine(blocks: Block[], line: string): void {
  const block = blocks.at(-1);
  if (!block) {
    if (line.trim() !== '') blocks.push({ header: line.trim(), frames: [] });
  } else if (block.frames.length <= 1 && block.header !== undefined) {
    block.header += `\n${line.trim()}`;
  }
}

function toException({ header = '', frames }: Block): ExceptionValue {
  const [first = '', ...rest] = header.trim().split('\n');
  const named = TYPE_AT_END.exec(first) ?? /^()([A-Z][\w:]{0,200})(?:: |$)/.exec(first);
  const value = named?.[1] !== '' && named ? named[1] : first.slice(named?.[0].length ?? 0);
  const whole = [value, ...rest].join('\n').trim();
  return { type: named?.[2], value: whole || undefined, frames: [...frames].reverse() };
}

function readFrame(match: RegExpExecArray): Frame {
  // Code from a string is taken for the line that ran it, as a line of the string says nothing.
  const [, path = match[2] ?? '', line = match[3]] = EVALUATED.exec(match[2] ?? '') ?? [];
  const { module, name } = readMethod(match[4] ?? '');
  return { module, function: name, filename: path, absPath: path, lineno: Number(line), inApp: isInApp(path) };
}

/** Since Ruby 3.4 a label carries its class, `Cart#add`; a class name is a module for us. */
function readMethod(label: string): { module?: string; name: string } {
  const match = /^((?:block (?:\(\d+ levels\) )?in |rescue in |ensure in )*)([A-Z][\w:]{0,200})[#.](.{1,200})$/.exec(
    label,
  );
  return match ? { module: match[2], name: `${match[1] ?? ''}${match[3] ?? ''}` } : { name: label };
}

function isInApp(path: string): boolean {
  return !containsAny(path, ['/gems/', '/rubygems/', '/lib/ruby/', '<internal:', 'vendor/bundle', '/.bundle/']);
}

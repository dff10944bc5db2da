import { type ExceptionValue, type Frame } from '../event.js';
import { containsAny, splitTypeAndValue } from './stack-lines.js';

/** A path may have brackets of its own, so it ends at the first `(30): `. */
const CALL = /^#\d{1,5} (?:(\[internal function\]): |(.{1,600}?)\((\d{1,9})\): |([^()]{1,600}): )?(.{1,900})$/;
const EVALUATED = /^(.{1,600}?)\((\d{1,9})\) : (?:eval\(\)'d code|runtime-created function)/;
/** Name of a closure in PHP 8.4, `{closure:Acme\Pay::run():12}`, in another one `{closure:{closure:…:12}:14}`. */
const CLOSURE = /^(?:\{closure:)+(.{1,600}?):\d{1,9}\}/;

/** Longest path of the place that a message ends with, UTF-16 units. */
const MAX_PATH = 600;

/** Longest message searched for its place, UTF-16 units. */
const MAX_HEADER = 8192;

interface Place {
  readonly path?: string;
  readonly line?: number;
}

interface Block {
  header: string[];
  readonly calls: (Place & { readonly call: string })[];
}

/** `#0 /app/x.php(10): App\Cart->add('1')`. */
export function looksLikePhp(line: string): boolean {
  return line.startsWith('#') && /^#\d{1,5} (?:\{main\}|\[internal function\]: |.{1,600}?\(\d{1,9}\): )/.test(line);
}

/** PHP's exception text: the innermost first, each outer one after `Next`. */
export function parsePhpStack(lines: readonly string[]): ExceptionValue[] {
  const blocks: Block[] = [{ header: [], calls: [] }];
  for (const line of lines) {
    const call = CALL.exec(line);
    const block = blocks.at(-1)!;
    if (line.startsWith('Next ')) blocks.push({ header: [line.slice(5)], calls: [] });
    else if (call) block.calls.push({ ...placeOf(call[1] ?? call[2] ?? call[4], call[3]), call: call[5] ?? '' });
    else if (block.calls.length === 0 && line.trim() !== 'Stack trace:') block.header.push(line);
  }
  return blocks.map(toException);
}

function toException({ header, calls }: Block): ExceptionValue {
  const whole = header
    .join('\n')
    .slice(0, MAX_HEADER)
    .trim()
    .replace(/^(?:PHP )?Fatal error: {1,2}/, '')
    .replace(/^Uncaught /, '');
  const { message, site } = splitSite(whole);
  return { ...splitTypeAndValue(message), frames: toFrames(site, calls) };
}

/** `no answer in /srv/x.php:14` taken apart at the last ` in `, as messages have that word too. */
function splitSite(header: string): { message: string; site?: Place } {
  const line = /:(\d{1,9})$/.exec(header.slice(-10));
  const end = header.length - (line?.[0].length ?? 0);
  const start = line ? header.lastIndexOf(' in ', end - 5) : -1;
  const path = header.slice(start + 4, end);
  if (start < 0 || path.length > MAX_PATH || /^\s|\n/.test(path)) return { message: header };
  return { message: header.slice(0, start), site: placeOf(path, line?.[1]) };
}

/** Code from a string is taken for the line that ran it, as a line of the string says nothing. */
function placeOf(path: string | undefined, line: string | undefined): Place {
  const evaluated = path?.includes(') : ') ? EVALUATED.exec(path) : null;
  const [, file = path, number = line] = evaluated ?? [];
  return { path: file, line: number ? Number(number) : undefined };
}

/** PHP prints where a function was called; a frame is where a function stands, so each call names the place above it. */
function toFrames(site: Place | undefined, calls: Block['calls']): Frame[] {
  const frames: Frame[] = [];
  let place: Place | undefined = site;
  for (const call of calls) {
    if (place) frames.push(readFrame(place, call.call));
    place = call;
  }
  if (place && place !== site && calls.at(-1)?.call !== '{main}') frames.push(readFrame(place, '{main}'));
  return frames.reverse();
}

function readFrame({ path, line }: Place, call: string): Frame {
  const file = path === '[internal function]' ? undefined : path;
  return {
    ...readMethod(call),
    filename: file,
    absPath: file,
    lineno: line,
    inApp: file !== undefined && !containsAny(file, ['/vendor/', '\\vendor\\']) && !file.startsWith('phar:'),
  };
}

function readMethod(call: string): { module?: string; function: string } {
  const name = call.replace(/\(.*$/s, '');
  const start = name.indexOf('{closure:');
  const owner = start >= 0 ? CLOSURE.exec(call.slice(start))?.[1] : undefined;
  if (owner !== undefined)
    return { module: name.slice(0, start).replace(/->$|::$/, '') || undefined, function: closureOf(owner) };
  const [, module, method] = /^(.*?)(?:->|::)([^:>]*)$/.exec(name) ?? [];
  return { module, function: method ?? name };
}

/** A closure by the method it is written in, without its line, which every edit above it changes; in a file's own code without any. */
function closureOf(owner: string): string {
  return owner.endsWith('()') ? `${owner.slice(owner.lastIndexOf(':') + 1, -2)} { closure }` : '{closure}';
}

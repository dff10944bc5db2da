import { type ExceptionValue, type Frame } from '../event.js';
import { splitTypeAndValue } from './stack-lines.js';

const CALL =
  /^#\d{1,5} (?:(\[internal function\]|.{1,600}?)(?:\((\d{1,9})\)(?: : eval\(\)'d code(?:\(\d{1,9}\))?)?)?: )?(.{1,900})$/;
const LOOKS =
  /^#\d{1,5} (?:\{main\}|\[internal function\]: |.{1,600}?\(\d{1,9}\)(?: : eval\(\)'d code(?:\(\d{1,9}\))?)?: )/;
/** The last " in ", since messages have the word, too. */
const HEADER_END = /^(.*) in (\S[^\n]{0,600}):(\d{1,9})$/s;
/** Since PHP 8.4 a closure is named after where it stands: `{closure:Acme\Pay::run():12}`. */
const CLOSURE = /\{closure:.{1,300}?:\d{1,9}\}/;

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
  return line.startsWith('#') && LOOKS.test(line);
}

/** PHP's exception text: the innermost first, each outer one after `Next`. */
export function parsePhpStack(lines: readonly string[]): ExceptionValue[] {
  const blocks: Block[] = [{ header: [], calls: [] }];
  for (const line of lines) {
    const call = CALL.exec(line);
    const block = blocks.at(-1)!;
    if (line.startsWith('Next ')) blocks.push({ header: [line.slice(5)], calls: [] });
    else if (call)
      block.calls.push({ path: call[1], line: call[2] ? Number(call[2]) : undefined, call: call[3] ?? '' });
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
  const end = HEADER_END.exec(whole);
  const { type, value } = splitTypeAndValue(end?.[1] ?? whole);
  const site: Place | undefined = end ? { path: end[2], line: Number(end[3]) } : undefined;
  return { type, value, frames: toFrames(site, calls) };
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
  const name = call.replace(CLOSURE, '{closure}').replace(/\(.*$/s, '');
  const [, module, method] = /^(.*?)(?:->|::)([^:>]*)$/.exec(name) ?? [];
  return {
    module,
    function: method ?? name,
    filename: file,
    absPath: file,
    lineno: line,
    inApp: file !== undefined && !file.includes('/vendor/') && !file.startsWith('phar:'),
  };
}

import { type Fault, type ReadEvent, type Reading, type UnreadableBody } from '../protocol.js';
import { parseJson } from '../reading/parse-json.js';
import { type Json } from '../reading/read-values.js';
import { readNativeEvent } from './native-event.js';

/** Most events of one request. A request with more is refused whole: small as it is on the wire, it may hold millions. */
export const MAX_NATIVE_EVENTS = 10_000;
/** Events read in one step, and bytes of theirs. */
export const EVENTS_IN_A_STEP = 64;
const BYTES_IN_A_STEP = 64 * 1024;

const NEWLINE = 0x0a;
const OPEN_LIST = 0x5b;
/** Space, tab and carriage return, which may stand before a value. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d]);

const EMPTY = 'the body is empty; send a JSON object, an array of them, or one per line';
const TOO_MANY = {
  ok: false,
  outcome: 'too_large',
  reason: `more than ${MAX_NATIVE_EVENTS} events in one request; send it in parts`,
} as const;

/** A value of the body with its member or line, from 1, or why it is none. */
type Member =
  { readonly position: number; readonly value: unknown; readonly text?: Buffer } | Pick<Fault, 'position' | 'reason'>;

/** A line that is not blank, with its number. */
interface Line {
  readonly position: number;
  readonly text: Buffer;
}

/**
 * Reads the body of `POST /v1/events`: one JSON object, a JSON array of them, or NDJSON, told apart by the text itself.
 * A broken line or member spoils none of the others. `receivedAt` is epoch milliseconds. Never throws.
 */
export function* readNativeBody(body: Buffer, receivedAt: number): Reading {
  const members = membersOf(body);
  if ('ok' in members) return members;
  const events: ReadEvent[] = [];
  const faults: Fault[] = [];
  let [count, bytes] = [0, 0];
  for (const member of members) {
    const text = 'value' in member ? member.text : undefined;
    if (count === EVENTS_IN_A_STEP || bytes > BYTES_IN_A_STEP) {
      yield;
      [count, bytes] = [0, 0];
    }
    count++;
    bytes += text?.length ?? 0;
    const { position } = member;
    const read = 'value' in member ? readNativeEvent(member.value, receivedAt) : { ok: false as const, ...member };
    if (!read.ok) faults.push({ position, reason: read.reason, count: 1 });
    else if ('value' in member) events.push({ event: read.event, position, payload: member.value as Json, text });
  }
  return { ok: true, events, unused: 0, ignored: 0, faults };
}

/** The values of a body that is one JSON value, an array, or NDJSON; those of lines are parsed one by one as they are asked for. */
export function membersOf(body: Buffer): Iterable<Member> | UnreadableBody {
  const lines = linesOf(body);
  const [first, second] = lines;
  if (!first) return { ok: false, outcome: 'malformed', reason: EMPTY };
  const whole = parseJson(body);
  if (whole.ok) return membersOfWhole(whole.value, whole.bytes);
  if (first.text[0] === OPEN_LIST || !second) return { ...whole, reason: `the body is ${whole.reason}` };
  return lines.length > MAX_NATIVE_EVENTS ? TOO_MANY : parsedLines(lines);
}

function membersOfWhole(value: unknown, text: Buffer): Iterable<Member> | UnreadableBody {
  if (!Array.isArray(value)) return [{ position: 1, value, text }];
  const values: readonly unknown[] = value;
  if (values.length === 0) return { ok: false, outcome: 'malformed', reason: EMPTY };
  return values.length > MAX_NATIVE_EVENTS ? TOO_MANY : values.map((one, at) => ({ position: at + 1, value: one }));
}

function* parsedLines(lines: readonly Line[]): Generator<Member, void> {
  for (const { position, text } of lines) {
    const parsed = parseJson(text);
    yield parsed.ok ? { position, value: parsed.value, text } : { position, reason: `the line is ${parsed.reason}` };
  }
}

/** The lines that are not blank; at most one more than may come. */
function linesOf(body: Buffer): Line[] {
  const lines: Line[] = [];
  for (let from = 0, position = 1; from < body.length && lines.length <= MAX_NATIVE_EVENTS; position++) {
    const mark = body.indexOf(NEWLINE, from);
    const end = mark < 0 ? body.length : mark;
    let start = from;
    while (start < end && BLANKS.has(body[start]!)) start++;
    if (start < end) lines.push({ position, text: body.subarray(start, end) });
    from = end + 1;
  }
  return lines;
}

import { type Fault, type ReadEvent, type Reading, type UnreadableBody } from '../protocol.js';
import { type Json } from '../reading/read-values.js';
import { readNativeEvent } from './native-event.js';

/** Most events of one request. A request with more is refused whole: small as it is on the wire, it may hold millions. */
export const MAX_NATIVE_EVENTS = 10_000;
/** Events read in one step. */
export const EVENTS_IN_A_STEP = 64;

const EMPTY = 'the body is empty; send a JSON object, an array of them, or one per line';
const TOO_MANY = {
  ok: false,
  outcome: 'too_large',
  reason: `more than ${MAX_NATIVE_EVENTS} events in one request; send it in parts`,
} as const;

/** A value of the body with its member or line, from 1, or why it is none. */
type Member = { readonly position: number; readonly value: unknown } | Pick<Fault, 'position' | 'reason'>;

/**
 * Reads the body of `POST /v1/events`: one JSON object, a JSON array of them, or NDJSON, told apart by the text itself.
 * A broken line or member spoils none of the others. `receivedAt` is epoch milliseconds. Never throws.
 */
export function* readNativeBody(body: Buffer, receivedAt: number): Reading {
  const members = membersOf(body.toString('utf8'));
  if ('ok' in members) return members;
  const events: ReadEvent[] = [];
  const faults: Fault[] = [];
  let step = 0;
  for (const member of members) {
    if (step++ === EVENTS_IN_A_STEP) {
      yield;
      step = 1;
    }
    const { position } = member;
    const read = 'value' in member ? readNativeEvent(member.value, receivedAt) : { ok: false as const, ...member };
    if (!read.ok) faults.push({ position, reason: read.reason, count: 1 });
    else if ('value' in member) events.push({ event: read.event, position, payload: member.value as Json });
  }
  return { ok: true, events, unused: 0, ignored: 0, faults };
}

/** The values of a body that is one JSON value, an array, or NDJSON; those of lines are parsed one by one as they are asked for. */
export function membersOf(text: string): Iterable<Member> | UnreadableBody {
  if (text.trim() === '') return malformed(EMPTY);
  const whole = parse(text);
  if (whole.ok) {
    const values: readonly unknown[] = Array.isArray(whole.value) ? (whole.value as unknown[]) : [whole.value];
    if (values.length === 0) return malformed(EMPTY);
    if (values.length > MAX_NATIVE_EVENTS) return TOO_MANY;
    return values.map((value, at) => ({ position: at + 1, value }));
  }
  if (text.trimStart().startsWith('[')) return malformed(`the body is ${whole.reason}`);
  const lines = linesOf(text);
  if (lines.length > MAX_NATIVE_EVENTS) return TOO_MANY;
  if (lines.length === 1) return malformed(`the body is ${whole.reason}`);
  return parsedLines(lines);
}

function* parsedLines(lines: readonly { position: number; json: string }[]): Generator<Member, void> {
  for (const { position, json } of lines) {
    const parsed = parse(json);
    yield parsed.ok ? { position, value: parsed.value } : { position, reason: `the line is ${parsed.reason}` };
  }
}

function malformed(reason: string): UnreadableBody {
  return { ok: false, outcome: 'malformed', reason };
}

/** The lines that are not blank, with their numbers; at most one more than may come. */
function linesOf(text: string): { position: number; json: string }[] {
  const lines: { position: number; json: string }[] = [];
  for (let from = 0, position = 1; from < text.length && lines.length <= MAX_NATIVE_EVENTS; position++) {
    const mark = text.indexOf('\n', from);
    const end = mark < 0 ? text.length : mark;
    const json = text.slice(from, end).trim();
    if (json !== '') lines.push({ position, json });
    from = end + 1;
  }
  return lines;
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, reason: error instanceof SyntaxError ? 'not valid JSON' : 'JSON too large or nested too deep' };
  }
}

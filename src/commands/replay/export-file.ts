import { readAtOnce } from '../../events/protocol.js';
import { type ReadRecord, readRecord, SENTRY } from './exported-events.js';

/** A record with its place in the file, such as `:12` for line 12. */
export interface PlacedRecord {
  readonly place: string;
  readonly record: ReadRecord;
}

const NEWLINE = 10;
/** Types of the items of an envelope that tell it from lines of events, whose `type` is that of an exception. */
const ITEM_TYPES: ReadonlySet<unknown> = new Set([
  ...['event', 'transaction', 'session', 'sessions', 'client_report', 'user_report', 'feedback', 'attachment', 'log'],
  ...['check_in', 'profile', 'profile_chunk', 'replay_event', 'replay_recording', 'span', 'metric_buckets', 'statsd'],
]);

/**
 * The records of a file: a JSON array of events, one event or several, each on a line of its own, or envelopes as SDKs send them, one after the
 * other. A record that cannot be read spoils none of the others. Never throws.
 * @param now epoch milliseconds
 */
export function* recordsOf(body: Buffer, now: number): Generator<PlacedRecord, void> {
  const start = body.findIndex((byte) => byte > 32);
  if (start < 0) return;
  if (body[start] === 0x5b) yield* ofArray(body, now);
  else if (isEnvelope(body, start)) yield* ofEnvelopes(body, start, now);
  else yield* ofLines(body, now);
}

function* ofArray(body: Buffer, now: number): Generator<PlacedRecord, void> {
  const whole = parse(body);
  if (!Array.isArray(whole)) {
    yield { place: '', record: { kind: 'bad', reason: 'begins as a JSON array and is none' } };
    return;
  }
  for (const [at, one] of (whole as unknown[]).entries())
    yield { place: `, event ${at + 1}`, record: readRecord(one, now) };
}

/** A single object may be written over several lines. */
function* ofLines(body: Buffer, now: number): Generator<PlacedRecord, void> {
  const first = parse(lineAt(body, 0));
  if (first === undefined && body.length < 16 * 1024 * 1024) {
    const whole = parse(body);
    if (whole !== undefined) {
      yield { place: '', record: readRecord(whole, now) };
      return;
    }
  }
  for (let from = 0, number = 1; from < body.length; number++) {
    const line = lineAt(body, from);
    from += line.length + 1;
    if (line.every((byte) => byte <= 32)) continue;
    const value = parse(line);
    const record: ReadRecord = value === undefined ? { kind: 'bad', reason: 'is no JSON' } : readRecord(value, now);
    yield { place: `:${number}`, record };
  }
}

function isEnvelope(body: Buffer, start: number): boolean {
  const header = lineAt(body, start);
  const item = parse(lineAt(body, start + header.length + 1));
  const head = parse(header);
  return isObject(head) && !('type' in head) && isObject(item) && ITEM_TYPES.has(item['type']);
}

/** Envelopes one after the other: each begins with a line that is no header of an item. */
function* ofEnvelopes(body: Buffer, start: number, now: number): Generator<PlacedRecord, void> {
  let line = 1 + countLines(body, 0, start);
  for (let from = start; from < body.length;) {
    const end = envelopeEnd(body, from);
    yield* ofEnvelope(body.subarray(from, end), `:${line}`, now);
    line += countLines(body, from, end);
    from = end;
    while (from < body.length && body[from] === NEWLINE) {
      from++;
      line++;
    }
  }
}

function* ofEnvelope(body: Buffer, place: string, now: number): Generator<PlacedRecord, void> {
  const read = readAtOnce(SENTRY.read({ operation: 'envelope', contentType: undefined, receivedAt: now, body }));
  if (!read.ok) {
    yield { place, record: { kind: 'bad', reason: read.reason } };
    return;
  }
  for (const { payload, event } of read.events) {
    const id = event.eventId === '' ? {} : { event_id: event.eventId };
    yield { place, record: readRecord({ ...id, ...payload }, now, 'envelope') };
  }
  for (const { reason } of read.faults) yield { place, record: { kind: 'bad', reason } };
  if (read.events.length === 0 && read.faults.length === 0) yield { place, record: { kind: 'other' } };
}

/** Where the next envelope begins, or the end of the body. */
function envelopeEnd(body: Buffer, start: number): number {
  let at = start + lineAt(body, start).length + 1;
  while (at < body.length) {
    const line = lineAt(body, at);
    if (line.length === 0) {
      at++;
      continue;
    }
    const header = parse(line);
    if (!isObject(header) || typeof header['type'] !== 'string') return isObject(header) ? at : body.length;
    at += line.length + 1;
    const { length } = header;
    at += typeof length === 'number' && length >= 0 ? Math.trunc(length) : lineAt(body, at).length;
    if (body[at] === NEWLINE) at++;
  }
  return body.length;
}

function countLines(body: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = body.indexOf(NEWLINE, from); at >= 0 && at < to; at = body.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/** The line that begins here, without its end. */
function lineAt(body: Buffer, from: number): Buffer {
  const end = body.indexOf(NEWLINE, from);
  return body.subarray(from, end < 0 ? body.length : end);
}

/** The JSON value of a text; undefined where it is none. */
function parse(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8')) as unknown;
  } catch {
    return undefined; // what cannot be parsed is named by whoever asked
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

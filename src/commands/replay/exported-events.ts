import { type Protocol, readAtOnce } from '../../events/protocol.js';
import { PROTOCOLS } from '../../events/protocols.js';

type Json = Record<string, unknown>;

/** An error report with the moment at which it happened. */
export interface DatedEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly protocol: Protocol;
  /** Body from which `protocol` reads it: JSON of one object. */
  readonly text: Buffer;
}

/** One record of an export: an event, something that reports no error, or why it cannot be used. */
export type ReadRecord =
  | { readonly kind: 'event'; readonly event: DatedEvent }
  | { readonly kind: 'other' }
  | { readonly kind: 'bad'; readonly reason: string };

/** Earliest and latest moment that is believed: before it there were no such exports, after it a clock was wrong. */
const EARLIEST = Date.parse('2010-01-01T00:00:00Z');
const LATEST_AHEAD_MS = 86_400_000;
/** As seconds this is the year 5138, so a larger number must be milliseconds. */
const SECONDS_LIMIT = 1e11;
/** Largest record that is used, bytes, as Sentry's own limit for an event. */
const MOST_BYTES = 1024 * 1024;
const TIME_KEYS = ['timestamp', 'dateCreated', 'datetime', 'received', 'dateReceived'];
/** Keys that stand in Sentry's events and not in ours. */
const SENTRY_KEYS = ['event_id', 'eventID', 'logentry', 'entries', 'sdk', 'contexts', 'breadcrumbs', 'dateCreated'];
/** Parts of Sentry's events that neither decide to which fault they belong nor whom they hit, and are most of their size. */
const HEAVY = ['breadcrumbs', 'debug_meta', 'modules', 'extra', 'spans', '_meta', '_metrics'];
/** Kinds of records that come along in exports and report no error. */
const OTHER_TYPES: ReadonlySet<unknown> = new Set(['transaction', 'profile', 'replay_event', 'check_in', 'csp']);

const NATIVE = protocolNamed('Native');

/** Events of Sentry's SDKs and exports. */
export const SENTRY = protocolNamed('Sentry');

function protocolNamed(name: string): Protocol {
  const found = PROTOCOLS.find((one) => one.name === name);
  if (!found) throw new Error(`there is no protocol ${name}`);
  return found;
}

/**
 * Reads one record: an event as an SDK sends it, as Sentry's API exports it, or in Forewarn's own format. Never throws.
 * @param now epoch milliseconds
 * @param from what is known of where it comes from; otherwise its keys tell
 */
export function readRecord(value: unknown, now: number, from?: 'envelope'): ReadRecord {
  if (!isObject(value)) return { kind: 'bad', reason: 'is no JSON object' };
  const isSentry = from === 'envelope' || isSentrys(value);
  if (isSentry && OTHER_TYPES.has(value['type'])) return { kind: 'other' };
  const at = timeOf(value);
  if (at === undefined) return { kind: 'bad', reason: 'has no time of its own (timestamp)' };
  if (at < EARLIEST || at > now + LATEST_AHEAD_MS)
    return { kind: 'bad', reason: `its time is ${whenText(at)}, which cannot be` };
  return isSentry ? readSentrys(value, at) : readOwn(value, at);
}

/** When a record says that it happened, epoch milliseconds; undefined when it does not say. */
function timeOf(record: Json): number | undefined {
  for (const key of TIME_KEYS) {
    const value = record[key];
    if (typeof value === 'number' && Number.isFinite(value))
      return Math.trunc(value > SECONDS_LIMIT ? value : value * 1000);
    if (typeof value !== 'string' || value.length > 64) continue;
    const time = Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(value) ? value : `${value}Z`);
    if (!Number.isNaN(time)) return time;
  }
  return undefined;
}

function whenText(at: number): string {
  return Math.abs(at) < 8.64e15 ? new Date(at).toISOString() : 'no date';
}

function isSentrys(record: Json): boolean {
  const { exception, user } = record;
  const hasValues = Array.isArray(exception) || (isObject(exception) && 'values' in exception);
  return hasValues || isObject(user) || SENTRY_KEYS.some((key) => key in record);
}

function readSentrys(record: Json, at: number): ReadRecord {
  const payload = slim(Array.isArray(record['entries']) ? ofApi(record) : record);
  const read = SENTRY.readPayload(payload, at);
  if (!read || (read.message === undefined && read.exceptions.length === 0 && !read.stack))
    return { kind: 'bad', reason: 'holds neither a message nor an exception' };
  return dated(SENTRY, payload, at);
}

function readOwn(record: Json, at: number): ReadRecord {
  const body = Buffer.from(JSON.stringify(record));
  const read = readAtOnce(NATIVE.read({ operation: 'events', contentType: undefined, receivedAt: at, body }));
  const reason = read.ok ? read.faults[0]?.reason : read.reason;
  return reason === undefined ? dated(NATIVE, record, at) : { kind: 'bad', reason };
}

function dated(protocol: Protocol, payload: Json, at: number): ReadRecord {
  const text = Buffer.from(JSON.stringify(payload));
  if (text.length > MOST_BYTES) return { kind: 'bad', reason: 'is larger than 1 MB' };
  return { kind: 'event', event: { at, protocol, text } };
}

function slim(payload: Json): Json {
  return Object.fromEntries(Object.entries(payload).filter(([key]) => !HEAVY.includes(key)));
}

/** An event as Sentry's API shows it (`GET /api/0/projects/…/events/?full=true`), in the shape in which SDKs send it. */
function ofApi(record: Json): Json {
  const tags = Object.fromEntries(
    listIn(record['tags']).map((tag) => [String(mapIn(tag)['key']), mapIn(tag)['value']]),
  );
  const entries = listIn(record['entries']).map(mapIn);
  const data = (type: string) => mapIn(entries.find((one) => one['type'] === type)?.['data']);
  const message = data('message');
  const values = (type: string) => ({ values: listIn(data(type)['values']).map((one) => ofApiException(mapIn(one))) });
  return {
    event_id: record['eventID'] ?? record['id'],
    timestamp: record['dateCreated'] ?? record['dateReceived'],
    platform: record['platform'],
    level: tags['level'],
    logger: tags['logger'],
    transaction: tags['transaction'],
    release: mapIn(record['release'])['version'] ?? tags['release'],
    environment: tags['environment'],
    user: record['user'],
    contexts: record['contexts'],
    tags,
    ...(Object.keys(message).length > 0 && { logentry: message }),
    ...(Object.keys(message).length === 0 && !('values' in data('exception')) && { message: record['message'] }),
    exception: values('exception'),
    threads: values('threads'),
  };
}

function ofApiException(one: Json): Json {
  const { stacktrace, ...rest } = one;
  const frames = listIn(mapIn(stacktrace)['frames']).map((frame) => ofApiFrame(mapIn(frame)));
  return { ...rest, stacktrace: { frames } };
}

function ofApiFrame(frame: Json): Json {
  const { absPath, lineNo, colNo, inApp, context, filename, module, function: name, package: of } = frame;
  const line = listIn(context).find((pair) => Array.isArray(pair) && pair[0] === lineNo);
  const text: unknown = Array.isArray(line) ? line[1] : undefined;
  return {
    ...{ filename, module, function: name, package: of },
    ...{ abs_path: absPath, lineno: lineNo, colno: colNo, in_app: inApp, context_line: text },
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapIn(value: unknown): Json {
  return isObject(value) ? value : {};
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

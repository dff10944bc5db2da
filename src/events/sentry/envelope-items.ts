import { identitiesOfUser } from '../../customers/identity.js';
import { traitsOf } from '../event-traits.js';
import { type Fault, type ReadEvent, type Remainder } from '../protocol.js';
import { parseJsonObject } from '../reading/parse-json.js';
import { type Json } from '../reading/read-values.js';
import { type ClientReport, type Feedback, type SeenSpan, type SessionCount } from '../telemetry.js';
import { readClientReport } from './client-report.js';
import { type Envelope, type EnvelopeItem } from './envelope.js';
import { readFeedback, readUserReport } from './feedback.js';
import { inModernNames } from './old-names.js';
import { readSentryEvent, readUser } from './sentry-event.js';
import { readLogRecords } from './sentry-log.js';
import { readSeenSpans } from './sentry-span.js';
import { readSession, readSessionAggregates } from './sessions.js';

/** Bytes of items that are read in one step. */
const A_STEP_BYTES = 64 * 1024;

/** The items of an envelope, sorted. Each item is one entry of one list, or counted; a log item is one entry for each of its records. */
export interface EnvelopeItems extends Remainder {
  readonly events: readonly ReadEvent[];
}

/** The same while it grows. */
interface Growing {
  readonly header: Json;
  readonly receivedAt: number;
  readonly events: ReadEvent[];
  readonly logged: ReadEvent[];
  readonly sessions: (readonly SessionCount[])[];
  readonly clientReports: ClientReport[];
  readonly feedback: Feedback[];
  readonly spans: SeenSpan[];
  readonly faults: Fault[];
  unused: number;
  ignored: number;
  /** Records of errors beyond those that are taken. */
  refused: number;
}

const USED = new Set(['event', 'session', 'sessions', 'client_report', 'log', 'feedback', 'user_report']);
/** Largest transaction, or item of spans, that is read for its user, bytes; SDKs send a thousand spans at most, of some hundred bytes each. */
const MAX_TRANSACTION = 256 * 1024;
const USER = Buffer.from('"user"');
const USER_KEYS = ['"user.id"', '"user.email"', '"user.name"'].map((key) => Buffer.from(key));

/** Reads the items of an envelope in steps; `receivedAt` is epoch milliseconds. Never throws. */
export function* readEnvelopeItems(
  { header, items }: Envelope,
  receivedAt: number,
): Generator<void, EnvelopeItems, void> {
  const lists = { events: [], logged: [], sessions: [], clientReports: [], feedback: [], spans: [], faults: [] };
  const into: Growing = { header, receivedAt, ...lists, unused: 0, ignored: 0, refused: 0 };
  let step = 0;
  for (const [at, item] of items.entries()) {
    if (step > 0 && step + item.payload.length > A_STEP_BYTES) {
      yield;
      step = 0;
    }
    step += item.payload.length;
    if (USED.has(item.type)) yield* readItem(item, at + 1, into);
    else if (!addSeen(item, into)) into.unused++;
  }
  return finish(into);
}

function finish({ header, events, logged, refused, ...rest }: Growing): EnvelopeItems {
  const { sessions, clientReports, feedback, spans, unused, ignored, faults } = rest;
  if (refused > 0) {
    const reason = `${refused} records of item "log" are too many; send them in parts`;
    faults.push({ position: 0, reason, count: refused });
  }
  const any = sessions.length + clientReports.length + feedback.length + spans.length > 0;
  return {
    dsn: header.dsn,
    events: logged.length === 0 ? events : [...events, ...logged],
    telemetry: any ? { sessions, clientReports, feedback, ...(spans.length > 0 && { spans }) } : undefined,
    unused,
    ignored,
    faults,
  };
}

/** Reads what else may name a user; false where it does not. */
function addSeen({ type, payload }: EnvelopeItem, into: Growing): boolean {
  if (type === 'transaction') return addTransaction(payload, into);
  return type === 'span' && addSpans(payload, into);
}

function addSpans(payload: Buffer, { receivedAt, spans }: Growing): boolean {
  if (payload.length > MAX_TRANSACTION || !USER_KEYS.some((key) => payload.includes(key))) return false;
  const parsed = parseJsonObject(payload);
  const seen = parsed.ok ? readSeenSpans(parsed.value, receivedAt) : [];
  spans.push(...seen);
  return seen.length > 0;
}

/** Adds whom a transaction names and what they use; false where it names nobody, which a look at its bytes tells for most. */
function addTransaction(payload: Buffer, { receivedAt, spans }: Growing): boolean {
  if (payload.length > MAX_TRANSACTION || !payload.includes(USER)) return false;
  const parsed = parseJsonObject(payload);
  if (!parsed.ok) return false;
  const event = readSentryEvent(parsed.value, receivedAt);
  if (!event.user || identitiesOfUser(event.user).length === 0) return false;
  const { user, traceId = '', occurredAt: at } = event;
  spans.push({ user, traceId, at, traits: traitsOf(event), counts: true });
  return true;
}

function* readItem({ type, payload }: EnvelopeItem, position: number, into: Growing): Generator<void, void, void> {
  const parsed = parseJsonObject(payload);
  if (!parsed.ok) {
    spoil(into, position, type, parsed.reason);
    return;
  }
  const { value: raw } = parsed;
  switch (type) {
    case 'event':
      into.events.push(readSentEvent(parsed.bytes, raw, position, into.receivedAt, headerId(into)));
      break;
    case 'session':
      addSessions(readSession(raw, into.receivedAt), position, type, into);
      break;
    case 'sessions':
      addSessions(readSessionAggregates(raw, into.receivedAt), position, type, into);
      break;
    case 'client_report':
      addReport(readClientReport(raw, into.receivedAt), position, type, into);
      break;
    case 'log':
      yield* addLogs(raw, position, into);
      break;
    default:
      addFeedback(raw, position, type, into);
  }
}

/**
 * Reads an event of which the text is `text`. A payload with names of old clients has no text of its own, since what is kept of it goes
 * by the names of today.
 */
export function readSentEvent(
  text: Buffer,
  parsed: Json,
  position: number,
  receivedAt: number,
  headerId?: string,
): ReadEvent {
  const payload = inModernNames(parsed);
  const event = readSentryEvent(payload, receivedAt, headerId);
  return payload === parsed ? { event, position, payload, text } : { event, position, payload };
}

function addSessions(
  counts: readonly SessionCount[] | SessionCount | undefined,
  position: number,
  type: string,
  into: Growing,
): void {
  if (counts === undefined) spoil(into, position, type, 'it counts no session');
  else into.sessions.push('environment' in counts ? [counts] : counts);
}

function addReport(report: ClientReport | undefined, position: number, type: string, into: Growing): void {
  if (report) into.clientReports.push(report);
  else spoil(into, position, type, 'it counts nothing that was dropped');
}

function* addLogs(raw: Json, position: number, into: Growing): Generator<void, void, void> {
  const { events, ignored, refused } = yield* readLogRecords(raw, into.receivedAt);
  for (const { event, payload } of events) into.logged.push({ event, payload, position });
  into.ignored += ignored;
  into.refused += refused;
}

function addFeedback(raw: Json, position: number, type: string, into: Growing): void {
  const words =
    type === 'feedback'
      ? readFeedback(raw, into.receivedAt, readUser(raw.user), headerId(into))
      : readUserReport(raw, into.receivedAt);
  if (words) into.feedback.push(words);
  else spoil(into, position, type, 'it holds no text from the customer');
}

function spoil({ faults }: Growing, position: number, type: string, reason: string): void {
  faults.push({ position, reason: `item "${type}": ${reason}`, count: 1 });
}

/** The id of the envelope's header belongs to its first event or feedback only, or several would become one. */
function headerId({ header, events, feedback }: Growing): string | undefined {
  const isFirst = events.length === 0 && feedback.every((words) => words.eventId === '');
  return isFirst && typeof header.event_id === 'string' ? header.event_id : undefined;
}

import { type ClientReport, readClientReport } from './client-report.js';
import { type Envelope, type EnvelopeItem } from './envelope.js';
import { type Feedback, readFeedback, readUserReport } from './feedback.js';
import { parseJsonObject } from '../reading/parse-json.js';
import { type Json } from '../reading/read-values.js';
import { type LogItem, readLogItem } from './sentry-log.js';
import { readSession, readSessionAggregates, type SessionCount } from './sessions.js';
import { type AppEvent } from '../event.js';
import { inModernNames, readSentryEvent, readUser } from './sentry-event.js';

/** An event, what was sent (old names replaced by today's), and how to read both again from its text. */
export interface SentRead {
  readonly event: AppEvent;
  readonly raw: Json;
  readonly reread: () => SentRead;
}

/**
 * Reads an event.
 * @param text of it, kept to read it again: one text costs the garbage collector less than what was made of it
 * @param parsed the text, parsed
 * @param headerId id of the envelope header
 */
export function readSentEvent(text: string, parsed: Json, receivedAt: number, headerId?: string): SentRead {
  const raw = inModernNames(parsed);
  const reread = () => readSentEvent(text, JSON.parse(text) as Json, receivedAt, headerId);
  return { event: readSentryEvent(raw, receivedAt, headerId), raw, reread };
}

/** What an envelope holds for us. Every item of the envelope is exactly one entry of exactly one list. */
export interface EnvelopeContent {
  readonly events: SentRead[];
  /** A `session` has one count, `sessions` one per aggregate. */
  readonly sessions: { readonly counts: readonly SessionCount[] }[];
  readonly clientReports: ClientReport[];
  readonly feedback: Feedback[];
  readonly logs: LogItem[];
  /** What we acknowledge and do not use, with its rate limit category. */
  readonly discarded: { readonly type: string; readonly category: string }[];
  /** What should be used but cannot be read. */
  readonly invalid: { readonly type: string; readonly reason: string }[];
}

/** Rate limit category of each item type that we do not use (develop.sentry.dev, "Rate Limiting"). */
const CATEGORIES: Readonly<Record<string, string>> = {
  transaction: 'transaction',
  span: 'span',
  profile: 'profile',
  profile_chunk: 'profile_chunk',
  replay_event: 'replay',
  replay_recording: 'replay',
  replay_video: 'replay',
  attachment: 'attachment',
  check_in: 'monitor',
  statsd: 'metric_bucket',
  metric_meta: 'metric_bucket',
  metric_buckets: 'metric_bucket',
  trace_metric: 'trace_metric',
  otel_log: 'log_item',
  raw_security: 'security',
  security: 'security',
  nel: 'security',
};

/**
 * Categories that SDKs may be told to stop sending, since nothing in them is used. Never `default`, which an SDK takes for
 * messages, nor `log_item`, of which we use a part.
 */
export const UNUSED_CATEGORIES: readonly string[] = [
  'transaction',
  'span',
  'profile',
  'profile_chunk',
  'replay',
  'attachment',
  'monitor',
  'metric_bucket',
  'trace_metric',
];

/** Sorts and reads the items of a parsed envelope; `receivedAt` is epoch milliseconds. Never throws. */
export function readEnvelopeContent(envelope: Envelope, receivedAt: number): EnvelopeContent {
  const content: EnvelopeContent = {
    events: [],
    sessions: [],
    clientReports: [],
    feedback: [],
    logs: [],
    discarded: [],
    invalid: [],
  };
  for (const item of envelope.items) readItem(item, envelope.header, receivedAt, content);
  return content;
}

function readItem(item: EnvelopeItem, header: Json, receivedAt: number, content: EnvelopeContent): void {
  const type = item.type.slice(0, 64);
  if (!USED.has(type)) {
    const category = Object.hasOwn(CATEGORIES, type) ? CATEGORIES[type]! : 'default';
    content.discarded.push({ type: Object.hasOwn(CATEGORIES, type) ? type : 'unknown', category });
    return;
  }
  const parsed = parseJsonObject(item.payload);
  if (!parsed.ok) {
    content.invalid.push({ type, reason: parsed.reason });
    return;
  }
  const raw = parsed.value;
  switch (type) {
    case 'event':
      content.events.push(readSentEvent(parsed.text, raw, receivedAt, headerId(header, content)));
      break;
    case 'session':
      readSessions(type, asOne(readSession(raw, receivedAt)), content);
      break;
    case 'sessions':
      readSessions(type, readSessionAggregates(raw, receivedAt), content);
      break;
    case 'client_report':
      readReport(type, readClientReport(raw, receivedAt), content);
      break;
    case 'log':
      content.logs.push(readLogItem(raw, receivedAt));
      break;
    default:
      readWords(type, raw, header, receivedAt, content);
  }
}

const USED = new Set(['event', 'session', 'sessions', 'client_report', 'log', 'feedback', 'user_report']);

function readSessions(type: string, counts: SessionCount[] | undefined, content: EnvelopeContent): void {
  if (counts) content.sessions.push({ counts });
  else content.invalid.push({ type, reason: 'it counts no session' });
}

function readReport(type: string, report: ClientReport | undefined, content: EnvelopeContent): void {
  if (report) content.clientReports.push(report);
  else content.invalid.push({ type, reason: 'it counts nothing that was dropped' });
}

function asOne<T>(value: T | undefined): T[] | undefined {
  return value === undefined ? undefined : [value];
}

function readWords(type: string, raw: Json, header: Json, receivedAt: number, content: EnvelopeContent): void {
  const words =
    type === 'feedback'
      ? readFeedback(raw, receivedAt, readUser(raw.user), headerId(header, content))
      : readUserReport(raw, receivedAt);
  if (words) content.feedback.push(words);
  else content.invalid.push({ type, reason: 'it holds no text from the customer' });
}

/** The id of the envelope header belongs to its first event or feedback only, or several would become one. */
function headerId(header: Json, content: EnvelopeContent): string | undefined {
  const isFirst = content.events.length === 0 && content.feedback.every((words) => words.eventId === '');
  return isFirst && typeof header.event_id === 'string' ? header.event_id : undefined;
}

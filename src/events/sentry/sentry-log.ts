import { createHash } from 'node:crypto';
import { type AppEvent, type EventUser } from '../event.js';
import { readEventId } from '../reading/event-id.js';
import { asList, asObject, type Json, scalarText, text } from '../reading/read-values.js';
import { readTimestamp } from '../reading/time.js';
import { MAX_SIGNATURE } from '../signature.js';

/** The records of a `log` item. Those of level error and fatal are events, the others are only counted. */
export interface LogRecords {
  readonly events: readonly { readonly event: AppEvent; readonly payload: Json }[];
  readonly ignored: number;
  /** Records of errors beyond those that are taken. */
  readonly refused: number;
}

/** Most records of errors taken of one item, as many as events of one native request; SDKs send at most 100. */
export const MAX_LOG_EVENTS = 10_000;
/** Records read in one step. */
const RECORDS_IN_A_STEP = 64;
const MAX_TAGS = 100;

/** Reads a `log` item in steps: a container `{"items": [...]}`, or a single record as the first SDKs sent it. */
export function* readLogRecords(raw: Json, receivedAt: number): Generator<void, LogRecords, void> {
  const records = asList(raw.items) ?? [raw];
  const events: { event: AppEvent; payload: Json }[] = [];
  let refused = 0;
  for (const [at, item] of records.entries()) {
    if (at > 0 && at % RECORDS_IN_A_STEP === 0) yield;
    const record = asObject(item);
    if (record?.level !== 'error' && record?.level !== 'fatal') continue;
    if (events.length < MAX_LOG_EVENTS) events.push({ event: readLogRecord(record, receivedAt), payload: record });
    else refused++;
  }
  return { events, ignored: records.length - events.length - refused, refused };
}

/** True for the payload of a log record; events of other items have no body. */
export function isLogRecord(payload: Json): boolean {
  return typeof payload.body === 'string' && asObject(payload.attributes) !== undefined;
}

/** Reads one record of level error or fatal. */
export function readLogRecord(record: Json, receivedAt: number): AppEvent {
  const attributes = asObject(record.attributes) ?? {};
  const at = (key: string, max: number): string | undefined => scalarText(valueOf(attributes[key]), max);
  const message = text(record.body, 8192);
  const template = at('sentry.message.template', 8192);
  return {
    eventId: logEventId(record, attributes),
    occurredAt: readTimestamp(record.timestamp, receivedAt),
    platform: platformOf(at('sentry.sdk.name', 128)),
    level: record.level === 'fatal' ? 'fatal' : 'error',
    message,
    messageTemplate: template === message ? undefined : template,
    exceptions: [],
    logger: at('logger.name', 512) ?? at('sentry.origin', 512),
    transaction: at('sentry.transaction', 512) ?? at('sentry.segment.name', 512),
    release: at('sentry.release', 250),
    environment: at('sentry.environment', 64) ?? 'production',
    service: at('service.name', 200),
    user: readLogUser(at),
    tags: readLogTags(attributes),
    traceId: readEventId(record.trace_id) || undefined,
  };
}

/** Records have no id of their own; the same record sent again gets the same one. */
function logEventId(record: Json, attributes: Json): string {
  const hash = createHash('sha256').update('sentry-log');
  for (const part of [record.timestamp, record.trace_id, record.body]) hash.update(`\n${scalarText(part, 8192) ?? ''}`);
  for (const key in attributes) hash.update(`\n${key}=${scalarText(valueOf(attributes[key]), 1024) ?? ''}`);
  return hash.digest('hex').slice(0, 32);
}

function readLogUser(at: (key: string, max: number) => string | undefined): EventUser | undefined {
  const user = {
    id: at('user.id', 256),
    email: at('user.email', 256),
    username: at('user.name', 256),
    signature: at('forewarn.signature', MAX_SIGNATURE),
  };
  const ipAddress = at('user.ip_address', 64);
  return (user.id ?? user.email ?? user.username ?? ipAddress) === undefined ? undefined : { ...user, ipAddress };
}

/** Attributes that are read into fields of their own. */
const NO_TAG = ['sentry.', 'user.', 'forewarn.'];

/** The app's own attributes; what is read elsewhere and the SDK's notes to itself are no tags. */
function readLogTags(attributes: Json): Record<string, string> {
  const tags: Record<string, string> = {};
  let left = MAX_TAGS;
  for (const key in attributes) {
    if (left <= 0 || key === '__proto__' || NO_TAG.some((start) => key.startsWith(start))) continue;
    const name = text(key, 200);
    const value = scalarText(valueOf(attributes[key]), 200);
    if (name === undefined || value === undefined) continue;
    tags[name] = value;
    left--;
  }
  return tags;
}

function valueOf(attribute: unknown): unknown {
  return asObject(attribute)?.value;
}

/** `sentry.javascript.node` is platform node, `sentry.python.django` python. */
function platformOf(sdk: string | undefined): string {
  const [, language, flavour] = (sdk ?? '').split('.');
  if (language === 'javascript') return flavour === 'node' ? 'node' : 'javascript';
  return language ?? 'other';
}

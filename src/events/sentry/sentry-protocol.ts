import { type AppEvent } from '../event.js';
import {
  type BodyContent,
  type EndedEvent,
  type Protocol,
  type ProtocolPath,
  type Reading,
  type Remainder,
  type Reply,
  type SentBody,
  type UnreadableBody,
} from '../protocol.js';
import { parseJsonObject } from '../reading/parse-json.js';
import { plainRefusal, printable } from '../reading/plain-refusal.js';
import { type Json } from '../reading/read-values.js';
import { parseEnvelope } from './envelope.js';
import { readEnvelopeItems, readSentEvent } from './envelope-items.js';
import { readSentryEvent } from './sentry-event.js';
import { isLogRecord, readLogRecord } from './sentry-log.js';

/**
 * Categories that SDKs are told to stop sending, since nothing in them is used; transactions only where they name no user (develop.sentry.dev, "Rate Limiting"). Never `default`,
 * which an SDK takes for messages, nor `log_item`, of which we use a part.
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
/** Seconds for which SDKs hold back what we would not use; sent along with each answer to a body that held some of it. */
const HOLD_BACK_SECONDS = 600;
const limitsOn = (categories: readonly string[]) => `${HOLD_BACK_SECONDS}:${categories.join(';')}:organization:unused`;
const LIMITS = limitsOn(UNUSED_CATEGORIES);
/** For apps whose transactions or spans name their users: what customers use is learnt from them. */
const LIMITS_BESIDE_SPANS = limitsOn(UNUSED_CATEGORIES.filter((one) => one !== 'transaction' && one !== 'span'));

const SUCCESS = { schema: 'SentryAccepted' } as const;
const PATHS: readonly ProtocolPath[] = [
  {
    path: '/api/{projectId}/envelope',
    operation: 'envelope',
    prefixed: true,
    packed: false,
    separable: true,
    summary: 'Take an envelope from a Sentry SDK',
    takes: ['application/x-sentry-envelope'],
    success: { ...SUCCESS, description: 'Everything is committed.' },
  },
  {
    path: '/api/{projectId}/store',
    operation: 'store',
    prefixed: true,
    packed: true,
    separable: true,
    summary: 'Take one event from an older Sentry SDK',
    takes: ['application/json'],
    success: { ...SUCCESS, description: 'The event is committed.' },
  },
];

/** The protocol of Sentry SDKs: envelopes with any number of items, and single events as older SDKs send them. Success is exactly 200. */
export const SENTRY: Protocol = {
  name: 'Sentry',
  paths: PATHS,
  schemas: {
    SentryAccepted: { type: 'object', properties: { id: { type: 'string', pattern: '^[0-9a-f]{32}$' } } },
  },
  refuseType: () => undefined,
  read,
  answer,
  refuse: (_, status, reason) => plainRefusal(status, reason),
  readPayload,
};

function* read({ operation, receivedAt, body }: SentBody): Reading {
  if (operation === 'store') return readStored(body, receivedAt);
  const envelope = parseEnvelope(body);
  if (!envelope.ok) return { ok: false, outcome: 'malformed', reason: envelope.reason };
  return { ok: true, ...(yield* readEnvelopeItems(envelope, receivedAt)) };
}

function readStored(body: Buffer, receivedAt: number): BodyContent | UnreadableBody {
  const parsed = parseJsonObject(body);
  if (!parsed.ok) return { ...parsed, reason: `the body is ${parsed.reason}` };
  const event = readSentEvent(parsed.bytes, parsed.value, 1, receivedAt);
  return { ok: true, events: [event], unused: 0, ignored: 0, faults: [] };
}

/** 400 when nothing of an envelope was taken but something should have been; what is left out of one that was taken is named beside its success. */
function answer(_: unknown, events: readonly EndedEvent[], { telemetry, unused, faults }: Remainder): Reply {
  const held = telemetry?.spans ? LIMITS_BESIDE_SPANS : LIMITS;
  const limits = unused > 0 && { 'x-sentry-rate-limits': held };
  const fault = faults[0]?.reason;
  if (fault !== undefined && events.length === 0 && telemetry === undefined) {
    const refusal = plainRefusal(400, fault);
    return { ...refusal, headers: { ...refusal.headers, ...limits } };
  }
  const headers = { ...(fault !== undefined && { 'x-sentry-error': printable(fault) }), ...limits };
  const id = events[0]?.id;
  return {
    status: 200,
    body: id === undefined ? {} : { id },
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}

function readPayload(payload: Json, receivedAt: number): AppEvent {
  return isLogRecord(payload) ? readLogRecord(payload, receivedAt) : readSentryEvent(payload, receivedAt);
}

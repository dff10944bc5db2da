import { type AppEvent } from './event.js';
import { type Json } from './reading/read-values.js';
import { parseEnvelope } from './sentry/envelope.js';
import { hasOldNames, inModernNames } from './sentry/old-names.js';
import { readSentryEvent } from './sentry/sentry-event.js';

/** Parts that only events have, by today's names. */
const PARTS = ['exception', 'message', 'logentry', 'event_id', 'threads', 'stacktrace'];

/** Texts of the events of an envelope, or why the bytes are no envelope. */
export type EnvelopeTexts =
  { readonly ok: true; readonly texts: readonly string[] } | { readonly ok: false; readonly reason: string };

/** Tells whether a payload has a part that only events have, by today's name or that of an old client. */
export function looksLikeSentryEvent(raw: Json): boolean {
  return PARTS.some((name) => raw[name] !== undefined) || hasOldNames(raw);
}

/** Reads a Sentry-shaped event of any age, as from a file; `receivedAt` is epoch milliseconds. Never throws. */
export function readSentryPayload(raw: Json, receivedAt: number): AppEvent {
  return readSentryEvent(inModernNames(raw), receivedAt);
}

/** Takes the JSON texts of the events out of an envelope, in their order; other items are left out. */
export function eventsOfEnvelope(body: Buffer): EnvelopeTexts {
  const envelope = parseEnvelope(body);
  if (!envelope.ok) return envelope;
  const events = envelope.items.filter(({ type }) => type === 'event');
  return { ok: true, texts: events.map(({ payload }) => payload.toString('utf8')) };
}

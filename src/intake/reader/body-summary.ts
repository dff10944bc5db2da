import { parseEnvelope } from '../../events/sentry/envelope.js';
import { parseJsonObject } from '../../events/reading/parse-json.js';
import { type EventFacts } from '../accepted-event.js';
import { decodeBody, decodeStoreBody } from '../http/content-encoding.js';
import { readEnvelopeContent, readSentEvent, type SentRead } from '../../events/sentry/envelope-content.js';
import { type AppEvent } from '../../events/event.js';

/** Largest decompressed body that is summarised, bytes; a larger one is read where nothing waits behind it. */
const MAX_SUMMARISED = 1024 * 1024;

/** A body of the Sentry protocol as it came. */
export interface SentBody {
  readonly kind: 'envelope' | 'store';
  readonly encoding: string | undefined;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly body: Buffer;
}

/** The events of a body, in short; plain JSON. */
export interface BodySummary {
  /** As the envelope's header gives it. */
  readonly dsn?: unknown;
  /** One or more; `eventId` is '' where the app gave none. */
  readonly events: readonly { readonly eventId: string; readonly facts: EventFacts }[];
}

/** A summary with the body that it is of. */
export interface SummarisedBody extends BodySummary {
  readonly sent: SentBody;
}

/** Reads bodies on another thread. */
export interface BodyReader {
  /** Resolves with undefined where a body must be read here. */
  summary(sent: SentBody): Promise<BodySummary | undefined>;
  /** Requests that it has and has not answered. */
  readonly waiting: number;
  /** Ends the thread. */
  close(): Promise<void>;
}

/**
 * Reads a body that holds events and nothing else. Any other gives undefined: what is broken, large or of other kinds is
 * read in full, where its answer is worded. Never throws.
 */
export function summarise(sent: SentBody, factsOf: (event: AppEvent) => EventFacts): BodySummary | undefined {
  try {
    const read = readEvents(sent);
    return (
      read && {
        dsn: read.dsn,
        events: read.events.map(({ event }) => ({ eventId: event.eventId, facts: factsOf(event) })),
      }
    );
  } catch {
    return undefined; // an event that spoils its facts is set aside with the reason where it is read in full
  }
}

/**
 * Reads one event of a body that was summarised again.
 * @throws when there is no such event, so never for what `summarise` gave
 */
export function readAgain(sent: SentBody, nth: number): SentRead {
  const read = readEvents(sent)?.events[nth];
  if (!read) throw new Error(`the body has no event ${nth}`);
  return read;
}

function readEvents({
  kind,
  encoding,
  receivedAt,
  body,
}: SentBody): { dsn?: unknown; events: readonly SentRead[] } | undefined {
  const decoded = (kind === 'store' ? decodeStoreBody : decodeBody)(body, encoding, MAX_SUMMARISED);
  if (!decoded.ok) return undefined;
  if (kind === 'store') {
    const parsed = parseJsonObject(decoded.body);
    return parsed.ok ? { events: [readSentEvent(parsed.text, parsed.value, receivedAt)] } : undefined;
  }
  const envelope = parseEnvelope(decoded.body);
  if (!envelope.ok || envelope.items.length === 0 || envelope.items.some(({ type }) => type !== 'event'))
    return undefined;
  const { events, invalid } = readEnvelopeContent(envelope, receivedAt);
  return invalid.length > 0 ? undefined : { dsn: envelope.header.dsn, events };
}

import { readAtOnce, type ReadEvent, type Remainder } from '../../events/protocol.js';
import { type ProtocolRoute } from '../../events/protocols.js';
import { type SignedId, signedIdOf } from '../../events/signature.js';
import { type Facts } from '../../grouping/facts.js';
import { type AppEvent } from '../../events/event.js';
import { decodeSent } from '../http/content-encoding.js';

/** Largest decompressed body that is separated, bytes; a larger one is read where nothing waits behind it. */
const MAX_SEPARATED = 1024 * 1024;

/** The body of a request as it came. */
export interface RawBody {
  readonly route: ProtocolRoute;
  readonly contentType: string | undefined;
  /** Its Content-Encoding. */
  readonly encoding: string | undefined;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly body: Buffer;
}

/** An event of a separated body: what counts it, and its text. */
export interface SeparatedEvent {
  /** '' where the app gave none. */
  readonly eventId: string;
  readonly position: number;
  readonly facts: Facts;
  /** Proof of the customer's id. */
  readonly signed?: SignedId | undefined;
  readonly text: Buffer;
}

/** A body taken apart: plain data but for the texts. */
export interface SeparatedBody {
  readonly events: readonly SeparatedEvent[];
  readonly rest: Remainder;
}

/**
 * Takes a body apart whose events have texts of their own. Any other gives undefined: what cannot be read, is large, or has events without
 * a text is read where its answer is worded. Never throws.
 */
export function separate(raw: RawBody, factsOf: (event: AppEvent) => Facts): SeparatedBody | undefined {
  const { route, contentType, receivedAt } = raw;
  const decoded = decodeSent(raw, MAX_SEPARATED);
  if (!decoded.ok) return undefined;
  const sent = { operation: route.operation, contentType, receivedAt, body: decoded.body };
  const content = readAtOnce(route.protocol.read(sent));
  if (!content.ok || !content.events.every(hasText)) return undefined;
  const { events, dsn, telemetry, unused, ignored, faults } = content;
  try {
    const separated = events.map(({ event, position, text }) => {
      return { eventId: event.eventId, position, facts: factsOf(event), signed: signedIdOf(event.user), text };
    });
    return { events: separated, rest: { dsn, telemetry, unused, ignored, faults } };
  } catch {
    return undefined; // an event that spoils its facts is set aside with the reason where it is read in full
  }
}

function hasText(read: ReadEvent): read is ReadEvent & { readonly text: Buffer } {
  return read.text !== undefined;
}

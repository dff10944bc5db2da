import { readAtOnce, type ReadEvent, type Remainder } from '../../events/protocol.js';
import { type ProtocolRoute } from '../../events/protocols.js';
import { type SignedId, signedIdOf } from '../../events/signature.js';
import { type Facts } from '../../grouping/facts.js';
import { type AppEvent } from '../../events/event.js';
import { decodeSent } from '../http/content-encoding.js';

/** Largest decompressed body that is separated, bytes; a larger one is read where nothing waits behind it. */
export const MAX_SEPARATED = 1024 * 1024;

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

/** An event of a separated body: what counts it, and where its text is. */
export interface SeparatedEvent {
  /** '' where the app gave none. */
  readonly eventId: string;
  readonly position: number;
  readonly facts: Facts;
  /** Proof of the customer's id. */
  readonly signed?: SignedId | undefined;
  /** Bytes of the decoded body before its text, and of its text. */
  readonly from: number;
  readonly length: number;
}

/** A body taken apart: plain data, which goes from thread to thread as JSON. */
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
  if (!content.ok) return undefined;
  const { events, dsn, telemetry, unused, ignored, faults } = content;
  const separated: SeparatedEvent[] = [];
  try {
    for (const read of events) {
      const { event, position } = read;
      const place = placeOf(read, decoded.body);
      if (!place) return undefined;
      const signed = signedIdOf(event.user);
      separated.push({ eventId: event.eventId, position, facts: factsOf(event), signed, ...place });
    }
    return { events: separated, rest: { dsn, telemetry, unused, ignored, faults } };
  } catch {
    return undefined; // an event that spoils its facts is set aside with the reason where it is read in full
  }
}

/** Where the text of an event stands in the body; undefined for an event that has none there. */
function placeOf({ text }: ReadEvent, body: Buffer): { from: number; length: number } | undefined {
  if (text?.buffer !== body.buffer) return undefined;
  const from = text.byteOffset - body.byteOffset;
  return from >= 0 && from + text.length <= body.length ? { from, length: text.length } : undefined;
}

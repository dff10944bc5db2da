import { type Remainder } from '../../events/protocol.js';
import { ROUTES } from '../../events/protocols.js';
import { type RawBody, type SeparatedBody, type SeparatedEvent } from './separated-body.js';

/** Some bodies for the reading thread, one after the other in `bodies`, each with its length. */
export interface ThreadOrder {
  readonly requests: readonly (Omit<RawBody, 'body' | 'route'> & {
    readonly routeId: string;
    readonly length: number;
  })[];
  readonly bodies: ArrayBuffer;
}

/** Answers to an order, in its order: facts as JSON text, which goes between threads faster than objects, and the texts of all events in one. */
export interface ThreadReport {
  /** JSON of `(ReportedBody | null)[]`; null for bodies that the thread leaves. */
  readonly bodies: string;
  readonly texts: ArrayBuffer;
}

/** A separated body; each text is given by its length, the next one follows. */
interface ReportedBody {
  readonly rest: Remainder;
  readonly events: readonly (Omit<SeparatedEvent, 'text'> & { readonly length: number })[];
}

const ROUTE_OF = new Map(ROUTES.map((route) => [route.id, route]));

/** The order for some bodies. */
export function orderOf(bodies: readonly RawBody[]): ThreadOrder {
  const requests = bodies.map(({ route, contentType, encoding, receivedAt, body }) => {
    return { routeId: route.id, contentType, encoding, receivedAt, length: body.length };
  });
  return { requests, bodies: joined(bodies.map(({ body }) => body)) };
}

/** The bodies of an order. */
export function bodiesOf({ requests, bodies }: ThreadOrder): RawBody[] {
  let from = 0;
  return requests.map(({ routeId, length, ...request }) => {
    const route = ROUTE_OF.get(routeId);
    if (!route) throw new Error(`no protocol has the route ${routeId}`);
    const body = Buffer.from(bodies, from, length);
    from += length;
    return { ...request, route, body };
  });
}

/** The report on an order; undefined stands for a body that is left. */
export function reportOf(separated: readonly (SeparatedBody | undefined)[]): ThreadReport {
  const reported = separated.map((one): ReportedBody | null =>
    one === undefined
      ? null
      : { rest: one.rest, events: one.events.map(({ text, ...event }) => ({ ...event, length: text.length })) },
  );
  const texts = joined(separated.flatMap((one) => one?.events.map(({ text }) => text) ?? []));
  return { bodies: JSON.stringify(reported), texts };
}

/** The bodies of a report, undefined for those that are left. */
export function readReport({ bodies, texts }: ThreadReport): (SeparatedBody | undefined)[] {
  let from = 0;
  return (JSON.parse(bodies) as (ReportedBody | null)[]).map((body) => {
    if (body === null) return undefined;
    const events = body.events.map(({ eventId, position, facts, signed, length }) => {
      const text = Buffer.from(texts, from, length);
      from += length;
      return { eventId, position, facts, signed, text };
    });
    return { events, rest: body.rest };
  });
}

function joined(parts: readonly Buffer[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}

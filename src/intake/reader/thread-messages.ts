import { ROUTES } from '../../events/protocols.js';
import { type RawBody, type SeparatedBody } from './separated-body.js';

/** Some bodies for the reading thread, one after the other in `bodies`, each with its length. */
export interface ThreadOrder {
  readonly requests: readonly (Omit<RawBody, 'body' | 'route'> & {
    readonly routeId: string;
    readonly length: number;
  })[];
  readonly bodies: ArrayBuffer;
}

/**
 * Answers to an order, in its order: JSON text of `(SeparatedBody | null)[]`, which goes between threads faster than objects, null for bodies that
 * the thread leaves. Texts of events stay behind: whoever gave the order has the bodies.
 */
export type ThreadReport = string;

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
  return JSON.stringify(separated);
}

/** The bodies of a report, undefined for those that are left. */
export function readReport(report: ThreadReport): (SeparatedBody | undefined)[] {
  return (JSON.parse(report) as (SeparatedBody | null)[]).map((body) => body ?? undefined);
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

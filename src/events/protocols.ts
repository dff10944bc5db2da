import { ACTIVITY } from './activity/activity-protocol.js';
import { type AppEvent } from './event.js';
import { NATIVE } from './native/native-protocol.js';
import { OTLP } from './otlp/otlp-protocol.js';
import { type Protocol, type ProtocolPath } from './protocol.js';
import { asObject } from './reading/read-values.js';
import { SENTRY } from './sentry/sentry-protocol.js';

/**
 * Every protocol that apps can send by. Routes, the second thread, rule trials and the API description are made from this list.
 * Payloads are offered in this order: the strictest first, since Sentry's takes any object.
 */
export const PROTOCOLS: readonly Protocol[] = [NATIVE, ACTIVITY, OTLP, SENTRY];

/** One path with its protocol. */
export interface ProtocolRoute extends ProtocolPath {
  readonly protocol: Protocol;
  /** `Sentry.envelope`, unique. */
  readonly id: string;
}

/** Every path of every protocol. */
export const ROUTES: readonly ProtocolRoute[] = PROTOCOLS.flatMap((protocol) =>
  protocol.paths.map((path) => ({ ...path, protocol, id: `${protocol.name}.${path.operation}` })),
);

/** Reads a kept payload as an event again; undefined for what no protocol knows. `receivedAt` is epoch milliseconds. */
export function readSample(payload: unknown, receivedAt: number): AppEvent | undefined {
  const object = asObject(payload);
  if (!object) return undefined;
  for (const protocol of PROTOCOLS) {
    const event = protocol.readPayload(object, receivedAt);
    if (event) return event;
  }
  return undefined;
}

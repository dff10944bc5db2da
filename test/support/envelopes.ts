import { randomUUID } from 'node:crypto';

/** A Sentry event payload as a test writes it; a test sets only what it is about. */
export type SentryEventBody = Record<string, unknown> & { event_id?: string };

/** A new event id as SDKs make them. */
export function anEventId(): string {
  return randomUUID().replaceAll('-', '');
}

/** An error of the same fault each time, with an id of its own, of the customer `id`. */
export function aSentryEvent(about: SentryEventBody = {}): SentryEventBody & { event_id: string } {
  return {
    event_id: anEventId(),
    timestamp: 1_773_144_000,
    platform: 'node',
    level: 'error',
    release: 'shop@2.4.1',
    environment: 'production',
    user: { id: 'c-1' },
    exception: {
      values: [
        {
          type: 'TypeError',
          value: "Cannot read properties of undefined (reading 'total')",
          mechanism: { type: 'generic', handled: true },
          stacktrace: {
            frames: [
              {
                filename: '/srv/shop/src/server.js',
                module: 'src.server',
                function: 'handle',
                lineno: 9,
                in_app: true,
              },
              {
                filename: '/srv/shop/src/checkout.js',
                module: 'src.checkout',
                function: 'applyCoupon',
                lineno: 12,
                in_app: true,
              },
            ],
          },
        },
      ],
    },
    ...about,
  };
}

/** One item; `length` in its header when `measured`. */
export function item(type: string, payload: object | string, measured = false): string {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const header = { type, ...(measured && { length: Buffer.byteLength(text) }) };
  return `${JSON.stringify(header)}\n${text}`;
}

/** An envelope of these items, as `item` makes them. */
export function envelope(header: object, ...items: string[]): string {
  return [JSON.stringify(header), ...items].join('\n');
}

/** An envelope with one event, as SDKs send an error. */
export function anErrorEnvelope(about: SentryEventBody = {}, measured = false): string {
  const event = aSentryEvent(about);
  return envelope({ event_id: event.event_id, sent_at: '2026-03-10T12:00:00Z' }, item('event', event, measured));
}

import { readNativeEvent } from './native/native-event.js';
import { type AppEvent } from './event.js';
import { readSentryEvent } from './sentry/sentry-event.js';

/** A kept payload read again as an event; undefined for one of a protocol whose payloads do not stand alone (OTLP). */
export function readSample(payload: unknown, receivedAt: number): AppEvent | undefined {
  const native = readNativeEvent(payload, receivedAt);
  if (native.ok) return native.event;
  if (typeof payload !== 'object' || payload === null) return undefined;
  const event = readSentryEvent(payload as Record<string, unknown>, receivedAt);
  const holdsAny = event.message !== undefined || event.exceptions.length > 0 || event.stack !== undefined;
  return holdsAny ? event : undefined;
}

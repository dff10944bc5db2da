import { type EventUser } from '../event.js';
import { readEventId } from '../reading/event-id.js';
import { asObject, type Json, scalarText, text } from '../reading/read-values.js';
import { readTimestamp } from '../reading/time.js';
import { type Feedback } from '../telemetry.js';

/** Longest text kept of what a customer wrote, UTF-16 units; Sentry's own limit. */
const MAX_MESSAGE = 4096;

/** Reads a `feedback` item (a JSON event with `contexts.feedback`); undefined when it says nothing. */
export function readFeedback(
  raw: Json,
  receivedAt: number,
  user: EventUser | undefined,
  headerEventId?: string,
): Feedback | undefined {
  const form = asObject(asObject(raw.contexts)?.feedback);
  const message = text(form?.message, MAX_MESSAGE);
  if (!form || message === undefined) return undefined;
  return {
    eventId: readEventId(headerEventId) || readEventId(raw.event_id),
    aboutEventId: readEventId(form.associated_event_id) || undefined,
    message,
    name: text(form.name, 256),
    user: withEmail(user, text(form.contact_email, 256)),
    at: readTimestamp(raw.timestamp, receivedAt),
    release: scalarText(raw.release, 250),
    environment: scalarText(raw.environment, 64) ?? 'production',
    url: text(form.url, 1024),
  };
}

/** Reads a `user_report` item, the older form; undefined when it says nothing. */
export function readUserReport(raw: Json, receivedAt: number): Feedback | undefined {
  const message = text(raw.comments, MAX_MESSAGE);
  if (message === undefined) return undefined;
  return {
    eventId: '',
    aboutEventId: readEventId(raw.event_id) || undefined,
    message,
    name: text(raw.name, 256),
    user: withEmail(undefined, text(raw.email, 256)),
    at: receivedAt,
    environment: 'production',
  };
}

function withEmail(user: EventUser | undefined, email: string | undefined): EventUser | undefined {
  return email === undefined ? user : { ...user, email };
}

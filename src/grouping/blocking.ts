import { type AppEvent } from '../events/event.js';

/** True when nothing in the app caught the error, so that what the customer was doing was lost. */
export function isBlocking(event: AppEvent): boolean {
  return event.level === 'fatal' || event.exceptions.some((exception) => exception.mechanism?.handled === false);
}

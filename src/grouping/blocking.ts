import { type AppEvent } from '../events/event.js';

/** Whether nothing in the app caught the error, so that the customer lost what they were doing. */
export function isBlocking(event: AppEvent): boolean {
  return event.level === 'fatal' || event.exceptions.some((exception) => exception.mechanism?.handled === false);
}

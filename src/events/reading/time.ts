import { finite } from './read-values.js';

const DAY_MS = 86_400_000;
/** Older than this is no fresh error but a wrong clock (phones wake up in 1970), milliseconds; our choice. */
export const MAX_AGE_MS = 30 * DAY_MS;
/** Clocks of healthy machines differ by seconds; beyond this the clock is wrong, milliseconds; our choice. */
export const MAX_AHEAD_MS = 5 * 60_000;
/** As seconds this is the year 5138, so a larger number must be milliseconds. */
const SECONDS_LIMIT = 1e11;

/**
 * When something happened, epoch milliseconds, from a number (seconds; milliseconds when too large for seconds) or text
 * (RFC 3339, UTC when it names no zone, or a number). `receivedAt` when it is missing, unreadable or impossible.
 */
export function readTimestamp(value: unknown, receivedAt: number): number {
  return plausibleTime(parseTime(value), receivedAt);
}

/** The time, whole milliseconds, if it lies within [receivedAt - 30 d, receivedAt + 5 min]; else `receivedAt`. */
export function plausibleTime(time: number | undefined, receivedAt: number): number {
  if (time === undefined || !(time >= receivedAt - MAX_AGE_MS && time <= receivedAt + MAX_AHEAD_MS)) return receivedAt;
  return Math.trunc(time);
}

/** Epoch milliseconds of a Sentry timestamp, plausible or not; undefined when it is unreadable. */
export function parseTime(value: unknown): number | undefined {
  const seconds = finite(value);
  if (seconds !== undefined) return seconds > SECONDS_LIMIT ? seconds : seconds * 1000;
  if (typeof value !== 'string' || value.length > 64) return undefined;
  const time = Date.parse(hasZone(value) ? value : `${value}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Date.parse takes a date and time without a zone for local time, but the protocol means UTC. */
function hasZone(time: string): boolean {
  const at = time.indexOf(':');
  if (at < 0) return true;
  return time.endsWith('Z') || time.endsWith('z') || time.includes('+', at) || time.includes('-', at);
}

import { DateTime } from 'luxon';

/** Days of the week in the order of ISO 8601: Monday is 1. */
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Time that comes every week, by the clocks of a zone. */
export interface Weekly {
  readonly days: readonly (typeof DAYS)[number][];
  /** Start in minutes since midnight. A window that ends no later than it begins ends on the next day. */
  readonly from: number;
  readonly to: number;
  /** IANA name of the zone. */
  readonly timeZone: string;
}

/** Half-open stretch of time. */
export interface Occurrence {
  readonly from: Date;
  readonly until: Date;
}

/**
 * Finds the occurrence that holds at `now`, or the next one. Wall clocks decide. When they go forward a window is
 * shorter, and a window within the skipped hour does not come that day; when they go back it lasts through both hours.
 */
export function occurrence(weekly: Weekly, now: Date): Occurrence | undefined {
  const today = DateTime.fromJSDate(now, { zone: weekly.timeZone }).startOf('day');
  for (let ahead = -1; ahead <= 14; ahead++) {
    const day = today.plus({ days: ahead });
    if (!weekly.days.includes(DAYS[day.weekday - 1] ?? 'mon')) continue;
    const from = wallClock(day, weekly.from);
    const until = lastOf(wallClock(weekly.to > weekly.from ? day : day.plus({ days: 1 }), weekly.to));
    if (until > from && until.toJSDate() > now) return { from: from.toJSDate(), until: until.toJSDate() };
  }
  return undefined;
}

/** Converts a wall-clock time; a time that the clocks skip becomes the moment at which they go on. */
function wallClock(day: DateTime, minutes: number): DateTime {
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  const time = day.set({ hour, minute });
  if (time.hour === hour && time.minute === minute) return time;
  return time.minus({ minutes: time.hour * 60 + time.minute - Math.ceil(minutes / 60) * 60 });
}

/** Picks the second of a time that comes twice because clocks go back. */
function lastOf(time: DateTime): DateTime {
  const again = time.plus({ hours: 1 });
  return again.hour === time.hour && again.minute === time.minute ? again : time;
}

import { DateTime } from 'luxon';

/** Days of the week in their order of ISO 8601: Monday is 1. */
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A time that comes every week, by the clocks of a zone. */
export interface Weekly {
  readonly days: readonly (typeof DAYS)[number][];
  /** Minutes since midnight; one that ends no later than it begins ends on the next day. */
  readonly from: number;
  readonly to: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** A stretch of time, half open. */
export interface Occurrence {
  readonly from: Date;
  readonly until: Date;
}

/**
 * The occurrence that holds at `now`, or the next one. Clocks on the wall decide: where they go forward a window is shorter, and one that
 * lies in the hour that is left out does not come that day; where they go back it lasts through both hours.
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

/** A time that the clocks leave out is read as the moment at which they go on. */
function wallClock(day: DateTime, minutes: number): DateTime {
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  const time = day.set({ hour, minute });
  if (time.hour === hour && time.minute === minute) return time;
  return time.minus({ minutes: time.hour * 60 + time.minute - Math.ceil(minutes / 60) * 60 });
}

/** Of a time that comes twice, since clocks go back, the second. */
function lastOf(time: DateTime): DateTime {
  const again = time.plus({ hours: 1 });
  return again.hour === time.hour && again.minute === time.minute ? again : time;
}

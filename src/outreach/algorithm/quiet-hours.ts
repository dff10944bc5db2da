import { DateTime } from 'luxon';

/** Minutes since midnight between which nothing is sent; the window may pass midnight. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
}

/** Moves from zone to zone at most: each moves the moment on by less than a day, and no country has more zones than that. */
const MOST_MOVES = 64;

/**
 * The first moment from `now` on that lies outside the quiet hours of every one of these zones; `now` itself when it does. Zone and daylight saving
 * time are those of the moment. Where no moment suits all zones, the first zone decides.
 */
export function afterQuietHours(now: Date, zones: readonly string[], quiet: QuietHours | undefined): Date {
  if (!quiet || quiet.from === quiet.to) return now;
  let moment = now;
  for (let moves = 0; moves < MOST_MOVES; moves++) {
    const next = zones.map((zone) => outside(moment, zone, quiet)).find((one) => one > moment);
    if (!next) return moment;
    moment = next;
  }
  return outside(now, zones[0] ?? 'UTC', quiet);
}

function outside(now: Date, zone: string, { from, to }: QuietHours): Date {
  const local = DateTime.fromJSDate(now, { zone });
  const minute = local.hour * 60 + local.minute;
  const inside = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!inside) return now;
  const day = from > to && minute >= from ? local.plus({ days: 1 }) : local;
  return day.set({ hour: Math.floor(to / 60), minute: to % 60, second: 0, millisecond: 0 }).toJSDate();
}

/** Uses of a feature by one customer: so many between these epoch milliseconds. */
interface Usage {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

const DAY = 86_400_000;
/** Silence after which a use counts half. By judgement: a week, in which most habits come round once. */
const HALVED_AFTER_DAYS = 7;

/**
 * Uses of a feature that we expect in the next day, for ranking alone: the rate so far, with one more day of watching so that a single use is no
 * habit, halved for each week of silence. 0 where it was never used.
 * @param now epoch milliseconds
 */
export function soonness(uses: readonly Usage[], now: number): number {
  return uses.reduce((sum, { count, firstAt, lastAt }) => {
    const watched = Math.max(0, now - firstAt) / DAY + 1;
    const silent = Math.max(0, now - lastAt) / DAY;
    return sum + (count / watched) * 0.5 ** (silent / HALVED_AFTER_DAYS);
  }, 0);
}

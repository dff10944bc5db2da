import type { Verdict } from '../../detection.js';
import { type BaselineState, newBaseline } from '../count-baseline.v1.js';
import { type Aftermath, oddsThatOver, RELEARN_AFTER } from './common.v1.js';

/** Anomaly that is not over yet, of a count or of a share. */
export interface OpenAnomaly {
  /** Epoch milliseconds. */
  readonly since: number;
  relearnt: boolean;
}

/** Part of a watch that the end of an anomaly changes. */
interface Followed {
  baseline: BaselineState;
  anomaly: OpenAnomaly | null;
  abnormal: [from: number, to: number] | null;
}

/** Anomaly as its follower sees it. */
export interface Course<Seen extends Aftermath> {
  /** Windows, in minutes, in which we look for the end, shortest first. */
  readonly windows: readonly number[];
  /** Sums the last minutes; null if they reach back to the start of the anomaly. */
  readonly within: (minutes: number) => Seen | null;
  /** Words the end; `unlikeliness` is that of so few hits if the fault were still on. */
  readonly recovered: (seen: Seen, unlikeliness: number) => Verdict;
  /** End of the last minute with a hit, epoch milliseconds. */
  readonly lastHit: () => number;
}

/**
 * Looks whether an anomaly is over: a fault still on would hardly show so few hits, and the rest is as usual. Ends it
 * in place, and gives the verdict.
 */
export function follow<Seen extends Aftermath>(watch: Followed, course: Course<Seen>): Verdict | null {
  for (const minutes of course.windows) {
    const seen = course.within(minutes);
    if (!seen) return null;
    const unlikeliness = oddsThatOver(seen);
    if (unlikeliness !== null) return end(watch, course.lastHit(), course.recovered(seen, unlikeliness));
  }
  return null;
}

/** Ends an anomaly, in place; `lastHit` is the end of its last minute with a hit, epoch milliseconds. */
export function end(watch: Followed, lastHit: number, verdict: Verdict): Verdict {
  if (watch.anomaly) watch.abnormal = [watch.anomaly.since, lastHit];
  watch.anomaly = null;
  return verdict;
}

/** Learns anew what is usual, in place, once an anomaly has lasted so long that it counts as a changed world. */
export function relearn(watch: Followed, anomaly: OpenAnomaly, now: number): void {
  if (anomaly.relearnt || now - anomaly.since < RELEARN_AFTER) return;
  anomaly.relearnt = true;
  watch.baseline = newBaseline();
}

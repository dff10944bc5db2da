import { type Expectation, unlikelyMany } from '../count-baseline.v1.js';
import { lowerUnlikeliness } from '../tail.v1.js';

/**
 * Numbers and rules that the detectors of counts (watch) and of shares (share-watch) have in common. They were chosen on
 * seeds 1 to 99 of bench:detection. What half and double of each cost was not measured yet.
 */

/** Milliseconds of a minute. */
export const MINUTE = 60_000;
/** Minutes of a day. */
export const DAY_MINUTES = 1440;
/** Minutes of a block, in which counts are learnt. */
export const BLOCK = 10;
/** Blocks by which learning is late, so that a fault is called before it can teach. The longest window for spikes fits in. */
export const LAG_BLOCKS = 6;
/** Odds (-log10) that a whole project, service or share needs less than one of its hundreds of issues. */
export const FEW_SERIES = 2;
/** Further odds (-log10) that a series needs before it has shown some nights, since its hours are guesses until then. */
export const YOUNG = { minutes: 3 * DAY_MINUTES, unlikelier: 3 };
/**
 * Time after a deploy for which a jump of what was there before is left to pass (connections drop, old pages miss files),
 * unless it reaches this share of those who could be hit.
 */
export const DEPLOY = { hold: 5 * MINUTE, share: 0.05 };
/** Time after which an anomaly that goes on is a changed world, and what is usual is learnt anew. */
export const RELEARN_AFTER = DAY_MINUTES * MINUTE;
/** Size of the negative binomial of a fault that is still on: its own pace varies by half. */
export const STILL_ON_SIZE = 4;
/**
 * An anomaly is over when a fault still on would show so few hits once in a hundred times (-log10), as a recurrence opens it
 * again, and what is seen is usual (-log10).
 */
const STILL_ON_UNLIKELY = 2;
const USUAL = 1.3;

/** Hits in a window of an anomaly, and what would be there in either case. */
export interface Aftermath {
  /** Hits that a fault still on would repeat. */
  readonly hits: number;
  /** Hits to expect were the fault still on. */
  readonly ifOn: number;
  /** Hits to hold against what is usual. */
  readonly arrivals: number;
  /** Usual hits; called only where the fault would hardly show so few. */
  readonly usual: () => Expectation;
}

/** Odds (-log10) against so few hits were the fault still on; null while they do not show that it is over. */
export function oddsThatOver({ hits, ifOn, arrivals, usual }: Aftermath): number | null {
  const unlikely = lowerUnlikeliness(hits, ifOn, STILL_ON_SIZE);
  return unlikely < STILL_ON_UNLIKELY || unlikelyMany(arrivals, usual()) > USUAL ? null : unlikely;
}

/** Odds (-log10) to add for a series that is watched since this epoch minute. */
export function youngOdds(now: number, bornMinute: number): number {
  return now / MINUTE - bornMinute < YOUNG.minutes ? YOUNG.unlikelier : 0;
}

/**
 * The most that a block in or near an anomaly, or under a suspected burn, may teach: a fault hardly moves the baseline, while
 * a batch job that is out of line every night becomes usual after some nights.
 */
export function plausible({ mean, size }: Expectation): number {
  return Math.max(1, mean + 3 * Math.sqrt(mean + (mean * mean) / size));
}

/** Times of anomalies of a series, epoch milliseconds. */
export interface AnomalyTimes {
  /** The anomaly that goes on. */
  readonly anomaly: { readonly since: number; readonly relearnt: boolean } | null;
  /** The one before. */
  readonly abnormal: readonly [from: number, to: number] | null;
}

/** Whether a stretch of time (epoch milliseconds) touches an anomaly that is not learnt as it was. */
export function isAbnormal({ anomaly, abnormal }: AnomalyTimes, from: number, to: number): boolean {
  if (anomaly && !anomaly.relearnt && to > anomaly.since) return true;
  return abnormal !== null && to > abnormal[0] && from < abnormal[1];
}

import { type Expectation, unlikelyMany } from '../count-baseline.v1.js';
import { lowerUnlikeliness } from '../tail.v1.js';

/**
 * Numbers and rules shared by the detectors of counts (watch), of shares (share-watch) and of heartbeats.
 *
 * The numbers were chosen on seeds 1 to 99 of bench:detection, which plays counts only; for shares they are taken over
 * by judgement. Half and double of LAG_BLOCKS, `unlikelier`, DEPLOY.share, STILL_ON_SIZE, STILL_ON_UNLIKELY and USUAL change
 * neither F1 nor delay nor recall, and incidents a fault by 0.033 at most; FEW_SERIES half −0.007 F1, double −0.001
 * (bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29).
 */

/** Milliseconds of a minute. */
export const MINUTE = 60_000;
/** Minutes of a day. */
export const DAY_MINUTES = 1440;
/** Minutes of a block, the unit in which counts are learnt. */
export const BLOCK = 10;
/**
 * Blocks by which learning lags, so that we call a fault before it can teach. The longest window for spikes fits in.
 */
export const LAG_BLOCKS = 6;
/**
 * Windows, in minutes, in which we look for a spike; the first of a count holds the running minute and the one before,
 * while shares are counted in closed minutes.
 */
export const SPIKE_WINDOWS = { count: [2, 10, 60], share: [5, 15, 60] } as const;
/** Windows, in minutes, in which we look for the end of an anomaly; a share keeps its minutes for an hour. */
export const OVER_WINDOWS = { count: [5, 10, 30, 60, 360], share: [5, 15, 60] } as const;
/**
 * Odds (-log10) by which the threshold is lower for a project, a service or a share: there are few of them, and
 * hundreds of issues.
 */
export const FEW_SERIES = 2;
/** Extra odds (-log10) that a series needs in its first nights, while its usual hours are guesses. */
export const YOUNG = { minutes: 3 * DAY_MINUTES, unlikelier: 3 };
/**
 * Time that a jump after a deploy gets to pass by itself (connections drop, old pages miss files), and the share of
 * possible victims from which we call it at once.
 */
export const DEPLOY = { hold: 5 * MINUTE, share: 0.05 };
/** Age at which an anomaly counts as a changed world; from then on we learn anew what is usual. */
export const RELEARN_AFTER = DAY_MINUTES * MINUTE;
/** Negative binomial size of a fault that is still on: its own pace varies by half. */
export const STILL_ON_SIZE = 4;
/**
 * Odds (-log10) at which an anomaly is over: a fault still on would show so few hits once in a hundred times (it would
 * open the incident again), and the count seen is usual.
 */
const STILL_ON_UNLIKELY = 2;
const USUAL = 1.3;

/** Hits in one window of an anomaly, beside the hits to expect if the fault is still on and if it is over. */
export interface Aftermath {
  /** Hits of the kind that a fault repeats while it is on. */
  readonly hits: number;
  /** Hits to expect if the fault is still on. */
  readonly ifOn: number;
  /** Hits to compare with the usual ones. */
  readonly arrivals: number;
  /** Usual hits; called only if a fault still on would hardly show so few. */
  readonly usual: () => Expectation;
}

/** Computes the odds (-log10) against so few hits if the fault is still on; null until they show that it is over. */
export function oddsThatOver({ hits, ifOn, arrivals, usual }: Aftermath): number | null {
  const unlikely = lowerUnlikeliness(hits, ifOn, STILL_ON_SIZE);
  return unlikely < STILL_ON_UNLIKELY || unlikelyMany(arrivals, usual()) > USUAL ? null : unlikely;
}

/** Extra odds (-log10) for a series first watched at this epoch minute. */
export function youngOdds(now: number, bornMinute: number): number {
  return now / MINUTE - bornMinute < YOUNG.minutes ? YOUNG.unlikelier : 0;
}

/**
 * Most hits that we learn from a block near an anomaly or under a suspected burn. A fault hardly moves the baseline,
 * and a batch job that misbehaves every night becomes usual after some nights.
 */
export function plausible({ mean, size }: Expectation): number {
  return Math.max(1, mean + 3 * Math.sqrt(mean + (mean * mean) / size));
}

/** Times of anomalies of a series, epoch milliseconds. */
export interface AnomalyTimes {
  /** Current anomaly. */
  readonly anomaly: { readonly since: number; readonly relearnt: boolean } | null;
  /** Previous anomaly. */
  readonly abnormal: readonly [from: number, to: number] | null;
}

/** Whether a stretch of time (epoch milliseconds) touches an anomaly whose counts we do not learn in full. */
export function isAbnormal({ anomaly, abnormal }: AnomalyTimes, from: number, to: number): boolean {
  if (anomaly && !anomaly.relearnt && to > anomaly.since) return true;
  return abnormal !== null && to > abnormal[0] && from < abnormal[1];
}

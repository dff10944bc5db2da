import type { Verdict } from '../../detection.js';
import { expectedHigh, unlikelyMany } from '../count-baseline.v1.js';
import { exposure } from '../pulse.v1.js';
import { logLikelihoodRatio } from '../tail.v1.js';
import { BLOCK, MINUTE } from './common.v1.js';
import { type WatchState, type WatchContext, limits, isKnown } from './watch-state.v1.js';
import { window, expectedIn, isOfDeploy, verdict, blockSums } from './watch-window.v1.js';
import { isHabit } from './watch-spike.v1.js';

/**
 * CUSUM for a doubled rate (Page 1954). With an exact model one series gives a false call every e^16 blocks. `most`
 * caps the weight of one block. Half of the sum is forgotten in twelve hours, because a series with hardly any hits has
 * no calm blocks that speak against a cluster.
 *
 * Chosen on seeds 1 to 99 of bench:detection. Change of F1: `ratio` half −0.007, double +0.007; `limit` half +0.007;
 * `suspicious` double −0.007; of the others none, and of the delay none (bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29).
 */
const BURN = { ratio: 2, limit: 16, suspicious: 5, most: 4, unlikely: 6, keep: 0.5 ** (1 / 72) };

/** Calls a rate that has at least doubled, however slowly, once it has lasted long enough to be sure. */
export function callBurn(watch: WatchState, context: WatchContext): Verdict | null {
  if (watch.burn.sum < BURN.limit || !isKnown(watch, context)) return null;
  const minutes = Math.min(360, context.now / MINUTE - watch.burn.since * BLOCK);
  const seen = window(watch, context, Math.ceil(minutes));
  watch.burn.sum = 0;
  const customers = limits(context).newFault.customers;
  if (seen.arrivals < 2 * customers) return null;
  const usual = expectedIn(watch, context, seen);
  if (seen.arrivals < BURN.ratio * usual.mean || unlikelyMany(seen.apart, usual) < BURN.unlikely) return null;
  if (isHabit(watch, context, seen)) return null;
  return verdict('slow_burn', watch, context, seen);
}

/** Adds one finished block to the evidence of a burn, in place. */
export function addBurn(watch: WatchState, block: number, context: WatchContext): void {
  const from = block * BLOCK * MINUTE;
  if (isOfDeploy(watch, context, from, from + BLOCK * MINUTE)) return;
  const exposed = exposure(context.pulse, from, from + BLOCK * MINUTE);
  const usual = expectedHigh(watch.baseline, from + (BLOCK / 2) * MINUTE, exposed, context.pulse.mean || 1, 0);
  const step = logLikelihoodRatio(blockSums(watch, block).apart, usual.mean, usual.size, BURN.ratio);
  if (watch.burn.sum === 0) watch.burn.since = block;
  watch.burn.sum =
    watch.anomaly || !isKnown(watch, context) ? 0 : Math.max(0, BURN.keep * watch.burn.sum + Math.min(BURN.most, step));
}

/** Whether a burn is suspected. Learning waits meanwhile, so that the burn cannot become usual while we judge it. */
export function isSuspicious(watch: WatchState): boolean {
  return watch.burn.sum >= BURN.suspicious;
}

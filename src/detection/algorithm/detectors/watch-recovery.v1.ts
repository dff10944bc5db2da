import type { Verdict } from '../../detection.js';
import { newBaseline } from '../count-baseline.v1.js';
import { exposure, isActive } from '../pulse.v1.js';
import { evidence } from '../words.js';
import { BLOCK, MINUTE, oddsThatOver, RELEARN_AFTER } from './common.v1.js';
import { type WatchState, type Anomaly, type WatchContext } from './watch-state.v1.js';
import { type Window, window, sumSince, expectedIn, lastHit, leastExposure } from './watch-window.v1.js';

/**
 * Follows an anomaly until it is over: a fault still on would hardly show so few hits, and the rest is as usual. Says
 * nothing while the app is silent.
 *
 * The windows (minutes) and the odds of common.v1 were chosen on seeds 1 to 99 of bench:detection; nobody has measured
 * what half and double of each cost.
 */
export function follow(watch: WatchState, anomaly: Anomaly, context: WatchContext): Verdict | null {
  busiest(watch, anomaly, context);
  const reached = sumSince(watch, Math.floor(anomaly.since / MINUTE)).arrivals;
  if (anomaly.kind !== 'new') watch.habit.arrivals = Math.max(watch.habit.arrivals, reached);
  anomaly.lastHit = Math.max(anomaly.lastHit, lastHit(watch));
  relearn(watch, anomaly, context);
  if (!isActive(context.pulse, context.now)) return null;
  const pacePerExposure = anomaly.customers / Math.max(anomaly.exposed, leastExposure(context.pulse));
  for (const minutes of [5, 10, 30, 60, 360]) {
    const seen = window(watch, context, minutes);
    if (seen.from < anomaly.since + MINUTE) break;
    const hits = minutes > 60 ? seen.arrivals : seen.customers;
    const ifOn = pacePerExposure * seen.exposed;
    const usual = () => expectedIn(watch, context, seen);
    const unlikeliness = oddsThatOver({ hits, ifOn, arrivals: seen.arrivals, usual });
    if (unlikeliness === null) continue;
    return recovered(watch, anomaly, context, { seen, hits, ifOn, unlikeliness });
  }
  return null;
}

function recovered(
  watch: WatchState,
  anomaly: Anomaly,
  context: WatchContext,
  found: { seen: Window; hits: number; ifOn: number; unlikeliness: number },
): Verdict {
  const end = anomaly.lastHit * MINUTE + MINUTE;
  watch.abnormal = [anomaly.since, end];
  watch.anomaly = null;
  const result = {
    kind: 'recovered' as const,
    since: found.seen.from,
    at: context.now,
    expected: found.ifOn,
    seen: found.hits,
    windowMs: context.now - found.seen.from,
    unit: 'customers' as const,
    unlikeliness: found.unlikeliness,
  };
  return { ...result, words: `${evidence(result)}; expected is if the fault were still on, and the app is in use` };
}

/** Keeps the busiest ten minutes of an anomaly, in place. */
export function busiest(watch: WatchState, anomaly: Anomaly, context: WatchContext): void {
  const from = Math.max(anomaly.since, context.now - BLOCK * MINUTE);
  const sums = sumSince(watch, Math.floor(from / MINUTE));
  const exposed = exposedSince(from, context);
  const slow = anomaly.customers === 0 && anomaly.kind === 'slow_burn';
  if (slow) return slowPace(watch, anomaly, context);
  if (sums.customers * anomaly.exposed < anomaly.customers * exposed) return;
  anomaly.customers = sums.customers;
  anomaly.exposed = exposed;
}

function slowPace(watch: WatchState, anomaly: Anomaly, context: WatchContext): void {
  anomaly.customers = sumSince(watch, Math.floor(anomaly.since / MINUTE)).arrivals;
  anomaly.exposed = exposedSince(anomaly.since, context);
}

/**
 * Exposure since an instant, never zero: some customers within the first seconds do not set a pace of so many a second.
 */
function exposedSince(from: number, { pulse, now }: WatchContext): number {
  return Math.max(exposure(pulse, from, now), leastExposure(pulse));
}

function relearn(watch: WatchState, anomaly: Anomaly, context: WatchContext): void {
  if (anomaly.relearnt || context.now - anomaly.since < RELEARN_AFTER) return;
  anomaly.relearnt = true;
  watch.baseline = newBaseline();
}

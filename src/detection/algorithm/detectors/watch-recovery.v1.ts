import type { Verdict } from '../../detection.js';
import { exposure, isActive } from '../pulse.v1.js';
import { evidence } from '../words.js';
import { type Aftermath, BLOCK, MINUTE, OVER_WINDOWS } from './common.v1.js';
import { follow, relearn } from './follow.v1.js';
import { type WatchState, type Anomaly, type WatchContext } from './watch-state.v1.js';
import { window, sumSince, expectedIn, lastHit, leastExposure } from './watch-window.v1.js';

/** Hits of a window after the start of an anomaly. */
interface Seen extends Aftermath {
  readonly from: number;
}

/**
 * Follows the anomaly of a count until it is over. Says nothing while the app is silent.
 *
 * The windows and the odds are those of common.v1.
 */
export function followCount(watch: WatchState, anomaly: Anomaly, context: WatchContext): Verdict | null {
  busiest(watch, anomaly, context);
  const reached = sumSince(watch, Math.floor(anomaly.since / MINUTE)).arrivals;
  if (anomaly.kind !== 'new') watch.habit.arrivals = Math.max(watch.habit.arrivals, reached);
  anomaly.lastHit = Math.max(anomaly.lastHit, lastHit(watch));
  relearn(watch, anomaly, context.now);
  if (!isActive(context.pulse, context.now)) return null;
  const pacePerExposure = anomaly.customers / Math.max(anomaly.exposed, leastExposure(context.pulse));
  return follow(watch, {
    windows: OVER_WINDOWS.count,
    within: (minutes) => {
      const seen = window(watch, context, minutes);
      if (seen.from < anomaly.since + MINUTE) return null;
      return {
        from: seen.from,
        hits: minutes > 60 ? seen.arrivals : seen.customers,
        ifOn: pacePerExposure * seen.exposed,
        arrivals: seen.arrivals,
        usual: () => expectedIn(watch, context, seen),
      };
    },
    recovered: (seen, unlikeliness) => recovered(context, seen, unlikeliness),
    lastHit: () => anomaly.lastHit * MINUTE + MINUTE,
  });
}

function recovered(context: WatchContext, { from, hits, ifOn }: Seen, unlikeliness: number): Verdict {
  const result = {
    kind: 'recovered' as const,
    since: from,
    at: context.now,
    expected: ifOn,
    seen: hits,
    windowMs: context.now - from,
    unit: 'customers' as const,
    unlikeliness,
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

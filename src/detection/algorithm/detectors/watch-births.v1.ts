import type { DetectionThresholds, Verdict } from '../../detection.js';
import { unlikelyMany } from '../count-baseline.v1.js';
import { type WatchState, type WatchContext, isKnown, limits, partOf } from './watch-state.v1.js';
import { window, expectedIn, withoutDeploy, verdict } from './watch-window.v1.js';

/**
 * An outage shows as new issues side by side before any of them has reached many: in two minutes this many issues that
 * nobody has seen, and with them this part of the configured customers, at odds (-log10) against what new issues usually
 * reach here. An office or a script hits one issue, so it is not taken for an outage.
 */
const BIRTHS = { minutes: 2, issues: 2, part: 0.6, unlikely: 4 };

/** Distinct customers of an outage that shows as new issues side by side. */
export const outageCustomers = (thresholds: DetectionThresholds) => partOf(thresholds, BIRTHS.part);

/** New issues side by side, on the sum of all issues that are young. */
export function callBirths(watch: WatchState, context: WatchContext): Verdict | null {
  if (watch.canBeNew || !isKnown(watch, context)) return null;
  const seen = window(watch, context, BIRTHS.minutes);
  if (seen.births < BIRTHS.issues || seen.moments < 2) return null;
  const left = withoutDeploy(watch, context, seen);
  if (!left || left.births < BIRTHS.issues || left.arrivals < outageCustomers(limits(context))) return null;
  if (unlikelyMany(left.arrivals, expectedIn(watch, context, left)) < BIRTHS.unlikely) return null;
  return verdict('spike', watch, context, left);
}

import type { DetectionThresholds, Verdict } from '../../detection.js';
import { unlikelyMany } from '../count-baseline.v1.js';
import { type WatchState, type WatchContext, isKnown, limits, partOf } from './watch-state.v1.js';
import { window, expectedIn, withoutDeploy, verdict } from './watch-window.v1.js';

/**
 * Signs of an outage that spreads over new issues: in two minutes this many issues that nobody has seen before,
 * reaching this part of the configured customers, at these odds (-log10) against the usual reach of new issues here. An
 * office or a script hits one issue and is not taken for an outage.
 *
 * Chosen on seeds 1 to 99 of bench:detection. Of the faults of all sizes half of `part` finds 0.007 more, double of `part`
 * or of `unlikely` 0.007 fewer; F1 and delay stay (bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29).
 */
const BIRTHS = { minutes: 2, issues: 2, part: 0.6, unlikely: 4 };

/** Distinct customers that make new issues side by side an outage. */
export const outageCustomers = (thresholds: DetectionThresholds) => partOf(thresholds, BIRTHS.part);

/** Calls new issues side by side, on the sum of all young issues. */
export function callBirths(watch: WatchState, context: WatchContext): Verdict | null {
  if (watch.canBeNew || !isKnown(watch, context)) return null;
  const seen = window(watch, context, BIRTHS.minutes);
  if (seen.births < BIRTHS.issues || seen.moments < 2) return null;
  const left = withoutDeploy(watch, context, seen);
  if (!left || left.births < BIRTHS.issues || left.arrivals < outageCustomers(limits(context))) return null;
  if (unlikelyMany(left.arrivals, expectedIn(watch, context, left)) < BIRTHS.unlikely) return null;
  return verdict('spike', watch, context, left);
}

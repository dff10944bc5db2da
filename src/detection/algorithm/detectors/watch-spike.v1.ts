import type { Verdict } from '../../detection.js';
import { type Expectation, expectedEvents, unlikelyMany } from '../count-baseline.v1.js';
import { DAY_MINUTES, FEW_SERIES, MINUTE, youngOdds } from './common.v1.js';
import { type WatchState, type WatchContext, limits, isKnown } from './watch-state.v1.js';
import {
  type Window,
  window,
  middle,
  expectedIn,
  withoutDeploy,
  verdict,
  blockSums,
  densest,
} from './watch-window.v1.js';

/** Minutes that a spike is looked for in; the first holds the running minute and the one before. */
const SPIKE_WINDOWS = [2, 10, 60];
/** A jump at the hour of an earlier one, up to this many times as large, is a habit (a nightly job), not news. */
const HABIT = { within: 60 * MINUTE, lasts: 180 * MINUTE, times: 3, forgottenAfter: 8 * DAY_MINUTES * MINUTE };
/** Of the customers that a fault is configured to need, a spike needs all as independent evidence; within two minutes this share. */
const APART_SHARE = 0.7;
/**
 * One in the last two weeks makes flashes usual: restarts, connections that drop. What lasts longer than so many minutes
 * and is not over, or is spread over more of them, is no flash.
 */
const FLASH = { usual: 0.7, larger: 3, lasts: 7, stillMinutes: 2, unlikely: 6, keep: 0.5 ** (1 / (28 * 144)) };

/** Both customers and events must stand out, by ratio and by odds; customers who come back do not count again. */
export function callSpike(watch: WatchState, context: WatchContext): Verdict | null {
  if (!isKnown(watch, context)) return null;
  for (const minutes of SPIKE_WINDOWS) {
    const seen = withoutDeploy(watch, context, window(watch, context, minutes));
    if (seen && isSpike(watch, context, seen)) return verdict('spike', watch, context, seen);
  }
  return null;
}

function isSpike(watch: WatchState, context: WatchContext, seen: Window): boolean {
  const { newFault, spikeRatio, spikeUnlikeliness } = limits(context);
  const least = seen.minutes > 30 ? 2 * newFault.customers : newFault.customers;
  const leastApart = (seen.minutes > 2 ? 1 : APART_SHARE) * newFault.customers;
  if (seen.arrivals < least || seen.apart < leastApart) return false;
  if (isFlash(watch, context, seen)) return false;
  const usual = expectedIn(watch, context, seen);
  if (seen.arrivals < spikeRatio * usual.mean) return false;
  if (seen.events < 1.5 * expectedEvents(watch.baseline, middle(seen), seen.exposed)) return false;
  const few = watch.canBeNew ? 0 : FEW_SERIES;
  const young = youngOdds(context.now, watch.born);
  if (unlikelyMany(seen.apart, usual) < spikeUnlikeliness - few + young) return false;
  return !isHabit(watch, context, seen);
}

/** Notes the jump as well, so that what comes every night stays known. */
export function isHabit(watch: WatchState, { now }: WatchContext, seen: Window): boolean {
  const { at, arrivals, known } = watch.habit;
  const ago = now - at;
  if (ago <= HABIT.lasts) return known && seen.arrivals <= HABIT.times * arrivals;
  const day = DAY_MINUTES * MINUTE;
  const offHour = Math.abs(ago - Math.round(ago / day) * day);
  const again = ago < HABIT.forgottenAfter && ago > day / 2 && offHour <= HABIT.within;
  const usual = again && seen.arrivals <= HABIT.times * arrivals;
  watch.habit = { at: now, arrivals: again ? Math.max(arrivals, seen.arrivals) : seen.arrivals, known: usual };
  return usual;
}

/** A series that flashes and heals by itself time and again is given as long as it takes to heal, unless this is far more. */
function isFlash(watch: WatchState, context: WatchContext, seen: Window): boolean {
  if (watch.flashes.weight < FLASH.usual || seen.arrivals > FLASH.larger * watch.flashes.largest) return false;
  const began = (seen.first ?? 0) * MINUTE;
  if (context.now - began < FLASH.lasts * MINUTE) return true;
  const still = window(watch, context, FLASH.stillMinutes).apart;
  return still < limits(context).newFault.customers / 2 && densest(watch, seen, FLASH.lasts) > seen.arrivals / 2;
}

/** A block far out of line whose next but one is calm again; known by now, since learning is an hour behind. */
export function noteFlash(
  watch: WatchState,
  block: number,
  seen: number,
  usual: Expectation,
  context: WatchContext,
): void {
  if (seen < limits(context).newFault.customers || unlikelyMany(seen, usual) < FLASH.unlikely) return;
  const before = block - watch.flashes.last;
  const healed = blockSums(watch, block + 2).arrivals + blockSums(watch, block + 3).arrivals <= seen / 4;
  if (!healed || before <= 1) return;
  const kept = watch.flashes.weight * FLASH.keep ** before;
  const largest = kept < 0.5 ? seen : Math.max(watch.flashes.largest, seen);
  watch.flashes = { weight: kept + 1, largest, last: block };
}

import type { Verdict } from '../../detection.js';
import { type Expectation, expectedEvents, unlikelyMany } from '../count-baseline.v1.js';
import { DAY_MINUTES, FEW_SERIES, MINUTE, SPIKE_WINDOWS, youngOdds } from './common.v1.js';
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

/**
 * Habit (a nightly job): a jump at the same time of day as an earlier one, and up to this many times as large. It is
 * not news.
 *
 * All numbers of this file were chosen on seeds 1 to 99 of bench:detection. Of half and double of `times`, APART_SHARE,
 * `larger` and `unlikely` two change anything: APART_SHARE double +0.004 F1 and 0.007 fewer of the faults of all sizes,
 * `unlikely` double −0.004 F1 (bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29).
 */
const HABIT = { within: 60 * MINUTE, lasts: 180 * MINUTE, times: 3, forgottenAfter: 8 * DAY_MINUTES * MINUTE };
/**
 * Share of the configured customers that must count as independent evidence within two minutes; in longer windows all
 * must.
 */
const APART_SHARE = 0.7;
/**
 * Flashes: short jumps that heal by themselves (restarts, dropped connections). One in the last two weeks makes them
 * usual. A jump is no flash if it still goes on after so many minutes, or if it is spread over more of them.
 */
const FLASH = { usual: 0.7, larger: 3, lasts: 7, stillMinutes: 2, unlikely: 6, keep: 0.5 ** (1 / (28 * 144)) };

/**
 * Calls a spike: both customers and events stand out, by ratio and by odds. Customers who come back do not count again.
 */
export function callSpike(watch: WatchState, context: WatchContext): Verdict | null {
  if (!isKnown(watch, context)) return null;
  for (const minutes of SPIKE_WINDOWS.count) {
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

/** Whether a jump is a habit. Notes the jump as well, so that a nightly one stays known. */
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

/**
 * Whether a jump may be a flash. A series that heals by itself time and again gets the time to heal, unless this jump
 * is far larger.
 */
function isFlash(watch: WatchState, context: WatchContext, seen: Window): boolean {
  if (watch.flashes.weight < FLASH.usual || seen.arrivals > FLASH.larger * watch.flashes.largest) return false;
  const began = (seen.first ?? 0) * MINUTE;
  if (context.now - began < FLASH.lasts * MINUTE) return true;
  const still = window(watch, context, FLASH.stillMinutes).apart;
  return still < limits(context).newFault.customers / 2 && densest(watch, seen, FLASH.lasts) > seen.arrivals / 2;
}

/**
 * Notes a flash: a block far out of line that is calm again two blocks later. Learning lags an hour behind, so the
 * later blocks are known.
 */
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

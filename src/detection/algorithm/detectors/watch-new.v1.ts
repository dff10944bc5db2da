import type { Verdict } from '../../detection.js';
import { unlikelyMany } from '../count-baseline.v1.js';
import { meansSomething, noteFlare, pace } from '../pulse.v1.js';
import { DAY_MINUTES, MINUTE } from './common.v1.js';
import { type WatchState, type WatchContext, limits, partOf } from './watch-state.v1.js';
import { type Window, window, sumSince, expectedIn, ofDeploy, withoutDeploy, verdict } from './watch-window.v1.js';

/**
 * Part of the configured customers that makes a small group. It is enough where such groups came to something before,
 * and only if its customers were hit apart.
 *
 * All numbers of this file were chosen on seeds 1 to 99 of bench:detection. Small groups on seeds 1 to 24: delay 142 to
 * 101 s, false incidents 0.51 to 0.78 a week. Half of APART_PART costs 0.046 F1
 * and saves 7 s, double costs 8 s and 0.035 of the faults of all sizes; FIRST_DAY_PACE half −0.007 F1, double 7 s sooner;
 * OUTRUNS_ITSELF nothing (bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29).
 */
const APART_PART = 0.6;
/**
 * Small group within two minutes: this part of the configured customers, if it is also this share of the active ones
 * and at least so many are active. Hits that all fall into the same ten seconds are one script with several accounts.
 * An app that does not tell who is active counts as one with one active customer.
 */
const AT_ONCE = [
  { part: 0.4, share: 0.005, active: 20 },
  { part: 0.6, share: 0.0025, active: 0 },
];
/** Minutes of watching a project's small groups after which we act on one. */
const FLARES_KNOWN_AFTER = 2 * DAY_MINUTES;
/**
 * Active customers a minute up to which the configured number holds on the first day; above, it grows with the square
 * root of their number.
 */
const FIRST_DAY_PACE = 300;
/** Time after which we know whether a small group was the start of something. */
const FLARE_OVER = 30 * MINUTE;
/** Slow burns of a new issue: a multiple of the configured customers within a longer time. */
const TRICKLES = [
  { minutes: 60, times: 2 },
  { minutes: 360, times: 3 },
];
/** Odds (-log10) by which a new issue must exceed its own pace once it has trickled for an hour. */
const OUTRUNS_ITSELF = 4;

/** Calls an issue in its first day. Nothing is usual for it yet, so it is judged by how many customers it reaches. */
export function callNew(watch: WatchState, context: WatchContext): Verdict | null {
  const age = context.now / MINUTE - watch.born;
  if (!watch.canBeNew || age > DAY_MINUTES) return null;
  const { customers, withinMinutes } = limits(context).newFault;
  const small = smallGroup(watch, context);
  if (small) return verdict('new', watch, context, small);
  const configured = withoutDeploy(watch, context, window(watch, context, withinMinutes));
  if (!configured) return null;
  if (
    configured.arrivals >= neededForNew(customers, context) &&
    (age <= 60 || outrunsItself(watch, context, configured))
  ) {
    return verdict('new', watch, context, configured);
  }
  if (watch.called || !isYoungerThanFirstDay(watch, context)) return null;
  const slow = TRICKLES.map(({ minutes, times }) => ({
    seen: window(watch, context, minutes),
    least: times * customers,
  })).find(({ seen, least }) => seen.arrivals - ofDeploy(watch, context, seen) >= least);
  return slow ? verdict('slow_burn', watch, context, slow.seen) : null;
}

/**
 * Customers that a new issue needs: the configured number, and more on a project's first day. All old troubles of a
 * busy app look new on that day, and the more customers are active, the more of them such a trouble reaches.
 */
function neededForNew(customers: number, context: WatchContext): number {
  if (!isFirstDay(context)) return customers;
  return customers * Math.max(1, Math.sqrt(pace(context.pulse) / FIRST_DAY_PACE));
}

function outrunsItself(watch: WatchState, context: WatchContext, seen: Window): boolean {
  return unlikelyMany(seen.arrivals, expectedIn(watch, context, seen)) >= OUTRUNS_ITSELF;
}

/**
 * Finds a group smaller than configured. It is the start of a fault unless such groups came to nothing before in this
 * project.
 */
function smallGroup(watch: WatchState, context: WatchContext): Window | null {
  if (isFirstDay(context)) return null;
  const group = hitAtOnce(watch, context) ?? hitApart(watch, context);
  if (!group) return null;
  const customers = Math.max(Math.floor(group.apart), watch.flare?.customers ?? 0);
  watch.flare = { at: watch.flare?.at ?? context.now, customers };
  if (context.pulse.recorded < FLARES_KNOWN_AFTER) return null;
  return meansSomething(context.pulse, Math.floor(group.apart)) ? group : null;
}

/** Finds customers hit within two minutes who are a large enough share of those active. */
function hitAtOnce(watch: WatchState, context: WatchContext): Window | null {
  const seen = withoutDeploy(watch, context, window(watch, context, 2));
  if (!seen || seen.moments < 2) return null;
  const active = pace(context.pulse);
  const enough = AT_ONCE.some(
    (group) =>
      active >= group.active && seen.arrivals >= Math.max(partOf(limits(context), group.part), group.share * active),
  );
  return enough ? seen : null;
}

/** Finds customers hit one after the other, in different places, in the first hour of a new issue. */
function hitApart(watch: WatchState, context: WatchContext): Window | null {
  if (!isYoungerThanFirstDay(watch, context) || context.now / MINUTE - watch.born > 60) return null;
  const seen = window(watch, context, limits(context).newFault.withinMinutes);
  return seen.apart >= partOf(limits(context), APART_PART) ? seen : null;
}

/** Remembers for the whole project whether a small group grew into a fault. */
export function judgeFlare(watch: WatchState, context: WatchContext): void {
  const { flare } = watch;
  if (!flare || context.now - flare.at < FLARE_OVER) return;
  const { customers, withinMinutes } = limits(context).newFault;
  const reached = sumSince(watch, Math.floor(flare.at / MINUTE) - withinMinutes).arrivals;
  noteFlare(context.pulse, context.now, flare.customers, reached >= customers);
  watch.flare = null;
}

/** On a project's first day every issue is new to us, so only the configured rule applies. */
function isFirstDay({ pulse }: WatchContext): boolean {
  return pulse.recorded < DAY_MINUTES;
}

/** Whether an issue was first seen after the project's first day, and so is truly new. */
function isYoungerThanFirstDay(watch: WatchState, { pulse }: WatchContext): boolean {
  return watch.born >= pulse.next - pulse.recorded + DAY_MINUTES;
}

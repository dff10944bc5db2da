import type { Verdict } from '../../detection.js';
import { unlikelyMany } from '../count-baseline.v1.js';
import { meansSomething, noteFlare, pace } from '../pulse.v1.js';
import { DAY_MINUTES, MINUTE } from './common.v1.js';
import { type WatchState, type WatchContext, limits, partOf } from './watch-state.v1.js';
import { type Window, window, sumSince, expectedIn, ofDeploy, withoutDeploy, verdict } from './watch-window.v1.js';

/** The part of the configured customers that is a small group: enough where such groups mean something, if they are hit apart. */
const APART_PART = 0.6;
/**
 * … or in two minutes, not all in the same ten seconds (that is one script with several accounts): such a part, being
 * this share of the active customers, where at least so many are active. An app that does not tell counts as one.
 */
const AT_ONCE = [
  { part: 0.4, share: 0.005, active: 20 },
  { part: 0.6, share: 0.0025, active: 0 },
];
/** Minutes after which a project's small groups have been watched long enough to act on one. */
const FLARES_KNOWN_AFTER = 2 * DAY_MINUTES;
/** Active customers a minute up to which the configured number holds on the first day; above, it grows with the square root. */
const FIRST_DAY_PACE = 300;
/** After this long it is known whether a small group was the start of something. */
const FLARE_OVER = 30 * MINUTE;
/** A new issue that never hits enough at once is a slow burn when it reaches so many times as many in a longer time. */
const TRICKLES = [
  { minutes: 60, times: 2 },
  { minutes: 360, times: 3 },
];
/** A new issue that has trickled for an hour must also outrun itself by these odds (-log10 p). */
const OUTRUNS_ITSELF = 4;

/** New for a day from its first hit: then what matters is whom it reaches, not what is usual. */
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
 * The configured number, except on a project's first day: then the old troubles of a busy app all look new, and the more
 * customers are known to be active, the more of them such a trouble reaches.
 */
function neededForNew(customers: number, context: WatchContext): number {
  if (!isFirstDay(context)) return customers;
  return customers * Math.max(1, Math.sqrt(pace(context.pulse) / FIRST_DAY_PACE));
}

function outrunsItself(watch: WatchState, context: WatchContext, seen: Window): boolean {
  return unlikelyMany(seen.arrivals, expectedIn(watch, context, seen)) >= OUTRUNS_ITSELF;
}

/** A group smaller than configured is the start of a fault, unless such groups came to nothing before in this project. */
function smallGroup(watch: WatchState, context: WatchContext): Window | null {
  if (isFirstDay(context)) return null;
  const group = hitAtOnce(watch, context) ?? hitApart(watch, context);
  if (!group) return null;
  const customers = Math.max(Math.floor(group.apart), watch.flare?.customers ?? 0);
  watch.flare = { at: watch.flare?.at ?? context.now, customers };
  if (context.pulse.recorded < FLARES_KNOWN_AFTER) return null;
  return meansSomething(context.pulse, Math.floor(group.apart)) ? group : null;
}

/** Some customers within two minutes, where they are a good share of those active. */
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

/** Some customers one after the other, none of them at the desk beside the other, in the first hour of a new issue. */
function hitApart(watch: WatchState, context: WatchContext): Window | null {
  if (!isYoungerThanFirstDay(watch, context) || context.now / MINUTE - watch.born > 60) return null;
  const seen = window(watch, context, limits(context).newFault.withinMinutes);
  return seen.apart >= partOf(limits(context), APART_PART) ? seen : null;
}

/** Remembers for the whole project a small group that stayed one. */
export function judgeFlare(watch: WatchState, context: WatchContext): void {
  const { flare } = watch;
  if (!flare || context.now - flare.at < FLARE_OVER) return;
  const { customers, withinMinutes } = limits(context).newFault;
  const reached = sumSince(watch, Math.floor(flare.at / MINUTE) - withinMinutes).arrivals;
  noteFlare(context.pulse, context.now, flare.customers, reached >= customers);
  watch.flare = null;
}

/** On a project's first day everything is new to us, so only the configured rule speaks. */
function isFirstDay({ pulse }: WatchContext): boolean {
  return pulse.recorded < DAY_MINUTES;
}

/** First seen after the project's first day, so truly new. */
function isYoungerThanFirstDay(watch: WatchState, { pulse }: WatchContext): boolean {
  return watch.born >= pulse.next - pulse.recorded + DAY_MINUTES;
}

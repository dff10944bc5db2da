import {
  DEFAULT_THRESHOLDS,
  type DetectionKind,
  type DetectionThresholds,
  type MinuteRow,
  type Verdict,
} from '../detection.js';
import {
  type BaselineState,
  type Expectation,
  expected,
  expectedEvents,
  expectedHigh,
  learn,
  learnScatter,
  newBaseline,
  unlikelyMany,
} from './count-baseline.v1.js';
import { exposure, isActive, meansSomething, noteFlare, pace, type PulseState } from './pulse.v1.js';
import { logLikelihoodRatio, lowerUnlikeliness } from './tail.v1.js';
import { evidence } from './words.js';

/**
 * One watched series: an issue, or a whole project, release, service or area. Plain JSON of bounded size: at most 70
 * minutes with hits, 36 blocks of ten minutes, and a baseline. The functions below change it in place.
 */
export interface WatchState {
  readonly v: 1;
  /** Minute of the first hit, or from which on it is watched. */
  readonly born: number;
  /** False for a whole project, release, service or area. */
  readonly canBeNew: boolean;
  /** It was called before: what trickles on after that is not new. */
  called: boolean;
  /** A small group was hit at once; it is known half an hour later whether that was the start of something. */
  flare: { at: number; customers: number } | null;
  /** Minutes with hits not yet learnt: minute, arrivals, customers, events, flat and in order of time. */
  recent: number[];
  /** Blocks of ten minutes with arrivals, of the six hours before `recent`: block, arrivals, flat. */
  blocks: number[];
  baseline: BaselineState;
  /** The next block of ten minutes to learn. */
  learnt: number;
  /** Arrivals and expectation of the hour that is being learnt. */
  hour: [seen: number, mean: number];
  /** Evidence that the rate has doubled (CUSUM, natural log), the block it began in, and the next block to add. */
  burn: { sum: number; since: number; next: number };
  anomaly: Anomaly | null;
  /** Milliseconds since the epoch of the last anomaly, which is learnt with its counts cut off. */
  abnormal: [from: number, to: number] | null;
  /** The last jump: when, its customers, and whether it was one of a row at that hour of the day. */
  habit: { at: number; arrivals: number; known: boolean };
  /** Jumps that healed within minutes: how many (half forgotten after four weeks), the largest, and the block of the last. */
  flashes: { weight: number; largest: number; last: number };
}

interface Anomaly {
  readonly kind: DetectionKind;
  readonly since: number;
  /** Busiest ten minutes since it began: customers and exposure; what "still on" would look like. */
  customers: number;
  exposed: number;
  lastHit: number;
  relearnt: boolean;
}

/** What surrounds the series at the moment of the look. */
export interface WatchContext {
  /** Epoch milliseconds; rows may be of the running minute. */
  readonly now: number;
  /** The activity of the series' project. */
  readonly pulse: PulseState;
  /** Last deploy or restart of the project, epoch milliseconds. */
  readonly deployedAt?: number;
  readonly thresholds?: DetectionThresholds;
}

const MINUTE = 60_000;
const BLOCK = 10;
/** Counts are learnt an hour late, so that a fault is called before it can teach. */
const LAG_BLOCKS = 6;
const DAY_MINUTES = 1440;
/** After an outage of ours or a long silence of a series, this many blocks (two weeks) are caught up, no more. */
const CATCH_UP_BLOCKS = 2016;
/** Minutes that a spike is looked for in; the first holds the running minute and the one before. */
const SPIKE_WINDOWS = [2, 10, 60];
/** Minutes of mean use that a window has at least, so that a hit right after a gap is not a wonder. */
const LEAST_EXPOSURE = 1;
/** A jump at the hour of an earlier one, up to this many times as large, is a habit (a nightly job), not news. */
const HABIT = { within: 60 * MINUTE, lasts: 180 * MINUTE, times: 2, forgottenAfter: 8 * DAY_MINUTES * MINUTE };
/** A project has hundreds of issues and a handful of whole series, so those may speak at odds that are less long (-log10). */
const FEW_SERIES = 2;
/** Until a series has shown some nights, its hours are guesses, so longer odds are asked for (-log10). */
const YOUNG = { minutes: 3 * DAY_MINUTES, unlikelier: 3 };
/** Of the customers that a fault is configured to need, a spike needs this share as independent evidence. */
const APART_SHARE = 0.7;
/** A share of the active customers in two minutes that makes fewer customers enough, where such small groups mean something. */
const FAST_SHARE = 0.0025;
const FAST_CUSTOMERS = 3;
/** Minutes after which a project's small groups have been watched long enough to act on one. */
const FLARES_KNOWN_AFTER = 3 * 1440;
/** Active customers a minute up to which the configured number holds on the first day; above, it grows with the square root. */
const FIRST_DAY_PACE = 300;
/** After this long it is known whether a small group was the start of something. */
const FLARE_OVER = 30 * MINUTE;
/** A new issue that has trickled for an hour must also outrun itself by these odds (-log10 p). */
const OUTRUNS_ITSELF = 4;
/** A known fault that jumps right after a deploy is given this long to pass: connections drop, old pages miss files. */
const DEPLOY_HOLD = 5 * MINUTE;
/** … unless it hits this share of the active customers. */
const DEPLOY_SHARE = 0.05;
/** Twice in some weeks makes flashes usual: restarts, connections that drop. Longer than `lasts`, and not over, is no flash. */
const FLASH = { usual: 1.2, larger: 3, lasts: 7 * MINUTE, stillMinutes: 3, unlikely: 6, keep: 0.5 ** (1 / (28 * 144)) };
/** CUSUM for a doubled rate: e^16 blocks between false calls of one series if the model were exact. No block says all. */
const BURN = { ratio: 2, limit: 16, suspicious: 5, most: 4, unlikely: 6 };
/** A changed world: what has lasted a day is learnt anew. */
const RELEARN_AFTER = 24 * 60 * MINUTE;

/** A series that starts now. @param minute its first minute, epoch minutes @param canBeNew false for whole projects */
export function newWatch(minute: number, canBeNew: boolean): WatchState {
  const block = Math.floor(minute / BLOCK);
  return {
    v: 1,
    born: minute,
    canBeNew,
    called: false,
    flare: null,
    recent: [],
    blocks: [],
    baseline: newBaseline(),
    learnt: block,
    hour: [0, 0],
    burn: { sum: 0, since: block, next: block },
    anomaly: null,
    abnormal: null,
    habit: { at: 0, arrivals: 0, known: false },
    flashes: { weight: 0, largest: 0, last: 0 },
  };
}

/**
 * Takes what is new about a series and says what is out of the ordinary now; changes the state in place.
 * A verdict comes once, when an anomaly begins, and once more (`recovered`) when it is over.
 * @param rows minutes with hits, complete so far; a minute given before is replaced; empty when only time has passed
 */
export function observe(watch: WatchState, rows: readonly MinuteRow[], context: WatchContext): Verdict[] {
  for (const row of rows) put(watch, row);
  catchUp(watch, context);
  judgeFlare(watch, context);
  const verdict = watch.anomaly ? follow(watch, watch.anomaly, context) : call(watch, context);
  return verdict ? [verdict] : [];
}

/** Whether a series has anything left to decide: if not, it need not be observed until its next hit. */
export function isAtRest(watch: WatchState): boolean {
  return watch.anomaly === null && watch.flare === null && watch.recent.length === 0;
}

function call(watch: WatchState, context: WatchContext): Verdict | null {
  const found = callNew(watch, context) ?? callSpike(watch, context) ?? callBurn(watch, context);
  if (!found) return null;
  watch.anomaly = {
    kind: found.kind,
    since: found.since,
    customers: 0,
    exposed: 0,
    lastHit: lastHit(watch),
    relearnt: false,
  };
  watch.called = true;
  watch.burn.sum = 0;
  busiest(watch, watch.anomaly, context);
  return found;
}

/** New for a day from its first hit: then what matters is whom it reaches, not what is usual. */
function callNew(watch: WatchState, context: WatchContext): Verdict | null {
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
  const hour = window(watch, context, 60);
  if (hour.arrivals >= 2 * customers) return verdict('slow_burn', watch, context, hour);
  const sixHours = window(watch, context, 360);
  return sixHours.arrivals >= 3 * customers ? verdict('slow_burn', watch, context, sixHours) : null;
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
  const seen = window(watch, context, 2);
  return seen.arrivals >= FAST_CUSTOMERS && seen.arrivals >= FAST_SHARE * pace(context.pulse) ? seen : null;
}

/** Some customers one after the other, none of them at the desk beside the other, in the first hour of a new issue. */
function hitApart(watch: WatchState, context: WatchContext): Window | null {
  if (!isYoungerThanFirstDay(watch, context) || context.now / MINUTE - watch.born > 60) return null;
  const seen = window(watch, context, limits(context).newFault.withinMinutes);
  return seen.apart >= FAST_CUSTOMERS ? seen : null;
}

/** Remembers for the whole project a small group that stayed one. */
function judgeFlare(watch: WatchState, context: WatchContext): void {
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

function limits(context: WatchContext): DetectionThresholds {
  return context.thresholds ?? DEFAULT_THRESHOLDS;
}

/** Both customers and events must stand out, by ratio and by odds; customers who come back do not count again. */
function callSpike(watch: WatchState, context: WatchContext): Verdict | null {
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
  if (seen.arrivals < least || seen.apart < (seen.minutes > 2 ? 1 : APART_SHARE) * newFault.customers) return false;
  if (isFlash(watch, context, seen)) return false;
  const usual = expectedIn(watch, context, seen);
  if (seen.arrivals < spikeRatio * usual.mean) return false;
  if (seen.events < 1.5 * expectedEvents(watch.baseline, middle(seen), seen.exposed)) return false;
  const few = watch.canBeNew ? 0 : FEW_SERIES;
  const young = context.now / MINUTE - watch.born < YOUNG.minutes ? YOUNG.unlikelier : 0;
  if (unlikelyMany(seen.apart, usual) < spikeUnlikeliness - few + young) return false;
  return !isHabit(watch, context, seen);
}

/** Notes the jump as well, so that what comes every night stays known. */
function isHabit(watch: WatchState, { now }: WatchContext, seen: Window): boolean {
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
  const still = window(watch, context, FLASH.stillMinutes).apart;
  return context.now - began < FLASH.lasts || still < limits(context).newFault.customers / 2;
}

/** The part of a window that a deploy does not explain; null when it explains all. */
function withoutDeploy(watch: WatchState, context: WatchContext, seen: Window): Window | null {
  const { deployedAt, now, pulse } = context;
  if (deployedAt !== undefined && watch.born * MINUTE >= deployedAt) return seen;
  if (deployedAt === undefined || deployedAt > now || deployedAt + DEPLOY_HOLD < seen.from) return seen;
  if (seen.arrivals >= DEPLOY_SHARE * pace(pulse) && seen.minutes <= BLOCK) return seen;
  const minutes = Math.floor((now - deployedAt - DEPLOY_HOLD) / MINUTE);
  return minutes < 1 ? null : window(watch, context, Math.min(minutes, seen.minutes));
}

/** What is usual is known after a day. */
function isKnown(watch: WatchState, { now }: WatchContext): boolean {
  return now / MINUTE - watch.born > DAY_MINUTES;
}

/** A rate that has at least doubled for long enough to be sure, however slowly. */
function callBurn(watch: WatchState, context: WatchContext): Verdict | null {
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

/** Recovered when, were the fault still on, so few hits would be a wonder, and the rest is as usual; never on a silent app. */
function follow(watch: WatchState, anomaly: Anomaly, context: WatchContext): Verdict | null {
  busiest(watch, anomaly, context);
  const reached = sumSince(watch, Math.floor(anomaly.since / MINUTE)).arrivals;
  if (anomaly.kind !== 'new') watch.habit.arrivals = Math.max(watch.habit.arrivals, reached);
  anomaly.lastHit = Math.max(anomaly.lastHit, lastHit(watch));
  relearn(watch, anomaly, context);
  if (!isActive(context.pulse, context.now)) return null;
  const pacePerExposure = anomaly.customers / Math.max(anomaly.exposed, 1e-9);
  for (const minutes of [5, 10, 30, 60, 360]) {
    const seen = window(watch, context, minutes);
    if (seen.from < anomaly.since + MINUTE) break;
    const hits = minutes > 60 ? seen.arrivals : seen.customers;
    const ifOn = pacePerExposure * seen.exposed;
    const unlikeliness = lowerUnlikeliness(hits, ifOn, STILL_ON_SIZE);
    if (unlikeliness < STILL_ON_UNLIKELY || unlikelyMany(seen.arrivals, expectedIn(watch, context, seen)) > 1.3)
      continue;
    return recovered(watch, anomaly, context, { seen, hits, ifOn, unlikeliness });
  }
  return null;
}

/** A fault's own pace varies by half; one in a hundred is enough, as a recurrence reopens what was closed. */
const STILL_ON_SIZE = 4;
const STILL_ON_UNLIKELY = 2;

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

interface Window {
  readonly from: number;
  readonly to: number;
  readonly minutes: number;
  readonly arrivals: number;
  /** Arrivals as independent evidence: of those in one minute every one after the first counts half. */
  readonly apart: number;
  readonly customers: number;
  readonly events: number;
  readonly first: number | null;
  readonly exposed: number;
}

/** The last so many minutes, the running one among them; what an anomaly that is over has told is not told again. */
function window(watch: WatchState, context: WatchContext, minutes: number): Window {
  const over = watch.abnormal ? Math.floor(watch.abnormal[1] / MINUTE) : 0;
  const fromMinute = Math.max(over, Math.floor((context.now - 1) / MINUTE) - minutes + 1);
  const from = fromMinute * MINUTE;
  const sums = sumSince(watch, fromMinute);
  const exposed = Math.max(exposure(context.pulse, from, context.now), context.pulse.mean * LEAST_EXPOSURE);
  return { from, to: context.now, minutes, ...sums, exposed };
}

function sumSince(watch: WatchState, fromMinute: number) {
  const sums = { arrivals: 0, apart: 0, customers: 0, events: 0, first: null as number | null };
  for (let at = 0; at < watch.blocks.length; at += 2) {
    const block = watch.blocks[at] ?? 0;
    if (block * BLOCK < fromMinute) continue;
    sums.arrivals += watch.blocks[at + 1] ?? 0;
    sums.apart += watch.blocks[at + 1] ?? 0;
    sums.first ??= block * BLOCK;
  }
  for (let at = 0; at < watch.recent.length; at += 4) {
    const minute = watch.recent[at] ?? 0;
    if (minute < fromMinute) continue;
    sums.arrivals += watch.recent[at + 1] ?? 0;
    sums.apart += apart(watch.recent[at + 1] ?? 0);
    sums.customers += watch.recent[at + 2] ?? 0;
    sums.events += watch.recent[at + 3] ?? 0;
    if ((watch.recent[at + 1] ?? 0) > 0) sums.first ??= minute;
  }
  return sums;
}

/** People hit in one minute are often one office or one call, not so many witnesses (a design effect of two). */
function apart(arrivals: number): number {
  return arrivals <= 1 ? arrivals : 1 + (arrivals - 1) / 2;
}

const middle = (seen: Window) => (seen.from + seen.to) / 2;

function expectedIn(watch: WatchState, context: WatchContext, seen: Window): Expectation {
  const block = seen.minutes > 30 ? 1 : 0;
  return expectedHigh(watch.baseline, middle(seen), seen.exposed, context.pulse.mean || 1, block);
}

function verdict(kind: DetectionKind, watch: WatchState, context: WatchContext, seen: Window): Verdict {
  const usual = expectedIn(watch, context, seen);
  const since = Math.max(seen.from, (seen.first ?? 0) * MINUTE);
  const result = {
    kind,
    since,
    at: context.now,
    expected: usual.mean,
    seen: seen.arrivals,
    windowMs: context.now - since,
    unit: 'customers' as const,
    unlikeliness: unlikelyMany(seen.arrivals, usual),
  };
  return { ...result, words: evidence(result) };
}

function busiest(watch: WatchState, anomaly: Anomaly, context: WatchContext): void {
  const from = Math.max(anomaly.since, context.now - BLOCK * MINUTE);
  const sums = sumSince(watch, Math.floor(from / MINUTE));
  const exposed = exposure(context.pulse, from, context.now);
  const slow = anomaly.customers === 0 && anomaly.kind === 'slow_burn';
  if (slow) return slowPace(watch, anomaly, context);
  if (sums.customers * anomaly.exposed < anomaly.customers * exposed) return;
  anomaly.customers = sums.customers;
  anomaly.exposed = exposed;
}

function slowPace(watch: WatchState, anomaly: Anomaly, context: WatchContext): void {
  anomaly.customers = sumSince(watch, Math.floor(anomaly.since / MINUTE)).arrivals;
  anomaly.exposed = exposure(context.pulse, anomaly.since, context.now);
}

function relearn(watch: WatchState, anomaly: Anomaly, context: WatchContext): void {
  if (anomaly.relearnt || context.now - anomaly.since < RELEARN_AFTER) return;
  anomaly.relearnt = true;
  watch.baseline = newBaseline();
}

function lastHit(watch: WatchState): number {
  return watch.recent[watch.recent.length - 4] ?? 0;
}

/** Rows of minutes that are learnt already come too late to matter and are left out. */
function put(watch: WatchState, row: MinuteRow): void {
  if (row.minute < watch.learnt * BLOCK || row.events <= 0) return;
  let at = watch.recent.length;
  while (at > 0 && (watch.recent[at - 4] ?? 0) > row.minute) at -= 4;
  const known = at > 0 && watch.recent[at - 4] === row.minute;
  watch.recent.splice(known ? at - 4 : at, known ? 4 : 0, row.minute, row.arrivals, row.customers, row.events);
}

function catchUp(watch: WatchState, context: WatchContext): void {
  const running = Math.floor(context.now / MINUTE / BLOCK);
  watch.burn.next = Math.max(watch.burn.next, running - CATCH_UP_BLOCKS);
  for (; watch.burn.next < running; watch.burn.next += 1) addBurn(watch, watch.burn.next, context);
  const skipped = Math.max(0, running - LAG_BLOCKS - CATCH_UP_BLOCKS - watch.learnt);
  if (skipped > 0) watch.learnt += skipped;
  for (; watch.learnt < running - LAG_BLOCKS; watch.learnt += 1) learnBlock(watch, watch.learnt, context);
}

function addBurn(watch: WatchState, block: number, context: WatchContext): void {
  const from = block * BLOCK * MINUTE;
  const exposed = exposure(context.pulse, from, from + BLOCK * MINUTE);
  const usual = expectedHigh(watch.baseline, from + (BLOCK / 2) * MINUTE, exposed, context.pulse.mean || 1, 0);
  const step = logLikelihoodRatio(blockSums(watch, block).apart, usual.mean, usual.size, BURN.ratio);
  if (watch.burn.sum === 0) watch.burn.since = block;
  watch.burn.sum =
    watch.anomaly || !isKnown(watch, context) ? 0 : Math.max(0, watch.burn.sum + Math.min(BURN.most, step));
}

function blockSums(watch: WatchState, block: number) {
  const sums = { arrivals: 0, apart: 0, events: 0, entries: 0 };
  for (let at = 0; at < watch.recent.length; at += 4) {
    const minute = watch.recent[at] ?? 0;
    if (Math.floor(minute / BLOCK) > block) break;
    sums.entries += 1;
    if (Math.floor(minute / BLOCK) < block) continue;
    sums.arrivals += watch.recent[at + 1] ?? 0;
    sums.apart += apart(watch.recent[at + 1] ?? 0);
    sums.events += watch.recent[at + 3] ?? 0;
  }
  return sums;
}

function learnBlock(watch: WatchState, block: number, context: WatchContext): void {
  const from = block * BLOCK * MINUTE;
  const sums = blockSums(watch, block);
  if (sums.entries > 0) watch.recent.splice(0, sums.entries * 4);
  if (sums.arrivals > 0) watch.blocks.push(block, sums.arrivals);
  while (watch.blocks.length > 0 && (watch.blocks[0] ?? 0) < block - 36) watch.blocks.splice(0, 2);
  const exposed = exposure(context.pulse, from, from + BLOCK * MINUTE);
  const usual = expected(watch.baseline, from + (BLOCK / 2) * MINUTE, exposed, context.pulse.mean || 1, 0);
  if (watch.burn.sum >= BURN.suspicious) return;
  noteFlash(watch, block, sums.arrivals, usual, context);
  const seen = isAbnormal(watch, from) ? Math.min(sums.arrivals, plausible(usual)) : sums.arrivals;
  learnScatter(watch.baseline, 0, seen, usual.mean);
  watch.hour = [watch.hour[0] + seen, watch.hour[1] + usual.mean];
  if (block % 6 === 5) {
    learnScatter(watch.baseline, 1, ...watch.hour);
    watch.hour = [0, 0];
  }
  learn(watch.baseline, from, seen, sums.events, exposed);
}

/** A block far out of line whose next but one is calm again; known by now, since learning is an hour behind. */
function noteFlash(watch: WatchState, block: number, seen: number, usual: Expectation, context: WatchContext): void {
  if (seen < limits(context).newFault.customers || unlikelyMany(seen, usual) < FLASH.unlikely) return;
  const before = block - watch.flashes.last;
  const healed = blockSums(watch, block + 2).arrivals + blockSums(watch, block + 3).arrivals <= seen / 4;
  if (!healed || before <= 1) return;
  const kept = watch.flashes.weight * FLASH.keep ** before;
  const largest = kept < 0.5 ? seen : Math.max(watch.flashes.largest, seen);
  watch.flashes = { weight: kept + 1, largest, last: block };
}

/**
 * The most that a block in or near an anomaly may teach: so a fault hardly moves the baseline, while a batch job that
 * is out of line every night becomes usual after some nights.
 */
function plausible({ mean, size }: Expectation): number {
  return Math.max(1, mean + 3 * Math.sqrt(mean + (mean * mean) / size));
}

function isAbnormal(watch: WatchState, from: number): boolean {
  const to = from + BLOCK * MINUTE;
  const { anomaly, abnormal } = watch;
  if (anomaly && !anomaly.relearnt && to > anomaly.since) return true;
  return abnormal !== null && to > abnormal[0] && from < abnormal[1];
}

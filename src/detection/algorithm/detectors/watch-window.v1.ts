import type { DetectionKind, Verdict } from '../../detection.js';
import { type Expectation, type Stretch, expectedHighOver, unlikelyMany } from '../count-baseline.v1.js';
import { exposure, pace, type PulseState } from '../pulse.v1.js';
import { evidence } from '../words.js';
import { BLOCK, DEPLOY, MINUTE } from './common.v1.js';
import { type WatchState, type WatchContext, ENTRY } from './watch-state.v1.js';

const HOUR_MINUTES = 60;
/**
 * Least exposure of a window, in minutes of mean use, so that a hit right after a gap is not unlikely. Chosen by
 * judgement, not measured; so is the discount in `apart`.
 */
const LEAST_EXPOSURE = 1;

/** Sums of one series over a stretch of time. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly minutes: number;
  readonly arrivals: number;
  /** Arrivals as independent evidence: in each minute every arrival after the first counts half. */
  readonly apart: number;
  /** Stretches of ten seconds with arrivals; a minute in which they are not known counts one. */
  readonly moments: number;
  /** Of a sum: issues first seen in the window. */
  readonly births: number;
  readonly customers: number;
  readonly events: number;
  readonly first: number | null;
  readonly exposed: number;
}

/**
 * Sums the last minutes, the running one included. Leaves out those of an earlier anomaly, which was reported already.
 */
export function window(watch: WatchState, context: WatchContext, minutes: number): Window {
  const over = watch.abnormal ? Math.floor(watch.abnormal[1] / MINUTE) : 0;
  const fromMinute = Math.max(over, Math.floor((context.now - 1) / MINUTE) - minutes + 1);
  const from = fromMinute * MINUTE;
  const sums = sumSince(watch, fromMinute);
  const exposed = Math.max(exposure(context.pulse, from, context.now), leastExposure(context.pulse));
  return { from, to: context.now, minutes, ...sums, exposed };
}

/** Least exposure of any stretch of time, however short; one minute as long as we know of no use of the app. */
export function leastExposure(pulse: PulseState): number {
  return (pulse.mean || 1) * LEAST_EXPOSURE;
}

/** Sums from a minute on, epoch minutes. */
export function sumSince(watch: WatchState, fromMinute: number) {
  const sums = { arrivals: 0, apart: 0, moments: 0, births: 0, customers: 0, events: 0, first: null as number | null };
  for (let at = watch.recent.length - ENTRY; at >= 0; at -= ENTRY) {
    const minute = watch.recent[at] ?? 0;
    if (minute < fromMinute) break;
    sums.arrivals += watch.recent[at + 1] ?? 0;
    sums.apart += apart(watch.recent[at + 1] ?? 0);
    sums.moments += momentsOf(watch.recent[at + 1] ?? 0, watch.recent[at + 4] ?? 0);
    sums.births += watch.recent[at + 5] ?? 0;
    sums.customers += watch.recent[at + 2] ?? 0;
    sums.events += watch.recent[at + 3] ?? 0;
    if ((watch.recent[at + 1] ?? 0) > 0) sums.first = minute;
  }
  for (let at = watch.blocks.length - 2; at >= 0; at -= 2) {
    const block = watch.blocks[at] ?? 0;
    if (block * BLOCK < fromMinute) break;
    sums.arrivals += watch.blocks[at + 1] ?? 0;
    sums.apart += watch.blocks[at + 1] ?? 0;
    sums.first = block * BLOCK;
  }
  return sums;
}

/** Sums of one block of ten minutes that is not learnt yet. */
export function blockSums(watch: WatchState, block: number) {
  const sums = { arrivals: 0, apart: 0, events: 0, entries: 0 };
  for (let at = 0; at < watch.recent.length; at += ENTRY) {
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

/**
 * Discounts arrivals of one minute: they are often people of one office or one call, and not so many witnesses (a
 * design effect of two).
 */
function apart(arrivals: number): number {
  return arrivals <= 1 ? arrivals : 1 + (arrivals - 1) / 2;
}

function momentsOf(arrivals: number, mask: number): number {
  if (arrivals === 0) return 0;
  let count = 0;
  for (let rest = mask; rest > 0; rest >>= 1) count += rest & 1;
  return Math.max(1, count);
}

/** Middle of a window, epoch milliseconds. */
export const middle = (seen: Window) => (seen.from + seen.to) / 2;

/** Expects the usual count of a window. Adds longer windows up hour by hour, since the hours of a day differ. */
export function expectedIn(watch: WatchState, context: WatchContext, seen: Window): Expectation {
  const whole = [{ at: middle(seen), exposed: seen.exposed }];
  const stretches = seen.minutes > HOUR_MINUTES ? byHour(context, seen) : whole;
  return expectedHighOver(watch.baseline, stretches, context.pulse.mean || 1, seen.minutes > 30 ? 1 : 0);
}

function byHour({ pulse }: WatchContext, { from, to }: Window): Stretch[] {
  const length = HOUR_MINUTES * MINUTE;
  return Array.from({ length: Math.ceil((to - from) / length) }, (_, hour) => {
    const start = from + hour * length;
    const end = Math.min(to, start + length);
    return { at: (start + end) / 2, exposed: exposure(pulse, start, end) };
  });
}

/** Last minute with a hit that is not learnt yet, epoch minutes; 0 if there is none. */
export function lastHit(watch: WatchState): number {
  return watch.recent[watch.recent.length - ENTRY] ?? 0;
}

/**
 * Whether a stretch of time touches the minutes that jumps get to pass after a deploy. A deploy before the series'
 * birth does not count.
 */
export function isOfDeploy(watch: WatchState, { deployedAt }: WatchContext, from: number, to: number): boolean {
  if (deployedAt === undefined || deployedAt < (watch.born + 1) * MINUTE) return false;
  return from < deployedAt + DEPLOY.hold && to > deployedAt;
}

/** Arrivals of a window in the blocks around a deploy; 0 if there was no deploy since the series' birth. */
export function ofDeploy(watch: WatchState, context: WatchContext, seen: Window): number {
  const { deployedAt = 0 } = context;
  if (!isOfDeploy(watch, context, seen.from, seen.to)) return 0;
  const blockAt = (time: number) => Math.floor(time / MINUTE / BLOCK) * BLOCK;
  const since = (minute: number) => sumSince(watch, Math.max(seen.from / MINUTE, minute)).arrivals;
  return since(blockAt(deployedAt)) - since(blockAt(deployedAt + DEPLOY.hold) + BLOCK);
}

/** Finds the most arrivals of a window within this many successive minutes; looks at the last hour. */
export function densest(watch: WatchState, seen: Window, minutes: number): number {
  let [most, sum, tail] = [0, 0, 0];
  for (let at = 0; at < watch.recent.length; at += ENTRY) {
    const minute = watch.recent[at] ?? 0;
    if (minute * MINUTE < seen.from) tail = at + ENTRY;
    else sum += watch.recent[at + 1] ?? 0;
    for (; (watch.recent[tail] ?? minute) <= minute - minutes; tail += ENTRY) sum -= watch.recent[tail + 1] ?? 0;
    most = Math.max(most, sum);
  }
  return most;
}

/** Part of a window that a deploy does not explain; null if it explains everything. */
export function withoutDeploy(watch: WatchState, context: WatchContext, seen: Window): Window | null {
  const { deployedAt, now, pulse } = context;
  if (deployedAt === undefined || deployedAt > now || deployedAt < (watch.born + 1) * MINUTE) return seen;
  if (deployedAt + DEPLOY.hold < seen.from) return seen;
  if (seen.arrivals >= DEPLOY.share * pace(pulse) && seen.minutes <= BLOCK) return seen;
  const minutes = Math.floor((now - deployedAt - DEPLOY.hold) / MINUTE);
  return minutes < 1 ? null : window(watch, context, Math.min(minutes, seen.minutes));
}

/** Makes a verdict with the evidence of a window. */
export function verdict(kind: DetectionKind, watch: WatchState, context: WatchContext, seen: Window): Verdict {
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

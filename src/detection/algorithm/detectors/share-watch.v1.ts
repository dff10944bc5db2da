import { type CountUnit, DEFAULT_THRESHOLDS, type DetectionThresholds, type Verdict } from '../../detection.js';
import { type BaselineState, type Expectation, expected, expectedHigh, unlikelyMany } from '../count-baseline.v1.js';
import { learn, learnScatter, newBaseline } from '../count-baseline.v1.js';
import { BLOCK, DAY_MINUTES, DEPLOY, FEW_SERIES, isAbnormal, LAG_BLOCKS, MINUTE } from './common.v1.js';
import { OVER_WINDOWS, plausible, SPIKE_WINDOWS, STILL_ON_SIZE, youngOdds } from './common.v1.js';
import { end, follow, type OpenAnomaly, relearn } from './follow.v1.js';
import { sinceWhen, shareEvidence } from '../share-words.js';
import { lowerUnlikeliness } from '../tail.v1.js';

/** Closed minute of a share: `seen` of `ofAll`, such as crashed of started sessions. */
export interface ShareRow {
  /** Whole minutes since the epoch. */
  readonly minute: number;
  readonly seen: number;
  readonly ofAll: number;
}

/**
 * State of one watched share: crashed of started sessions, customers hit of active ones, or customers hit by a release
 * of all who use the app. `seen` is a count whose exposure is `ofAll`, negative binomial as in count-baseline.v1: its
 * tail is never lighter than the binomial one. Plain JSON of bounded size (70 minutes and a baseline). The functions
 * below change it in place.
 *
 * Windows, ratios and odds are those of common.v1 and of the configuration, taken over by judgement: no bench plays
 * shares, the tests hold them.
 */
export interface ShareWatch {
  readonly v: 1;
  /** First minute of the watch. */
  readonly born: number;
  /** Minutes not yet learnt, flat and in order of time: minute, seen, ofAll. */
  recent: number[];
  baseline: BaselineState;
  /** Mean `ofAll` of a minute, and the number of minutes behind it. */
  use: { mean: number; minutes: number };
  /** Next block of ten minutes to learn. */
  learnt: number;
  anomaly: ShareAnomaly | null;
  /**
   * Start and end of the last anomaly, epoch milliseconds. We learnt its counts capped and do not report them again.
   */
  abnormal: [from: number, to: number] | null;
}

interface ShareAnomaly extends OpenAnomaly {
  /** Worst quarter of an hour so far: the pace of a fault that is still on. */
  seen: number;
  ofAll: number;
  lastSeen: number;
}

/**
 * Baseline of the whole project, used beside the series' own: a new release is compared with it from its first minute
 * on.
 */
export interface Peer {
  readonly baseline: BaselineState;
  /** Exposure of a usual minute. */
  readonly perMinute: number;
  /** First minute of the watch. */
  readonly born: number;
}

/** Context of one look at a share. */
export interface ShareContext {
  /** End of the last closed minute, epoch milliseconds. */
  readonly now: number;
  readonly unit: CountUnit;
  readonly peer?: Peer | undefined;
  /** Whether the app is in use. If so, a share that nobody uses any more (a withdrawn release) is over. */
  readonly inUse?: boolean;
  /** Last deploy or restart of the project, epoch milliseconds. */
  readonly deployedAt?: number | undefined;
  readonly thresholds?: DetectionThresholds;
}

/** Sums over a stretch of time. */
export interface ShareSums {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly seen: number;
  readonly ofAll: number;
}

/** Weight of a new minute in the mean use: a memory of two weeks, as long as that of a project's pulse. */
const USE_WEIGHT = 1 / (14 * DAY_MINUTES);

/** Starts the watch of a share at a minute. */
export function newShareWatch(minute: number): ShareWatch {
  return {
    v: 1,
    born: minute,
    recent: [],
    baseline: newBaseline(),
    use: { mean: 0, minutes: 0 },
    learnt: Math.floor(minute / BLOCK),
    anomaly: null,
    abnormal: null,
  };
}

/** Whether nothing is left to decide. Such a share can be skipped until its next row. */
export function isShareAtRest(watch: ShareWatch): boolean {
  return watch.anomaly === null && watch.recent.length === 0;
}

/** Takes one closed minute, in place. A minute without use (a gap, a night) says nothing. */
export function putShare(watch: ShareWatch, row: ShareRow): void {
  if (row.ofAll > 0) take(watch, row);
}

/**
 * Caps `seen` at `ofAll`: a session that crashes may have started in an earlier minute, but a share above one means
 * nothing.
 */
function take(watch: ShareWatch, { minute, seen, ofAll }: ShareRow): void {
  if (minute <= (watch.recent.at(-3) ?? watch.learnt * BLOCK - 1)) return;
  if (watch.recent.length === 0) watch.learnt = Math.max(watch.learnt, Math.floor(minute / BLOCK));
  watch.recent.push(minute, Math.min(seen, ofAll), ofAll);
  watch.use.minutes += 1;
  watch.use.mean += (ofAll - watch.use.mean) * Math.max(USE_WEIGHT, 1 / watch.use.minutes);
}

/** Brings the baseline up to the running block, in place. */
export function catchUpShare(watch: ShareWatch, now: number): void {
  const until = Math.floor(now / MINUTE / BLOCK) - LAG_BLOCKS;
  while (watch.recent.length > 0 && watch.learnt < until) learnBlock(watch, watch.learnt++);
}

function learnBlock(watch: ShareWatch, block: number): void {
  const [from, to] = [block * BLOCK, (block + 1) * BLOCK];
  const { seen, ofAll } = sums(watch, from, to);
  while ((watch.recent[0] ?? Infinity) < to) watch.recent.splice(0, 3);
  if (ofAll === 0) return;
  const usual = expected(watch.baseline, middleOf(from, to), ofAll, watch.use.mean, 0);
  const taught = isAbnormal(watch, from * MINUTE, to * MINUTE) ? Math.min(seen, plausible(usual)) : seen;
  learnScatter(watch.baseline, 0, taught, usual.mean);
  learn(watch.baseline, from * MINUTE, taught, taught, ofAll);
}

/** Calls a share that is out of the ordinary, and begins its anomaly. */
export function callShare(watch: ShareWatch, context: ShareContext): Verdict | null {
  for (const minutes of SPIKE_WINDOWS.share) {
    const window = windowOf(watch, context, minutes);
    const usual = window && usualIn(watch, context, window);
    if (!usual || !isOut(watch, context, window, usual)) continue;
    const found = sumsFrom(watch, context.now, sinceWhen(watch.recent, window, usual));
    watch.anomaly = { ...found, since: found.from, lastSeen: context.now, relearnt: false };
    return verdictOf('spike', context, found, usualIn(watch, context, found) ?? usual);
  }
  return null;
}

/** Tells whether a window is out of the ordinary: by ratio, by odds, and with enough customers to judge. */
function isOut(watch: ShareWatch, context: ShareContext, window: ShareSums, usual: Expectation): boolean {
  const { newFault, spikeRatio, spikeUnlikeliness } = context.thresholds ?? DEFAULT_THRESHOLDS;
  const least = window.to - window.from > 30 * MINUTE ? 2 * newFault.customers : newFault.customers;
  if (window.seen < least || window.seen < spikeRatio * usual.mean) return false;
  const since = Math.min(watch.born, context.peer?.born ?? Infinity);
  const young = youngOdds(context.now, since);
  return unlikelyMany(window.seen, usual) >= spikeUnlikeliness - FEW_SERIES + young;
}

/**
 * Sums the last minutes, without those of an earlier anomaly and those that a deploy explains; null if none are left.
 */
function windowOf(watch: ShareWatch, { now, deployedAt }: ShareContext, minutes: number): ShareSums | null {
  const start = Math.max(now - minutes * MINUTE, watch.abnormal?.[1] ?? 0);
  const whole = sumsFrom(watch, now, start);
  const held = deployedAt === undefined || deployedAt > now ? 0 : deployedAt + DEPLOY.hold;
  if (held <= start || whole.seen >= DEPLOY.share * whole.ofAll) return whole;
  return held < now ? sumsFrom(watch, now, held) : null;
}

/**
 * Expects the usual count: the series' own or the peer's, whichever is higher. Null until one of them was watched for a
 * day.
 */
function usualIn(watch: ShareWatch, { now, peer }: ShareContext, { from, to, ofAll }: ShareSums): Expectation | null {
  const isKnown = (born: number) => now / MINUTE - born > DAY_MINUTES;
  const block = to - from > 30 * MINUTE ? 1 : 0;
  const at = (from + to) / 2;
  const own = isKnown(watch.born) ? expectedHigh(watch.baseline, at, ofAll, watch.use.mean, block) : null;
  if (!peer) return own;
  if (!isKnown(peer.born)) return null;
  const others = expectedHigh(peer.baseline, at, ofAll, peer.perMinute, block);
  return own && own.mean > others.mean ? own : others;
}

/** Follows the anomaly of a share until it is over, or nobody uses what it is a share of. */
export function followShare(watch: ShareWatch, anomaly: ShareAnomaly, context: ShareContext): Verdict | null {
  const { now } = context;
  worst(watch, anomaly, now);
  relearn(watch, anomaly, now);
  const verdict = follow(watch, {
    windows: OVER_WINDOWS.share,
    within: (minutes) => {
      const window = sumsFrom(watch, now, now - minutes * MINUTE);
      if (window.from <= anomaly.since) return null;
      const ifOn = (anomaly.seen / anomaly.ofAll) * window.ofAll;
      const usual = () => usualIn(watch, context, window) ?? { mean: 0, size: STILL_ON_SIZE };
      return { window, hits: window.seen, ifOn, arrivals: window.seen, usual };
    },
    recovered: ({ window, ifOn }) => verdictOf('recovered', context, window, { mean: ifOn, size: STILL_ON_SIZE }),
    lastHit: () => anomaly.lastSeen,
  });
  if (verdict || !context.inUse || watch.recent.length > 0) return verdict;
  const gone = sumsFrom(watch, now, now - LAG_BLOCKS * BLOCK * MINUTE);
  const words = 'nobody has used it for an hour, while the app is in use';
  const over = { ...verdictOf('recovered', context, gone, { mean: 0, size: STILL_ON_SIZE }), words };
  return end(watch, anomaly.lastSeen, over);
}

function worst(watch: ShareWatch, anomaly: ShareAnomaly, now: number): void {
  const last = sumsFrom(watch, now, now - MINUTE);
  if (last.seen > 0) anomaly.lastSeen = now;
  const { seen, ofAll } = sumsFrom(watch, now, Math.max(anomaly.since, now - 15 * MINUTE));
  if (ofAll > 0 && seen * anomaly.ofAll > anomaly.seen * ofAll) Object.assign(anomaly, { seen, ofAll });
}

function verdictOf(kind: 'spike' | 'recovered', context: ShareContext, sum: ShareSums, usual: Expectation): Verdict {
  const { seen, ofAll, from, to } = sum;
  const unlikeliness = kind === 'spike' ? unlikelyMany(seen, usual) : lowerUnlikeliness(seen, usual.mean, usual.size);
  const result = {
    kind,
    since: from,
    at: context.now,
    expected: usual.mean,
    seen,
    ofAll,
    windowMs: to - from,
    unit: context.unit,
    unlikeliness,
  };
  return { ...result, words: shareEvidence(result) };
}

const middleOf = (from: number, to: number) => ((from + to) / 2) * MINUTE;

/** Sums everything from an instant until now. */
function sumsFrom(watch: ShareWatch, now: number, from: number): ShareSums {
  return { from, to: now, ...sums(watch, Math.floor(from / MINUTE), Infinity) };
}

/** Sums the minutes from `from` to before `to`. */
function sums({ recent }: ShareWatch, from: number, to: number): { seen: number; ofAll: number } {
  const sum = { seen: 0, ofAll: 0 };
  for (let at = 0; at < recent.length; at += 3) {
    const minute = recent[at] ?? 0;
    if (minute < from || minute >= to) continue;
    sum.seen += recent[at + 1] ?? 0;
    sum.ofAll += recent[at + 2] ?? 0;
  }
  return sum;
}

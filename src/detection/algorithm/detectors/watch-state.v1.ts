import { DEFAULT_THRESHOLDS, type DetectionKind, type DetectionThresholds } from '../../detection.js';
import { BLOCK, DAY_MINUTES, MINUTE } from './common.v1.js';
import { type BaselineState, newBaseline } from '../count-baseline.v1.js';
import type { PulseState } from '../pulse.v1.js';
import type { OpenAnomaly } from './follow.v1.js';

/**
 * State of one watched series: an issue, or a whole project, release, service or area. Plain JSON of bounded size: at
 * most 70 minutes with hits (430 while a burn is suspected), 36 blocks of ten minutes, and a baseline. The functions
 * below change it in place.
 */
export interface WatchState {
  readonly v: 1;
  /** Minute of the first hit, or for a sum the first minute of the watch. */
  readonly born: number;
  /** False for a whole project, release, service or area. */
  readonly canBeNew: boolean;
  /** Whether the series was called before; a later trickle is not new. */
  called: boolean;
  /** Small group that was hit at once; half an hour later we know whether it was the start of something. */
  flare: { at: number; customers: number } | null;
  /**
   * Minutes with hits not yet learnt, flat and in order of time. Each takes ENTRY numbers: minute, arrivals, customers,
   * events, moments, births.
   */
  recent: number[];
  /** Blocks of ten minutes with arrivals, of the six hours before `recent`, flat: block, arrivals. */
  blocks: number[];
  baseline: BaselineState;
  /** Next block of ten minutes to learn. */
  learnt: number;
  /** Arrivals and expectation of the hour being learnt. */
  hour: [seen: number, mean: number];
  /**
   * Evidence that the rate has doubled (CUSUM, natural log), the block in which it began, and the next block to add.
   */
  burn: { sum: number; since: number; next: number };
  anomaly: Anomaly | null;
  /** Start and end of the last anomaly, epoch milliseconds. We learn its counts capped. */
  abnormal: [from: number, to: number] | null;
  /** Last jump: its time, its customers, and whether it was one of several at that time of day. */
  habit: { at: number; arrivals: number; known: boolean };
  /**
   * Jumps that healed within minutes: how many (half forgotten after four weeks), the largest, and the block of the
   * last.
   */
  flashes: { weight: number; largest: number; last: number };
}

/** Anomaly of a count that is not over yet. */
export interface Anomaly extends OpenAnomaly {
  readonly kind: DetectionKind;
  /** Customers and exposure of the busiest ten minutes so far: the pace of a fault that is still on. */
  customers: number;
  exposed: number;
  lastHit: number;
}

/** Context of one look at a series. */
export interface WatchContext {
  /** Epoch milliseconds; rows may be of the running minute. */
  readonly now: number;
  /** Activity of the series' project. */
  readonly pulse: PulseState;
  /** Last deploy or restart of the project, epoch milliseconds. */
  readonly deployedAt?: number;
  readonly thresholds?: DetectionThresholds;
}

/** Numbers that `recent` holds for each minute. */
export const ENTRY = 6;

/**
 * Starts the watch of a series.
 * @param minute its first minute, epoch minutes
 * @param canBeNew false for whole projects
 */
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

/** Thresholds that the ops team set, or the defaults. */
export function limits(context: WatchContext): DetectionThresholds {
  return context.thresholds ?? DEFAULT_THRESHOLDS;
}

/** Part of the customers that a fault is configured to need: at least two, unless one is configured. */
export function partOf({ newFault: { customers } }: DetectionThresholds, part: number): number {
  return Math.min(customers, Math.max(2, Math.ceil(part * customers)));
}

/** Whether the series was watched for a day, after which we know what is usual. */
export function isKnown(watch: WatchState, { now }: WatchContext): boolean {
  return now / MINUTE - watch.born > DAY_MINUTES;
}

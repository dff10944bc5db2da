import { Norm, type NormState } from './series-norm.js';
import { CycleProfile, DAY_MS, WEEK_MS, type CycleProfileState } from './series-profile.js';

/**
 * Learning rates: the local norm looks back on about 50 values, the seasonal one on 3000, an hour of the day or of the
 * week on 3. No number here is sharp: half or double of one moves the average precision on the error counts of
 * Microsoft's cloud monitoring data set (11 series) by 0.055 at most, and mostly by less than 0.02.
 */
const LOCAL_RATE = 0.02;
const SEASONAL_RATE = 0.0003;
const HOUR_RATE = 0.35;
const WEEK_HOUR_RATE = 0.3;
/**
 * Multiple of the usual deviation beyond which a deviation counts no further, so that one spike does not outweigh
 * everything after it.
 */
const CAP = 12;
/**
 * Weight of a fall beside a rise of the same size: errors, latencies and load do harm when they rise, and zero bounds a
 * fall.
 */
const FALL = 0.5;
/** Weight of the newest deviation in the running one: a fault that lasts counts more than one point. */
const NEWEST = 0.5;
/**
 * Part of its last fall by which the running deviation lags for one value, so that the first calm value does not end a
 * fault.
 */
const BEFORE = 1 / 3;
/**
 * Memory of trouble: it looks back on about 100 values and counts at most half of the largest spike, so that repeated
 * trouble is remembered better than one large spike. Its root has this weight in the answer.
 */
const MEMORY_RATE = 0.01;
const MEMORY_CAP = CAP / 2;
const MEMORY_WEIGHT = 4.5;
/** Running deviation above which we take a fault to be going on. */
export const FAULT = 2;
/**
 * Part of the usual rate at which a running fault teaches the levels; times of day and week learn half of that. At a
 * value a minute a lasting fault would otherwise become usual for its hour, and be called again in the next one.
 */
const FAULT_SHARE = 0.125;
const FAULT_PROFILE_SHARE = FAULT_SHARE / 2;
/** Values after which a fault that goes on is learnt in full and becomes the new norm. */
const FAULT_PATIENCE = 400;

/**
 * Least usual deviation of a series of whole numbers, such as counts: one more or less is chance. Half of it costs 0.8
 * alarms in 10,000 values of noise instead of 0.2, double costs none (docs/benchmarks.md).
 */
const LEAST_COUNT = 1;

/** Saved state of a {@link Deviation}; plain JSON. */
export interface DeviationState {
  readonly local: NormState;
  readonly seasonal: NormState;
  readonly day: CycleProfileState;
  readonly week: CycleProfileState;
  readonly running: number;
  readonly before: number;
  readonly memory: number;
  readonly faultFor: number;
  readonly whole: boolean;
}

/** Answer of a {@link Deviation} to a value, in multiples of the usual deviation. */
export interface DeviationAnswer {
  /** Running deviation, 0 to 12. */
  readonly running: number;
  /** Running deviation, slower to end and with the memory of trouble added, 0 to 23. */
  readonly remembered: number;
  /** Expected value; undefined while warming up. */
  readonly expected?: number;
}

/**
 * Distance of the last values from what is usual, in multiples of the usual deviation: the mean of the distances from
 * the local level, from the time of day and from the time of week, smoothed by two exponentially weighted means (EWMA
 * control chart, Roberts 1959). The fast mean follows a fault while it lasts. The slow mean remembers trouble: after a
 * fault, the next unusual row is likelier to be one too.
 *
 * A running fault is learnt at an eighth of the usual rate, so that neither the level nor the usual deviation makes
 * room for it; a fault that outlasts the patience becomes the new norm. A lone spike is learnt in full, so a series
 * full of spikes raises the usual deviation.
 *
 * Average precision on the error counts was 0.55 with a median over a sorted window of 200 values, which learnt faults
 * as fast as everything else, and 0.69 with these means. The time of week, the cap on the memory and the slower end
 * brought it to 0.72.
 */
export class Deviation {
  private readonly local = new Norm(LOCAL_RATE);
  private readonly seasonal = new Norm(SEASONAL_RATE);
  private readonly day = new CycleProfile(DAY_MS, 24, HOUR_RATE);
  /** Difference between an hour of the week and the same hour of any day. */
  private readonly week = new CycleProfile(WEEK_MS, 168, WEEK_HOUR_RATE);
  private running = 0;
  private before = 0;
  private memory = 0;
  private faultFor = 0;
  /** Whether every value so far was a whole number. */
  private whole = true;

  /** Says how unusual the last values are and learns this one. */
  push(timestampMs: number, value: number): DeviationAnswer {
    const ofDay = this.day.smoothed(timestampMs, this.seasonal.level, 1);
    // Half of what the time of week adds: the mean of the two expectations, since few weeks teach much less than many days.
    const expected = ofDay + this.week.smoothed(timestampMs, 0, 1) / 2;
    this.whole &&= Number.isInteger(value);
    const least = this.whole ? LEAST_COUNT : 0;
    const seasonal = this.seasonal.times(value, expected, least);
    const local = this.local.times(value, this.local.level, least);
    this.learn(timestampMs, value, ofDay, expected);
    if (local === undefined || seasonal === undefined) return { running: 0, remembered: 0 };
    const deviation = weigh((local + 2 * seasonal) / 3);
    this.before = this.running;
    this.running += NEWEST * (deviation - this.running);
    this.memory += MEMORY_RATE * (Math.min(deviation, MEMORY_CAP) - this.memory);
    const held = this.running + BEFORE * Math.max(0, this.before - this.running);
    return { running: this.running, remembered: held + MEMORY_WEIGHT * Math.sqrt(this.memory), expected };
  }

  private learn(timestampMs: number, value: number, ofDay: number, expected: number): void {
    this.faultFor = this.running > FAULT ? this.faultFor + 1 : 0;
    const isFault = this.faultFor > 0 && this.faultFor <= FAULT_PATIENCE;
    const share = isFault ? FAULT_SHARE : 1;
    const profileShare = isFault ? FAULT_PROFILE_SHARE : 1;
    this.local.learn(value, this.local.level, share);
    const learnt = this.seasonal.learn(value, expected, share);
    this.day.learn(timestampMs, learnt, profileShare);
    this.week.learn(timestampMs, learnt - ofDay, profileShare);
  }

  export(): DeviationState {
    const { running, before, memory, faultFor, whole } = this;
    return {
      local: this.local.export(),
      seasonal: this.seasonal.export(),
      day: this.day.export(),
      week: this.week.export(),
      running,
      before,
      memory,
      faultFor,
      whole,
    };
  }

  restore(state: DeviationState): void {
    this.local.restore(state.local);
    this.seasonal.restore(state.seasonal);
    this.day.restore(state.day);
    this.week.restore(state.week);
    this.running = state.running;
    this.before = state.before;
    this.memory = state.memory;
    this.faultFor = state.faultFor;
    this.whole = state.whole;
  }
}

/** Weighs a deviation, 0 to {@link CAP}, given with its sign in multiples of the usual one. */
function weigh(times: number): number {
  return Math.min(times < 0 ? -FALL * times : times, CAP);
}

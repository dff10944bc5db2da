import { Norm, type NormState } from './series-norm.js';
import { CycleProfile, DAY_MS, WEEK_MS, type CycleProfileState } from './series-profile.js';

/**
 * Learning rates: the local norm looks back on about 50 values, the seasonal one on 3000, an hour of the day or of the week
 * on 3. None of the numbers here is sharp: half or double of one moves average precision on the error counts of Microsoft's
 * cloud monitoring data set (11 series) by 0.055 at most, and of most by less than 0.02.
 */
const LOCAL_RATE = 0.02;
const SEASONAL_RATE = 0.0003;
const HOUR_RATE = 0.35;
const WEEK_HOUR_RATE = 0.3;
/** Times its usual size beyond which a deviation counts no further: one spike must not outweigh all that follows it. */
const CAP = 12;
/** Weight of a fall against a rise as large: errors, latencies and load do harm when they rise, and zero bounds a fall. */
const FALL = 0.5;
/** Weight of the newest deviation in the running one: a fault that lasts counts more than one point. */
const NEWEST = 0.5;
/** Part of its last fall that the running deviation holds back for one value: the first calm value does not end a fault. */
const BEFORE = 1 / 3;
/**
 * The memory of trouble looks back on about 100 values and takes half of the largest spike: what comes back is remembered
 * better than what was large once. Its root has this weight in the answer.
 */
const MEMORY_RATE = 0.01;
const MEMORY_CAP = CAP / 2;
const MEMORY_WEIGHT = 4.5;
/** Running deviation from which a fault is taken to run. */
export const FAULT = 2;
/**
 * While a fault runs its values teach the levels this part of the usual, and the times of day and week half of that: at a
 * value a minute a fault that lasts would become the usual of its hour, and be called again in the next one.
 */
const FAULT_SHARE = 0.125;
const FAULT_PROFILE_SHARE = FAULT_SHARE / 2;
/** Values after which a fault that goes on is learnt in full: it is the new norm. */
const FAULT_PATIENCE = 400;

/**
 * Least usual deviation of a series that so far held whole numbers only, such as counts: one more or less is chance. Half of
 * it costs 0.8 alarms in 10,000 values of noise for 0.2, double costs none (docs/benchmarks.md).
 */
const LEAST_COUNT = 1;

/** The saved state of a {@link Deviation}; plain JSON. */
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
  /** The running deviation, 0 to 12. */
  readonly running: number;
  /** The same, slower to end, with the memory of trouble, 0 to 23. */
  readonly remembered: number;
  /** The value that was expected; undefined while warming up. */
  readonly expected?: number;
}

/**
 * How far the last values lie from what is usual, in multiples of the usual deviation: the mean of the distances from the
 * local level, from the time of day and from the time of week, smoothed twice by exponentially weighted means (EWMA control
 * chart, Roberts 1959). The fast one follows a fault while it lasts. The slow one remembers trouble: where a fault was, the
 * next row out of the ordinary is likelier to be one too.
 *
 * While a fault runs it is learnt at an eighth of the usual rate, so that neither the level nor the usual deviation makes
 * room for it; one that outlasts the patience is the new norm. Lone spikes are learnt in full before the fast mean calls
 * them, so a series that is full of them deserves less. Against a sorted window of 200 values with a median, which learnt
 * faults as fast as all else, this took average precision on the error counts from 0.55 to 0.69; the time of week beside
 * that of the day, a memory that is capped, and a slower end took it to 0.72.
 */
export class Deviation {
  private readonly local = new Norm(LOCAL_RATE);
  private readonly seasonal = new Norm(SEASONAL_RATE);
  private readonly day = new CycleProfile(DAY_MS, 24, HOUR_RATE);
  /** What an hour of the week adds to the same hour of any day. */
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

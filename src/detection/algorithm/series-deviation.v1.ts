import { CycleProfile, DAY_MS, type CycleProfileState } from './series-profile.js';
import { Window } from './series-window.js';

/** Values that the local baseline looks back on: about a week of hours. */
const LOOK_BACK = 200;
/** Values before a deviation can be told. */
const WARM_UP = 8;
/** Times its usual size beyond which a deviation counts no further: one spike must not outweigh all that follows it. */
const CAP = 12;
/** Weight of the newest deviation in the running one, so that a fault that lasts counts more than one point. */
const NEWEST = 0.4;
/** Times the usual size up to which a deviation is learnt upward, and downward: a fault must not become the norm. */
const LEARN_UP = 3;
const LEARN_DOWN = 9;
/** Slowest learning rate of the level and the size of deviations: about 300 values. */
const SLOW = 0.003;
/** Mean absolute deviation to standard deviation under a normal law, sqrt(pi / 2). */
const TO_SIGMA = 1.25;
/** What a deviation is called where nothing ever deviated before. */
const FIRST_EVER = 20;

/** The saved state of a {@link Deviation}; plain JSON. */
export interface DeviationState {
  readonly local: readonly number[];
  readonly day: CycleProfileState;
  readonly seen: number;
  readonly level: number;
  readonly size: number;
  readonly running: number;
}

/**
 * How far the last few values lie from what is usual, in multiples of the usual deviation: the mean of the distance from
 * the local median and from the time of day, smoothed by an exponentially weighted mean (EWMA control chart, Roberts
 * 1959), learning from clipped values only.
 */
export class Deviation {
  private readonly local = new Window(LOOK_BACK);
  private readonly sorted: number[] = [];
  private readonly day = new CycleProfile(DAY_MS, 24, 0.15);
  private seen = 0;
  private level = 0;
  private size = 0;
  private running = 0;

  /** The running deviation after this value, from 0 to 12, and what was expected (undefined while warming up). */
  push(timestampMs: number, value: number): { readonly running: number; readonly expected?: number } {
    const warm = this.seen > WARM_UP;
    const expected = this.seen === 0 ? value : this.day.smoothed(timestampMs, this.level, 3);
    const local = this.fromLocal(value);
    const seasonal = this.fromSeason(timestampMs, value, expected);
    if (!warm) return { running: 0 };
    const deviation = Math.min(Math.abs(local + seasonal) / 2, CAP);
    this.running += NEWEST * (deviation - this.running);
    return { running: this.running, expected };
  }

  private fromLocal(value: number): number {
    const deviation = this.seen > WARM_UP ? this.overLocalSpread(value) : 0;
    if (this.local.full) this.sorted.splice(rankOf(this.sorted, this.local.at(LOOK_BACK - 1) ?? 0), 1);
    this.local.push(value);
    this.sorted.splice(rankOf(this.sorted, value), 0, value);
    return deviation;
  }

  private overLocalSpread(value: number): number {
    const half = (this.sorted.length - 1) / 2;
    const median = ((this.sorted[Math.floor(half)] ?? 0) + (this.sorted[Math.ceil(half)] ?? 0)) / 2;
    let sum = 0;
    for (const held of this.sorted) sum += Math.abs(held - median);
    return times(value - median, (TO_SIGMA * sum) / this.sorted.length);
  }

  private fromSeason(timestampMs: number, value: number, expected: number): number {
    const warm = this.seen > WARM_UP;
    const deviation = warm ? times(value - expected, this.size) : 0;
    const clipped = Math.max(-LEARN_DOWN, Math.min(LEARN_UP, deviation));
    const learnt = warm && this.size > 0 ? expected + clipped * this.size : value;
    const distance = Math.abs(value - expected);
    const bounded = warm && this.size > 0 ? Math.min(distance, LEARN_UP * this.size) : distance;
    this.seen += 1;
    const rate = Math.max(1 / this.seen, SLOW);
    this.level += rate * (learnt - this.level);
    this.size += rate * (bounded * TO_SIGMA - this.size);
    this.day.learn(timestampMs, learnt);
    return deviation;
  }

  export(): DeviationState {
    const { seen, level, size, running } = this;
    return { local: this.local.export(), day: this.day.export(), seen, level, size, running };
  }

  restore(state: DeviationState): void {
    this.local.restore(state.local);
    this.sorted.splice(0, this.sorted.length, ...[...state.local].sort((a, b) => a - b));
    this.day.restore(state.day);
    this.seen = state.seen;
    this.level = state.level;
    this.size = state.size;
    this.running = state.running;
  }
}

function times(distance: number, size: number): number {
  if (size > 0) return distance / size;
  return Math.sign(distance) * FIRST_EVER;
}

/** The place of a value in ascending numbers: the first that is not below it. */
function rankOf(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

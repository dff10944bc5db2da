/** Factor from mean absolute deviation to standard deviation under a normal law, sqrt(pi / 2). */
const TO_SIGMA = 1.25;
/**
 * Values to see before the first answer. Nobody has varied the numbers of this file one by one; bench:detection scores
 * the whole (docs/benchmarks.md).
 */
const WARM_UP = 8;
/**
 * Multiple of the usual deviation beyond which a value moves the level no further, so that one spike does not become
 * the norm.
 */
const CLIP = 5;
/** Answer for the first deviation of a series that never deviated before, in multiples. */
const FIRST_EVER = 20;

/** Saved state of a {@link Norm}; plain JSON. */
export interface NormState {
  readonly seen: number;
  readonly level: number;
  readonly size: number;
}

/**
 * Level of a series, and the usual size of its deviations from what was expected: both exponentially weighted means.
 * The size takes deviations in full, so frequent spikes soon count less; the level takes them clipped.
 */
export class Norm {
  private seen = 0;
  private size = 0;
  private mean = 0;

  /** @param rate slowest learning rate; a norm looks back on about 1/rate values */
  constructor(private readonly rate: number) {}

  get level(): number {
    return this.mean;
  }

  /**
   * Divides the distance from what is expected by the usual one.
   * @param leastSize a usual distance is taken to be at least this, in the unit of the series, 0 or more
   * @returns multiples of the usual distance, with sign; undefined while warming up
   */
  times(value: number, expected: number, leastSize = 0): number | undefined {
    if (this.seen <= WARM_UP) return undefined;
    const distance = value - expected;
    const size = Math.max(this.size, leastSize);
    return size > 0 ? distance / size : Math.sign(distance) * FIRST_EVER;
  }

  /**
   * Learns a value.
   * @param share part of the usual learning rate, 0 to 1
   * @returns the value as it was learnt, clipped around what was expected
   */
  learn(value: number, expected: number, share: number): number {
    const first = this.seen === 0;
    const warm = this.seen > WARM_UP;
    this.seen += 1;
    const rate = Math.max(1 / this.seen, this.rate) * share;
    const distance = first ? 0 : value - expected;
    this.size += rate * (Math.abs(distance) * TO_SIGMA - this.size);
    const bound = warm ? CLIP * this.size : Infinity;
    const learnt = first ? value : expected + Math.max(-bound, Math.min(bound, distance));
    this.mean += rate * (learnt - this.mean);
    return learnt;
  }

  export(): NormState {
    return { seen: this.seen, level: this.mean, size: this.size };
  }

  restore(state: NormState): void {
    this.seen = state.seen;
    this.mean = state.level;
    this.size = state.size;
  }
}

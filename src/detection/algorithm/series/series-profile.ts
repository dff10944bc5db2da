/** Milliseconds of a day and of a week (UTC), the two cycles of people's behaviour. */
export const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;

/** Saved state of a {@link CycleProfile}; plain JSON. */
export interface CycleProfileState {
  readonly seen: readonly number[];
  readonly mean: readonly number[];
}

/**
 * Usual value at each time of a cycle (a day, a week), learnt online: one exponentially forgetting mean for each slot.
 */
export class CycleProfile {
  private readonly seen: Float64Array;
  private readonly mean: Float64Array;

  /**
   * @param cycleMs length of the cycle in milliseconds
   * @param slots equal parts that the cycle is cut into
   * @param rate weight of a new value in its slot once the slot has seen more than 1/rate of them
   */
  constructor(
    private readonly cycleMs: number,
    private readonly slots: number,
    private readonly rate: number,
  ) {
    this.seen = new Float64Array(slots);
    this.mean = new Float64Array(slots);
  }

  /** Reads the usual value at this time; undefined while its slot is empty. */
  expected(timestampMs: number): number | undefined {
    const slot = this.slotOf(timestampMs);
    return (this.seen[slot] ?? 0) > 0 ? this.mean[slot] : undefined;
  }

  /**
   * Averages the slot with its neighbours at half weight, and draws the mean towards `fallback` as if that had been
   * seen `trust` times. A slot counts as seen five times at most.
   */
  smoothed(timestampMs: number, fallback: number, trust: number): number {
    const slot = this.slotOf(timestampMs);
    let weight = trust;
    let sum = trust * fallback;
    for (const step of [-1, 0, 1]) {
      const at = (slot + step + this.slots) % this.slots;
      const own = (step === 0 ? 1 : 0.5) * Math.min(this.seen[at] ?? 0, 5);
      weight += own;
      sum += own * (this.mean[at] ?? 0);
    }
    return sum / weight;
  }

  /**
   * Learns a value at this time.
   * @param share part of the usual learning rate, 0 to 1
   */
  learn(timestampMs: number, value: number, share = 1): void {
    const slot = this.slotOf(timestampMs);
    const seen = (this.seen[slot] ?? 0) + 1;
    const mean = this.mean[slot] ?? 0;
    this.seen[slot] = seen;
    this.mean[slot] = mean + Math.max(this.rate, 1 / seen) * share * (value - mean);
  }

  private slotOf(timestampMs: number): number {
    const into = ((timestampMs % this.cycleMs) + this.cycleMs) % this.cycleMs;
    return Math.floor((into / this.cycleMs) * this.slots);
  }

  export(): CycleProfileState {
    return { seen: [...this.seen], mean: [...this.mean] };
  }

  restore(state: CycleProfileState): void {
    this.seen.set(state.seen);
    this.mean.set(state.mean);
  }
}

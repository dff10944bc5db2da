const DAY_MS = 86_400_000;
/** Half-hour slots: fine enough for a morning ramp, coarse enough that five-minute data fill a slot six times a day. */
const SLOTS = 48;
/** Weight of a new observation in its slot once the slot has seen more than 1/RATE. */
const RATE = 0.2;

/** The saved state of a {@link DayProfile}; plain JSON. */
export interface DayProfileState {
  readonly count: readonly number[];
  readonly mean: readonly number[];
  readonly allCount: number;
  readonly allMean: number;
}

/** What is usual at a time of day (UTC), learnt online: an exponentially forgetting mean per half-hour. */
export class DayProfile {
  private readonly count = new Float64Array(SLOTS);
  private readonly mean = new Float64Array(SLOTS);
  private allCount = 0;
  private allMean = 0;

  /** The usual value at this time of day; the mean of everything where the slot is new, undefined before any value. */
  expected(timestampMs: number): number | undefined {
    const slot = slotOf(timestampMs);
    if ((this.count[slot] ?? 0) > 0) return this.mean[slot];
    return this.allCount > 0 ? this.allMean : undefined;
  }

  learn(timestampMs: number, value: number): void {
    const slot = slotOf(timestampMs);
    const seen = (this.count[slot] ?? 0) + 1;
    const mean = this.mean[slot] ?? 0;
    this.count[slot] = seen;
    this.mean[slot] = mean + Math.max(RATE, 1 / seen) * (value - mean);
    this.allCount += 1;
    this.allMean += Math.max(0.001, 1 / this.allCount) * (value - this.allMean);
  }

  export(): DayProfileState {
    return { count: [...this.count], mean: [...this.mean], allCount: this.allCount, allMean: this.allMean };
  }

  restore(state: DayProfileState): void {
    this.count.set(state.count);
    this.mean.set(state.mean);
    this.allCount = state.allCount;
    this.allMean = state.allMean;
  }
}

function slotOf(timestampMs: number): number {
  const inDay = ((timestampMs % DAY_MS) + DAY_MS) % DAY_MS;
  return Math.floor((inDay / DAY_MS) * SLOTS);
}

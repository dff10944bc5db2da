/**
 * Bins per octave (a factor of two) of magnitude: neighbours differ by 9 %. Nobody has varied the numbers of this file
 * one by one; bench:detection scores the whole (docs/benchmarks.md).
 */
const PER_OCTAVE = 8;
/** Octaves on either side of 1 within which magnitudes are told apart; bin 0 holds zero and below. */
const OCTAVES = 40;
const BINS = 2 * OCTAVES * PER_OCTAVE;
/** Share of the largest magnitudes from which we estimate the slope of the tail. */
const TAIL_SHARE = 0.05;

/** Saved state of a {@link MagnitudeTail}; plain JSON, bins as pairs of index and weight. */
export interface MagnitudeTailState {
  readonly bins: readonly (readonly [number, number])[];
  readonly total: number;
  readonly gain: number;
}

/**
 * Rarity of a magnitude among earlier ones: a conformal (rank-based) tail probability from a histogram over log
 * magnitude. The histogram forgets exponentially, so it needs no scale, no distribution and constant memory. Beyond the
 * largest magnitude the tail goes on as a power law with Hill's estimate of the slope (Hill 1975; for streams as in
 * Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017).
 */
export class MagnitudeTail {
  private readonly bins = new Float32Array(BINS);
  private total = 0;
  private gain = 1;
  /** Highest bin that holds anything. */
  private top = 0;
  private readonly growth: number;

  /** @param halfLife observations after which an observation counts half */
  constructor(halfLife: number) {
    this.growth = 2 ** (1 / halfLife);
  }

  /** -log10 of the probability of a magnitude at least this large; 0 before the first observation. */
  surprise(magnitude: number): number {
    if (this.total <= 0) return 0;
    const bin = binOf(magnitude);
    let above = 0;
    for (let i = bin + 1; i <= this.top; i++) above += this.bins[i] ?? 0;
    const own = this.bins[bin] ?? 0;
    const base = -Math.log10((above + 0.5 * own + 0.5 * this.gain) / (this.total + this.gain));
    return above > 0 || own > 0 || bin === 0 ? base : base + this.beyondRecord(bin);
  }

  /** Learns one magnitude. */
  add(magnitude: number): void {
    this.gain *= this.growth;
    const bin = binOf(magnitude);
    this.bins[bin] = (this.bins[bin] ?? 0) + this.gain;
    this.total += this.gain;
    this.top = Math.max(this.top, bin);
    if (this.gain > 1e12) this.rescale();
  }

  /** Computes the further surprise, in powers of ten, of a bin above every bin seen. */
  private beyondRecord(bin: number): number {
    const record = this.top;
    let weight = 0;
    let weighted = 0;
    let i = record;
    for (; i > 0 && weight < TAIL_SHARE * this.total; i--) {
      const here = this.bins[i] ?? 0;
      weight += here;
      weighted += here * i;
    }
    if (record === 0) return 0;
    const hill = ((weighted / weight - (i + 1)) / PER_OCTAVE) * Math.LN2;
    const slope = Math.min(1 / Math.max(hill, 0.03), 6);
    return (slope * ((bin - record) / PER_OCTAVE) * Math.LN2) / Math.LN10;
  }

  private rescale(): void {
    for (let i = 0; i < BINS; i++) this.bins[i] = (this.bins[i] ?? 0) / this.gain;
    while (this.top > 0 && this.bins[this.top] === 0) this.top -= 1;
    this.total /= this.gain;
    this.gain = 1;
  }

  /** Exports the state for {@link MagnitudeTail.restore}. */
  export(): MagnitudeTailState {
    const bins: [number, number][] = [];
    this.bins.forEach((weight, bin) => {
      if (weight > 0) bins.push([bin, weight]);
    });
    return { bins, total: this.total, gain: this.gain };
  }

  /** Replaces its own state with a saved one. */
  restore(state: MagnitudeTailState): void {
    this.bins.fill(0);
    for (const [bin, weight] of state.bins) this.bins[bin] = weight;
    this.top = Math.max(0, ...state.bins.map(([bin]) => bin));
    this.total = state.total;
    this.gain = state.gain;
  }
}

function binOf(magnitude: number): number {
  if (!(magnitude > 0)) return 0;
  const bin = Math.floor((Math.log2(magnitude) + OCTAVES) * PER_OCTAVE) + 1;
  return Math.min(Math.max(bin, 1), BINS - 1);
}

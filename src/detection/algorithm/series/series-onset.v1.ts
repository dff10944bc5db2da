import { FAULT } from './series-deviation.v1.js';

/**
 * Each number below was measured alone at about half and double on 2026-11-28, with BENCH_DATA (31 files of NAB, the 11
 * error series of the cloud monitoring set) and 200 series of noise (200,000 values, Gaussian and Poisson of 0.1 to
 * 1000): see docs/benchmarks.md.
 */

/** Mean of the two highest surprises above which a value is rare: odds of 1 in 1250. */
const RARE = 3.1;
/** Values after a rare one during which we call no other: rare values come in runs. */
const CALM_FOR = 100;
/**
 * Values after which we believe rarity alone. Before, records fall too often by chance, so the running deviation must
 * confirm it: {@link FAULT} at the end, one more for each tenth of the way.
 */
const HISTORY = 2000;
/** Remembered deviation from which a value is evident, and the rarity it needs beside that: odds of 1 in 10. */
const EVIDENT = 8;
const SOMEWHAT_RARE = 1;
/** An incident is over once the running deviation has stayed below this for so many values. */
const OVER = 1.5;
const OVER_FOR = 5;

/** Sign by which an incident shows where it begins. */
export type Onset = 'rare' | 'evident';

/** Signs by which we judge whether a value begins an incident. */
export interface OnsetSigns {
  /** Mean of the two highest surprises, in powers of ten. */
  readonly surprise: number;
  /** Running and remembered deviation, in multiples of the usual one. */
  readonly running: number;
  readonly remembered: number;
}

/** Saved state of {@link Onsets}; plain JSON. */
export interface OnsetsState {
  readonly seen: number;
  readonly during: Onset | null;
  readonly calmSince: number;
  readonly rareUntil: number;
}

/**
 * Finds the first value of each incident:
 * - *rare*: the surprise is high, and the history is long or the running deviation confirms it;
 * - *evident*: the remembered deviation is high.
 *
 * No other incident begins while one lasts, but an evident one may turn rare once.
 */
export class Onsets {
  private seen = 0;
  private during: Onset | null = null;
  private calmSince = 0;
  private rareUntil = 0;

  /** Takes the signs of the next value; returns how an incident begins with it, or undefined. */
  push(signs: OnsetSigns): Onset | undefined {
    this.seen += 1;
    const onset = this.onset(signs);
    this.end(signs.running);
    if (!onset) return undefined;
    this.during = onset;
    this.calmSince = this.seen;
    if (onset === 'rare') this.rareUntil = this.seen + CALM_FOR;
    return onset;
  }

  private onset({ surprise, running, remembered }: OnsetSigns): Onset | undefined {
    const isRare = surprise > RARE && running >= this.confirmation();
    if (isRare && this.during !== 'rare' && this.seen > this.rareUntil) return 'rare';
    const isEvident = remembered >= EVIDENT && running >= FAULT && surprise >= SOMEWHAT_RARE;
    return isEvident && this.during === null ? 'evident' : undefined;
  }

  /** Computes the running deviation that must confirm a rare value. */
  private confirmation(): number {
    return this.seen > HISTORY ? 0 : FAULT + Math.log10(HISTORY / this.seen);
  }

  /** Ends the incident before this value once it has been calm for long enough. */
  private end(running: number): void {
    if (running >= OVER) this.calmSince = this.seen;
    if (this.seen - this.calmSince >= OVER_FOR) this.during = null;
  }

  export(): OnsetsState {
    const { seen, during, calmSince, rareUntil } = this;
    return { seen, during, calmSince, rareUntil };
  }

  restore(state: OnsetsState): void {
    this.seen = state.seen;
    this.during = state.during;
    this.calmSince = state.calmSince;
    this.rareUntil = state.rareUntil;
  }
}

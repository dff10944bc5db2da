import { FAULT } from './series-deviation.v1.js';

/**
 * Measured on 2026-11-28 with BENCH_DATA (31 files of NAB, the 11 error series of the cloud monitoring set) and on 200,000
 * values of noise (Gaussian, and Poisson of 0.1 to 1000; 200 series), each number alone at about half and double:
 * see docs/benchmarks.md.
 */

/** Mean of the two highest surprises from which a value is rare: odds of 1 in 1250. */
const RARE = 3.1;
/** Values after a rare one within which no other is called: what is rare once stays so while it lasts. */
const CALM_FOR = 100;
/**
 * Values after which rarity alone is believed. Before, records fall too often by chance, so the running deviation must show
 * it too: {@link FAULT} at the end, one more for each tenth part of the way.
 */
const HISTORY = 2000;
/** Remembered deviation from which a value is evident, where it is at least somewhat rare as well: odds of 1 in 10. */
const EVIDENT = 8;
const SOMEWHAT_RARE = 1;
/** An incident is over when the running deviation stayed below this for so many values. */
const OVER = 1.5;
const OVER_FOR = 5;

/** How an incident shows itself where it begins. */
export type Onset = 'rare' | 'evident';

/** Signs by which a value is judged to begin an incident or not. */
export interface OnsetSigns {
  /** Mean of the two highest surprises, in powers of ten. */
  readonly surprise: number;
  /** Running and remembered deviation, in multiples of the usual one. */
  readonly running: number;
  readonly remembered: number;
}

/** The saved state of {@link Onsets}; plain JSON. */
export interface OnsetsState {
  readonly seen: number;
  readonly during: Onset | null;
  readonly calmSince: number;
  readonly rareUntil: number;
}

/**
 * Finds the values with which incidents begin, one for each incident:
 * - *rare*: the surprise is high, and the history is long or the running deviation confirms it;
 * - *evident*: the remembered deviation is high.
 *
 * While an incident lasts nothing begins, but what began as evident may turn out rare once.
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

  /** Running deviation that must confirm a rare value. */
  private confirmation(): number {
    return this.seen > HISTORY ? 0 : FAULT + Math.log10(HISTORY / this.seen);
  }

  /** Ends the incident that was going on before this value where it has been calm for long enough. */
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

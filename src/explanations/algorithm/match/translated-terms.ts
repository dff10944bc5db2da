import { rarityOf } from './weighted-terms.js';

type Term = ReadonlySet<string>;

/**
 * Texts as bags of terms that may stand for one of several stems; two terms meet if they share a stem. Finds texts of one language by words
 * of the other.
 */
export class TranslatedTerms {
  /** By stem, the units that have it. */
  private readonly postings = new Map<string, number[]>();
  private readonly lengths: Float64Array;

  constructor(private readonly units: readonly (readonly Term[])[]) {
    units.forEach((terms, unit) =>
      terms.forEach((stems) => {
        for (const stem of stems) {
          const known = this.postings.get(stem);
          if (known) known.push(unit);
          else this.postings.set(stem, [unit]);
        }
      }),
    );
    this.lengths = Float64Array.from(units, (terms) =>
      Math.sqrt(terms.reduce((square, term) => square + this.rarity(this.unitsWith(term)) ** 2, 0)),
    );
  }

  /** Cosine of a text with each unit, 0 to 1. */
  likeness(terms: readonly Term[]): Float64Array {
    const likeness = new Float64Array(this.units.length);
    let square = 0;
    for (const term of terms) {
      const found = this.unitsWith(term);
      const weight = this.rarity(found) ** 2;
      square += weight;
      for (const unit of found) likeness[unit]! += weight;
    }
    const length = Math.sqrt(square) || 1;
    return likeness.map((sum, unit) => Math.min(1, sum / length / (this.lengths[unit] || 1)));
  }

  private unitsWith(term: Term): Set<number> {
    const found = new Set<number>();
    for (const stem of term) for (const unit of this.postings.get(stem) ?? []) found.add(unit);
    return found;
  }

  private rarity(found: ReadonlySet<number>): number {
    return rarityOf(found.size, this.units.length);
  }
}

interface Posting {
  readonly unit: number;
  readonly weight: number;
}

/** Texts as bags of weighted terms (TF-IDF, each of length one), found by their terms. */
export class WeightedTerms {
  private readonly postings = new Map<string, Posting[]>();
  private readonly frequency = new Map<string, number>();
  private readonly size: number;

  /** @param units the terms of each text, with repetitions */
  constructor(units: readonly (readonly string[])[]) {
    this.size = units.length;
    for (const terms of units)
      for (const term of new Set(terms)) this.frequency.set(term, (this.frequency.get(term) ?? 0) + 1);
    units.forEach((terms, unit) => {
      for (const [term, weight] of this.weigh(terms)) {
        const known = this.postings.get(term);
        if (known) known.push({ unit, weight });
        else this.postings.set(term, [{ unit, weight }]);
      }
    });
  }

  /** Cosine of a text with each unit, 0 to 1. */
  likeness(terms: readonly string[]): Float64Array {
    const likeness = new Float64Array(this.size);
    for (const [term, mine] of this.weigh(terms))
      for (const { unit, weight } of this.postings.get(term) ?? []) likeness[unit]! += mine * weight;
    return likeness;
  }

  private weigh(terms: readonly string[]): Map<string, number> {
    const weights = new Map<string, number>();
    for (const term of terms) weights.set(term, (weights.get(term) ?? 0) + 1);
    let square = 0;
    for (const [term, count] of weights) {
      const weight = (1 + Math.log(count)) * this.rarity(term);
      weights.set(term, weight);
      square += weight * weight;
    }
    const length = Math.sqrt(square) || 1;
    for (const [term, weight] of weights) weights.set(term, weight / length);
    return weights;
  }

  private rarity(term: string): number {
    return rarityOf(this.frequency.get(term) ?? 0, this.size);
  }
}

/** Weight of a term that `of` texts out of `size` have; the rarer, the heavier. */
export function rarityOf(of: number, size: number): number {
  return Math.log((size + 1) / (of + 1)) + 1;
}

import { MOST_UNITS, ridgeWeights } from './ridge.js';
import { type MatchText } from './text.js';
import { TranslatedTerms } from './translated-terms.js';
import { WeightedTerms } from './weighted-terms.js';

/** Sentence vector of a text, any length; null where there are no embeddings. */
export type Vector = Float32Array | null;

/** A text of an entry: its title, its body or a phrase. */
export interface Unit {
  readonly entry: number;
  /** Whether customers said it; titles and bodies are worded otherwise. */
  readonly said: boolean;
  readonly text: MatchText;
  readonly vector: Vector;
}

/** A question, read and embedded. */
export interface Question {
  readonly text: MatchText;
  readonly vector: Vector;
}

/** How alike a question is to each unit of a group. */
export interface UnitLikeness {
  readonly words: Float64Array;
  readonly meaning: Float64Array | null;
  /** Half words, half meaning; words alone where there is no meaning. */
  readonly both: Float64Array;
}

/** How near an entry is to a question. */
export interface EntryLikeness {
  readonly entry: number;
  /** Scores by which entries are ranked. */
  readonly rank: number;
  /**
   * Mean likeness to the entry's three nearest units, less half the mean likeness to the five nearest ordinary questions, -1.5 to 1.5: what decides
   * whether the entry is meant at all.
   */
  readonly evidence: number;
  readonly words: number;
  readonly meaning: number | null;
}

/** Of an entry's likeness, the share of its nearest unit; the rest is the mean over all. One phrase may be near by chance, several not. */
const SHARE_OF_NEAREST = 0.3;
/** Units of an entry, and ordinary questions, whose mean says how near they are; docs/benchmarks.md says what half and double cost. */
const NEAREST = { units: 3, ordinary: 5 };
/** Share of the likeness to ordinary questions that is taken from the likeness to an entry. */
const SHARE_OF_ORDINARY = 0.5;

/** Units in one script, with all that is needed to compare a question in any script with them. */
export class UnitGroup {
  private readonly entries: readonly number[];
  private readonly byEntry: ReadonlyMap<number, readonly number[]>;
  private readonly grams: WeightedTerms;
  private readonly words: WeightedTerms | undefined;
  private readonly translated: TranslatedTerms;
  private readonly mean: Float32Array | null;
  private readonly directions: readonly Vector[];
  private readonly weights: readonly Float64Array[] | null;

  /** @param ordinary ordinary questions in the same script; beside the units they tell which words are rare and what all sentences have in common */
  constructor(
    readonly script: MatchText['script'],
    readonly units: readonly Unit[],
    ordinary: readonly Question[],
  ) {
    this.entries = [...new Set(units.map((unit) => unit.entry))];
    this.byEntry = placesByEntry(units);
    const all = [...units, ...ordinary];
    this.grams = new WeightedTerms(all.map(({ text }) => text.grams));
    this.words = script === 'han' ? new WeightedTerms(all.map(({ text }) => text.words)) : undefined;
    this.translated = new TranslatedTerms(all.map(({ text }) => text.terms));
    this.mean = meanOf(all);
    this.directions = all.map(({ vector }) => directionOf(vector, this.mean));
    this.weights = this.solveRidge();
  }

  /** Compares a question with every unit, and behind them with every ordinary question. */
  compare({ text, vector }: Question): UnitLikeness {
    const words = text.script === this.script ? this.compareWords(text) : this.translated.likeness(text.terms);
    const direction = directionOf(vector, this.mean);
    if (direction === null) return { words, meaning: null, both: words };
    const meaning = Float64Array.from(this.directions, (mine) => (mine === null ? 0 : dot(mine, direction)));
    return { words, meaning, both: words.map((value, unit) => (value + meaning[unit]!) / 2) };
  }

  /** Likeness of every entry that has a unit here. */
  rank(likeness: UnitLikeness): EntryLikeness[] {
    const belongs = this.belonging(likeness.both);
    const ordinary = meanOfLargest(likeness.both.slice(this.units.length), NEAREST.ordinary);
    return this.entries.map((entry, place) => {
      const units = this.byEntry.get(entry) ?? [];
      const nearest = units.reduce(
        (best, unit) => (likeness.both[unit]! > likeness.both[best]! ? unit : best),
        units[0]!,
      );
      const mean = units.reduce((sum, unit) => sum + likeness.both[unit]!, 0) / units.length;
      const near = meanOfLargest(
        units.map((unit) => likeness.both[unit]!),
        NEAREST.units,
      );
      return {
        entry,
        rank: SHARE_OF_NEAREST * likeness.both[nearest]! + (1 - SHARE_OF_NEAREST) * mean + (belongs?.[place] ?? 0),
        evidence: near - SHARE_OF_ORDINARY * ordinary,
        words: likeness.words[nearest]!,
        meaning: likeness.meaning?.[nearest] ?? null,
      };
    });
  }

  private compareWords(text: MatchText): Float64Array {
    const grams = this.grams.likeness(text.grams);
    const words = this.words?.likeness(text.words);
    return words ? grams.map((value, unit) => (value + words[unit]!) / 2) : grams;
  }

  private belonging(both: Float64Array): Float64Array | undefined {
    if (!this.weights) return undefined;
    const sums = new Float64Array(this.entries.length);
    this.weights.forEach((weights, unit) => {
      const mine = both[unit]!;
      if (mine !== 0) for (let place = 0; place < sums.length; place += 1) sums[place]! += mine * weights[place]!;
    });
    return sums;
  }

  private solveRidge(): Float64Array[] | null {
    if (this.units.length > MOST_UNITS) return null;
    const kernel = this.units.map((unit) => this.compare(unit).both);
    const places = new Map(this.entries.map((entry, place) => [entry, place]));
    return ridgeWeights(
      kernel,
      this.units.map(({ entry }) => places.get(entry) ?? 0),
      this.entries.length,
    );
  }
}

function meanOfLargest(values: ArrayLike<number>, count: number): number {
  const largest = Array.from(values)
    .sort((one, other) => other - one)
    .slice(0, count);
  return largest.reduce((sum, value) => sum + value, 0) / (largest.length || 1);
}

function placesByEntry(units: readonly Unit[]): Map<number, number[]> {
  const places = new Map<number, number[]>();
  units.forEach(({ entry }, place) => {
    const known = places.get(entry);
    if (known) known.push(place);
    else places.set(entry, [place]);
  });
  return places;
}

function meanOf(texts: readonly Question[]): Float32Array | null {
  const vectors = texts.map(({ vector }) => vector).filter((vector) => vector !== null);
  const mean = vectors[0]?.map(() => 0);
  if (!mean) return null;
  for (const vector of vectors) vector.forEach((value, at) => (mean[at]! += value / vectors.length));
  return mean;
}

/** Centres a vector: less the mean of all texts, scaled to length one. */
function directionOf(vector: Vector, mean: Float32Array | null): Vector {
  if (vector === null || mean === null || vector.length !== mean.length) return null;
  const direction = vector.map((value, at) => value - mean[at]!);
  const length = Math.sqrt(dot(direction, direction));
  return length > 0 ? direction.map((value) => value / length) : null;
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += one[at]! * other[at]!;
  return sum;
}

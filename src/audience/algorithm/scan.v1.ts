import { allRows, type CodedRows, rowsWith, sumByCode, sumOver, type Term } from './coded-rows.js';
import { atOnce, type Turns } from './turns.js';

/**
 * Scan statistic that finds causes. Among all combinations of up to three traits it looks for the one whose share of
 * the hits stands out most from its share of those who could have been hit (Kulldorff, "A spatial scan statistic",
 * 1997: K hits times the relative entropy below is its log likelihood ratio).
 */

/** Counts of each row: its hits (or failures in excess of the usual), and how many could have been hit. */
export interface Weights {
  readonly hits: Float64Array;
  readonly active: Float64Array;
}

/** Combination of traits with its counts. Terms are in the order of their columns. */
export interface Combination {
  readonly terms: readonly Term[];
  readonly hits: number;
  readonly active: number;
  readonly score: number;
}

/** Values a combination by its share of the hits, its share of the active, and its number of terms; higher is better. */
export type Score = (hitShare: number, activeShare: number, depth: number) => number;

/** Limits of a search. */
export interface ScanLimits {
  /** Most terms of a combination. */
  readonly depth: number;
  /** Combinations of two terms that we extend by a third, the best first. */
  readonly beam: number;
  /** Share of the hits that a combination must hold to be considered. */
  readonly minHitShare: number;
}

/** Result of a search. */
export interface ScanResult {
  readonly totalHits: number;
  readonly totalActive: number;
  /** Combinations found, best first. */
  readonly combinations: readonly Combination[];
}

/** Computes the relative entropy of two shares in nats, `R ln(R/c) + (1-R) ln((1-R)/(1-c))`; 0 if R is at most c. */
export function relativeEntropy(hitShare: number, activeShare: number): number {
  const r = Math.min(hitShare, 1);
  const c = activeShare;
  if (r <= c) return 0;
  if (c <= 0) return Infinity;
  return r * Math.log(r / c) + (r < 1 ? (1 - r) * Math.log((1 - r) / (1 - c)) : 0);
}

/**
 * Computes the log of the number of combinations that might have been named instead: the price of looking at them.
 * Every number of terms up to `depth` is as likely, then every set of columns, then every combination of their values.
 * A column of many values thus makes only its own combinations dear. The count does not depend on who was hit.
 */
export function priceOfLooking(rows: CodedRows, terms: readonly Term[], depth: number): number {
  let price = Math.log(Math.max(depth, terms.length));
  terms.forEach(({ column }, index) => {
    price += Math.log((rows.columns.length - index) / (index + 1));
    price += Math.log(Math.max(1, rows.columns[column]?.values.length ?? 1));
  });
  return price;
}

/** Searches all combinations of one and two terms, and those of more by a beam over the best. */
export function scan(rows: CodedRows, weights: Weights, score: Score, limits: ScanLimits): ScanResult {
  return atOnce(scanInTurns(rows, weights, score, limits));
}

/** The same search, a turn for each combination that is extended. */
export function scanInTurns(rows: CodedRows, weights: Weights, score: Score, limits: ScanLimits): Turns<ScanResult> {
  return new Scan(rows, weights, score, limits).run();
}

class Scan {
  private readonly every: Int32Array;
  private readonly hitRows: Int32Array;
  private readonly totalHits: number;
  private readonly totalActive: number;
  private readonly hitsOf: Float64Array;
  private readonly activeOf: Float64Array;

  constructor(
    private readonly rows: CodedRows,
    private readonly weights: Weights,
    private readonly score: Score,
    private readonly limits: ScanLimits,
  ) {
    this.every = allRows(rows).filter((row) => weights.active[row] !== 0);
    this.hitRows = this.every.filter((row) => weights.hits[row] !== 0);
    this.totalHits = sumOver(this.hitRows, weights.hits);
    this.totalActive = sumOver(this.every, weights.active);
    const mostValues = rows.columns.reduce((most, { values }) => Math.max(most, values.length), 0);
    this.hitsOf = new Float64Array(mostValues);
    this.activeOf = new Float64Array(mostValues);
  }

  *run(): Turns<ScanResult> {
    const { depth } = this.limits;
    const singles = this.children([], 0);
    const found = [...singles];
    let last: Combination[] = [];
    for (const { terms } of depth > 1 ? singles : []) {
      yield;
      last.push(...this.children(terms, (terms[0]?.column ?? 0) + 1));
    }
    for (const pair of last) found.push(pair);
    for (let terms = 3; terms <= depth; terms += 1) {
      last = yield* this.deeper(last);
      for (const combination of last) found.push(combination);
    }
    found.sort((one, other) => other.score - one.score);
    const { totalHits, totalActive } = this;
    return { totalHits, totalActive, combinations: found };
  }

  /** Extends the best of `parents` by one term, each combination once. */
  private *deeper(parents: readonly Combination[]): Turns<Combination[]> {
    const beam = [...parents].sort((one, other) => other.score - one.score).slice(0, this.limits.beam);
    const seen = new Map<string, Combination>();
    for (const { terms } of beam) {
      yield;
      for (const child of this.children(terms, 0)) seen.set(keyOf(child.terms), child);
    }
    return [...seen.values()];
  }

  /**
   * Extends `parent` by one term of a column from `fromColumn` on that it does not have yet; keeps those with enough
   * hits.
   */
  private children(parent: readonly Term[], fromColumn: number): Combination[] {
    const { rows, weights, hitsOf, activeOf } = this;
    const members = rowsWith(rows, this.every, parent);
    const hitMembers = rowsWith(rows, this.hitRows, parent);
    const enough = this.limits.minHitShare * this.totalHits;
    const children: Combination[] = [];
    rows.columns.forEach((column, index) => {
      if (index < fromColumn || parent.some((term) => term.column === index)) return;
      sumByCode(column, hitMembers, weights.hits, hitsOf);
      const codes = codesFrom(hitsOf, column.values.length, enough);
      if (codes.length === 0) return;
      sumByCode(column, members, weights.active, activeOf);
      for (const code of codes)
        children.push(this.combination([...parent, { column: index, code }], hitsOf[code] ?? 0, activeOf[code] ?? 0));
    });
    return children;
  }

  private combination(terms: Term[], hits: number, active: number): Combination {
    const score = this.score(hits / this.totalHits, active / this.totalActive, terms.length);
    return { terms: terms.sort((one, other) => one.column - other.column), hits, active, score };
  }
}

function keyOf(terms: readonly Term[]): string {
  return terms.map(({ column, code }) => `${String(column)}:${String(code)}`).join(' ');
}

function codesFrom(hits: Float64Array, size: number, least: number): number[] {
  const codes: number[] = [];
  for (let code = 0; code < size; code += 1) {
    const held = hits[code] ?? 0;
    if (held > 0 && held >= least) codes.push(code);
  }
  return codes;
}

import { allRows, type CodedRows, rowsWith, sumByCode, sumOver, type Term } from './coded-rows.js';
import { type Combination, priceOfLooking, relativeEntropy, scan, type ScanResult } from './scan.v1.js';

/** Counts of each row: failures and total at the time in question, and their sums over the time before. */
export interface FailureCounts {
  readonly failures: Float64Array;
  readonly total: Float64Array;
  readonly failuresBefore: Float64Array;
  readonly totalBefore: Float64Array;
}

/** Combination in which failures rose, with its evidence. */
export interface ExcessCause {
  readonly terms: readonly Term[];
  readonly failures: number;
  readonly total: number;
  /** Failures to expect from the time before; 0 if nothing is known of it. */
  readonly expected: number;
  /**
   * Share, 0 to 1, of all excess failures that lie in this combination; rows that did better do not count against it.
   */
  readonly shareOfExcess: number;
  /** `shareOfExcess` divided by the share of the total. */
  readonly lift: number;
}

/** Numbers that decide in {@link localizeFailures}; `EXCESS_SETTINGS` are those in use. */
export interface ExcessSettings {
  /** Observations of the overall rate mixed into the earlier rate of each row. */
  readonly smoothing: number;
  /** Nats that each term must earn. */
  readonly termPenalty: number;
  /** Share of the excess that each of two values must hold to be named together. */
  readonly siblingShare: number;
  /** Nats that naming two values must earn. */
  readonly siblingPenalty: number;
  /** Share of its excess that a cause may lose by one term more … */
  readonly refineLoss: number;
  /** … if the rows let go fail at less than this share of the rate of the rows kept. */
  readonly refineRate: number;
}

/**
 * Settings chosen on two thirds of 68 real incidents (`npm run bench:localize`, 2026-11-28): F1 0.87 there, 0.82 on the
 * unseen third. Half and double give on the two thirds: smoothing 0.85 and 0.84, termPenalty 0.83 and 0.87,
 * siblingShare 0.84 and 0.84, siblingPenalty 0.87 and 0.84, refineLoss 0.81 and 0.80, refineRate 0.85 and 0.85.
 */
export const EXCESS_SETTINGS: ExcessSettings = {
  smoothing: 20,
  termPenalty: 0.5,
  siblingShare: 0.2,
  siblingPenalty: 0.1,
  refineLoss: 0.06,
  refineRate: 0.2,
};

/**
 * Limits of the search: three terms, more by refinement; combinations with less than a tenth of the excess explain too
 * little to name. This and the next number were chosen by judgement, not measured.
 */
const LIMITS = { depth: 3, beam: 40, minHitShare: 0.1 };

/** Chance of naming a cause for failures that only vary by chance. */
const FALSE_ALARM = 0.01;

/**
 * Finds where failures rose: one combination, or two that differ in one value, largest excess first; none if chance
 * could have done it. Without a time before, it finds where failures exceed their share of the total.
 */
export function localizeFailures(rows: CodedRows, counts: FailureCounts, settings = EXCESS_SETTINGS): ExcessCause[] {
  const active = counts.total.map((total, row) => Math.max(total, counts.failures[row] ?? 0));
  const expected = expectedFailures(counts, active, settings.smoothing);
  const excess = counts.failures.map((failures, row) => failures - (expected[row] ?? 0));
  const hits = excess.map((more) => Math.max(0, more));
  const score = (hitShare: number, activeShare: number, depth: number) =>
    relativeEntropy(hitShare, activeShare) - settings.termPenalty * depth;
  const found = scan(rows, { hits, active }, score, LIMITS);
  const best = bestAnswer(found, settings);
  const answers = refine(rows, best, { excess, active }, settings);
  const causes = answers.map((terms) => {
    const members = rowsWith(rows, allRows(rows), terms);
    const [failures, total] = [sumOver(members, counts.failures), sumOver(members, active)];
    const shareOfExcess = sumOver(members, hits) / found.totalHits;
    const lift = shareOfExcess / (total / found.totalActive);
    return { terms, failures, total, expected: sumOver(members, expected), shareOfExcess, lift };
  });
  return causes.filter((cause) => isBeyondChance(rows, cause, counts, found.totalActive));
}

function expectedFailures(counts: FailureCounts, active: Float64Array, smoothing: number): Float64Array {
  const { failuresBefore, totalBefore } = counts;
  const every = totalBefore.reduce((sum, total) => sum + total, 0);
  if (every <= 0) return new Float64Array(active.length);
  const usual = failuresBefore.reduce((sum, failures) => sum + failures, 0) / every;
  return active.map((total, row) => {
    const failures = (failuresBefore[row] ?? 0) + smoothing * usual;
    return (total * failures) / ((totalBefore[row] ?? 0) + smoothing);
  });
}

/** Picks the best combination, or two of the same traits that differ in one value and are better together. */
function bestAnswer(found: ScanResult, settings: ExcessSettings): (readonly Term[])[] {
  const { combinations, totalHits, totalActive } = found;
  let best = combinations.slice(0, 1);
  let bestScore = best[0]?.score ?? 0;
  for (const family of siblings(combinations, settings.siblingShare * totalHits)) {
    family.forEach((one, index) => {
      for (const other of family.slice(index + 1)) {
        const entropy = relativeEntropy((one.hits + other.hits) / totalHits, (one.active + other.active) / totalActive);
        const score = entropy - settings.termPenalty * one.terms.length - settings.siblingPenalty;
        if (score <= bestScore) continue;
        bestScore = score;
        best = one.hits >= other.hits ? [one, other] : [other, one];
      }
    });
  }
  return best.map(({ terms }) => terms);
}

/** Groups combinations that differ in the value of one term, among those that hold at least `least`. */
function siblings(combinations: readonly Combination[], least: number): Iterable<Combination[]> {
  const families = new Map<string, Combination[]>();
  for (const combination of combinations) {
    if (combination.hits < least) continue;
    for (const open of combination.terms) {
      const key = combination.terms
        .map((term) => `${String(term.column)}:${term === open ? '*' : String(term.code)}`)
        .join(' ');
      const family = families.get(key);
      if (family) family.push(combination);
      else families.set(key, [combination]);
    }
  }
  return families.values();
}

/**
 * Adds terms as long as each costs the cause next to nothing: "bitrate=500" becomes "bitrate=500&cdn=7" if the other
 * networks serve that bitrate without failures. The scan alone stops short of this, since a share near one hardly
 * grows.
 */
function refine(
  rows: CodedRows,
  answers: readonly (readonly Term[])[],
  weights: { excess: Float64Array; active: Float64Array },
  settings: ExcessSettings,
): (readonly Term[])[] {
  const members = Int32Array.from(answers.flatMap((terms) => [...rowsWith(rows, allRows(rows), terms)]));
  const inside = { excess: sumOver(members, weights.excess), active: sumOver(members, weights.active) };
  let best: Term | undefined;
  let leastLoss = settings.refineLoss;
  rows.columns.forEach((column, index) => {
    if (answers.some((terms) => terms.some((term) => term.column === index))) return;
    const [excess, active] = [new Float64Array(column.values.length), new Float64Array(column.values.length)];
    sumByCode(column, members, weights.excess, excess);
    sumByCode(column, members, weights.active, active);
    excess.forEach((kept, code) => {
      const [loss, left] = [(inside.excess - kept) / inside.excess, inside.active - (active[code] ?? 0)];
      if (left <= 0 || loss > leastLoss) return;
      if ((inside.excess - kept) / left > (settings.refineRate * kept) / (active[code] ?? 0)) return;
      [best, leastLoss] = [{ column: index, code }, loss];
    });
  });
  if (best === undefined || inside.excess <= 0) return [...answers];
  const term = best;
  return refine(
    rows,
    answers.map((terms) => [...terms, term]),
    weights,
    settings,
  );
}

/** Tells whether the log likelihood ratio of a cause pays for all other combinations of as many terms. */
function isBeyondChance(rows: CodedRows, cause: ExcessCause, counts: FailureCounts, totalActive: number): boolean {
  const { failures, expected, total } = cause;
  const every = counts.failures.reduce((sum, count) => sum + count, 0);
  const ratio =
    expected > 0
      ? failures * Math.log(failures / expected) - (failures - expected)
      : every * relativeEntropy(failures / every, total / totalActive);
  const price = priceOfLooking(rows, cause.terms, LIMITS.depth);
  return failures > expected && ratio >= price + Math.log(1 / FALSE_ALARM);
}

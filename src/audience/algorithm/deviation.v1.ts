import { allRows, type CodedRows, type Term } from './coded-rows.js';

/** Figures of each row: measured, predicted, and the smallest difference that the figures can show. */
export interface Measured {
  readonly actual: Float64Array;
  readonly predicted: Float64Array;
  /** 0.0001 for figures with four decimals, 1 for counts. */
  readonly step: number;
}

/** Combination whose figures are all off their prediction by about as much. */
export interface DeviationCause {
  readonly terms: readonly Term[];
  readonly rows: number;
  readonly actual: number;
  readonly predicted: number;
  /** Mean over the rows of (predicted - actual) / the larger of both; above 0 if figures fell short. */
  readonly deviation: number;
  /**
   * Log likelihood ratio of "off by about the deviation" against "as usual", less the price of naming the combination.
   */
  readonly gain: number;
}

/** Numbers that decide in {@link localizeDeviation}; `DEVIATION_SETTINGS` are those in use. */
export interface DeviationSettings {
  /**
   * Least density of any usual row. Bounds the weight of one outlier, so that a parent is not named because of one
   * child.
   */
  readonly floor: number;
  /** Standard deviation of the rows of one cause around their mean. */
  readonly spread: number;
  /** Nats that a further cause must earn beyond its price among all combinations of the same traits. */
  readonly penalty: number;
  /** Standard deviations of the noise by which the mean of a cause must be off. */
  readonly leastSigmas: number;
}

/**
 * Settings chosen on two thirds of 150 synthetic cases (`npm run bench:localize`, 2026-11-28): F1 0.96 there, 0.97 on
 * the unseen third. Half and double give on the two thirds: floor 0.96 and 0.96, spread 0.90 and 0.95, penalty 0.95 and
 * 0.83 (single rows are no longer found), leastSigmas 0.96 and 0.78.
 */
export const DEVIATION_SETTINGS: DeviationSettings = { floor: 1e-5, spread: 0.05, penalty: 4.5, leastSigmas: 2 };

/**
 * Causes named at most: a figure that is off in more places is off everywhere. This and the next three numbers bound
 * the work; they were chosen by judgement, not measured.
 */
const MOST_CAUSES = 20;
/** Most terms of a cause, and most group sums a round: with many traits, fewer terms. */
const MOST_TERMS = 5;
const MOST_SUMS = 2e7;
/** Least noise assumed, so that exact predictions do not turn rounding into a cause. */
const LEAST_SIGMA = 1e-3;
const LOG_ROOT_TWO_PI = 0.9189385332046727;

/**
 * Finds where figures are off their prediction: the combination that explains most, then again without its rows, until
 * nothing more is gained. All causes point the same way, since one fault moves a figure in one direction.
 */
export function localizeDeviation(
  rows: CodedRows,
  measured: Measured,
  settings = DEVIATION_SETTINGS,
): DeviationCause[] {
  const table = prepare(rows, measured, settings);
  const depth = depthFor(rows);
  const causes: DeviationCause[] = [];
  while (table.left.length > 0 && causes.length < MOST_CAUSES) {
    const best = bestGroup(table, depth, settings);
    if (best === undefined || best.gain <= 0) break;
    const inside = table.left.filter((row) => hasTerms(rows, row, best.terms));
    table.left = table.left.filter((row) => !hasTerms(rows, row, best.terms));
    table.direction = Math.sign(best.mean);
    const sum = (figures: Float64Array) => inside.reduce((total, row) => total + (figures[row] ?? 0), 0);
    const [actual, predicted] = [sum(measured.actual), sum(measured.predicted)];
    causes.push({ terms: best.terms, rows: inside.length, actual, predicted, deviation: best.mean, gain: best.gain });
  }
  return causes;
}

interface Table {
  readonly rows: CodedRows;
  readonly deviation: Float64Array;
  /** Log density of each row if it is usual. */
  readonly usual: Float64Array;
  readonly sigma: number;
  /** Rows that no cause explains yet. */
  left: Int32Array;
  /** Sign of the first cause; 0 without one. */
  direction: number;
}

interface Group {
  readonly terms: readonly Term[];
  readonly mean: number;
  readonly gain: number;
}

function prepare(rows: CodedRows, { actual, predicted, step }: Measured, settings: DeviationSettings): Table {
  const size = actual.map((figure, row) => Math.max(Math.abs(figure), Math.abs(predicted[row] ?? 0)));
  const deviation = size.map((largest, row) =>
    largest > 0 ? ((predicted[row] ?? 0) - (actual[row] ?? 0)) / largest : 0,
  );
  const sigma = noiseOf(deviation);
  const usual = deviation.map((off, row) => {
    // Two rounded figures are off by the square root of step²/6 between them.
    const rounding = step ** 2 / 6 / Math.max(size[row] ?? 0, step) ** 2;
    const sd = Math.sqrt(sigma ** 2 + rounding);
    return Math.log(Math.exp(-0.5 * (off / sd) ** 2 - Math.log(sd) - LOG_ROOT_TWO_PI) + settings.floor);
  });
  // Rows without a prediction and without a figure say nothing.
  const left = allRows(rows).filter((row) => (size[row] ?? 0) > 0);
  return { rows, deviation, usual, sigma, left, direction: 0 };
}

/** Estimates the standard deviation of the noise from the quieter side, above or below the prediction. */
function noiseOf(deviation: Float64Array): number {
  const side = (sign: number) => {
    const off = deviation.filter((value) => value * sign > 0);
    if (off.length < 5) return Infinity;
    return Math.sqrt(off.reduce((sum, value) => sum + value * value, 0) / off.length);
  };
  const sigma = Math.min(side(1), side(-1));
  return Number.isFinite(sigma) ? Math.max(sigma, LEAST_SIGMA) : LEAST_SIGMA;
}

/** Computes the most terms for which all sets of columns can be summed in time. */
function depthFor(rows: CodedRows): number {
  let sets = 0;
  let ways = 1;
  for (let depth = 1; depth <= Math.min(MOST_TERMS, rows.columns.length); depth += 1) {
    ways = (ways * (rows.columns.length - depth + 1)) / depth;
    sets += ways;
    if (depth > 1 && sets * rows.size > MOST_SUMS) return depth - 1;
  }
  return Math.min(MOST_TERMS, rows.columns.length);
}

/** Finds the group of the highest gain over all sets of columns. */
function bestGroup(table: Table, depth: number, settings: DeviationSettings): Group | undefined {
  const { rows, left } = table;
  let best: Group | undefined;
  const visit = (columns: readonly number[], ids: Int32Array, groups: number, cells: number) => {
    if (columns.length > 0) {
      const top = bestOf(table, { columns, ids, groups, cells }, settings);
      if (top && top.gain > (best?.gain ?? -Infinity)) best = top;
    }
    if (columns.length === depth) return;
    for (let column = (columns.at(-1) ?? -1) + 1; column < rows.columns.length; column += 1) {
      const finer = divide(ids, left, rows.columns[column]?.codes ?? new Int32Array());
      visit([...columns, column], finer.ids, finer.groups, cells * (rows.columns[column]?.values.length ?? 1));
    }
  };
  visit([], new Int32Array(left.length), 1, 1);
  return best;
}

/** Divides the groups of the rows `left` further by a column; ids are dense, and -1 for rows without a value. */
function divide(ids: Int32Array, left: Int32Array, codes: Int32Array): { ids: Int32Array; groups: number } {
  const known = new Map<number, number>();
  const width = codes.reduce((most, code) => Math.max(most, code), 0) + 1;
  const finer = ids.map((id, index) => {
    const code = codes[left[index] ?? 0] ?? -1;
    if (id < 0 || code < 0) return -1;
    const key = id * width + code;
    const group = known.get(key) ?? known.size;
    known.set(key, group);
    return group;
  });
  return { ids: finer, groups: known.size };
}

interface Division {
  readonly columns: readonly number[];
  /** Group of each row of `left`, -1 for none. */
  readonly ids: Int32Array;
  readonly groups: number;
  /** Number of combinations that the columns could make. */
  readonly cells: number;
}

function bestOf(table: Table, division: Division, settings: DeviationSettings): Group | undefined {
  const { deviation, usual, left, sigma, direction } = table;
  const { ids, groups } = division;
  const [count, sum, first] = [new Float64Array(groups), new Float64Array(groups), new Int32Array(groups)];
  ids.forEach((id, index) => {
    if (id < 0) return;
    const row = left[index] ?? 0;
    count[id] = (count[id] ?? 0) + 1;
    sum[id] = (sum[id] ?? 0) + (deviation[row] ?? 0);
    first[id] = row;
  });
  const mean = sum.map((total, id) => total / (count[id] ?? 1));
  const gain = count.map((rows) => -Math.log(division.cells) - settings.penalty - Math.log(rows) / 2);
  ids.forEach((id, index) => {
    if (id < 0) return;
    const row = left[index] ?? 0;
    const off = ((deviation[row] ?? 0) - (mean[id] ?? 0)) / settings.spread;
    const asCause = -0.5 * off ** 2 - Math.log(settings.spread) - LOG_ROOT_TWO_PI;
    gain[id] = (gain[id] ?? 0) + asCause - (usual[row] ?? 0);
  });
  let best = -1;
  for (let id = 0; id < groups; id += 1) {
    const off = mean[id] ?? 0;
    if (Math.abs(off) < settings.leastSigmas * sigma || off * direction < 0) continue;
    if (best < 0 || (gain[id] ?? 0) > (gain[best] ?? 0)) best = id;
  }
  if (best < 0) return undefined;
  const terms = division.columns.map((column) => ({
    column,
    code: table.rows.columns[column]?.codes[first[best] ?? 0] ?? -1,
  }));
  return { terms, mean: mean[best] ?? 0, gain: gain[best] ?? 0 };
}

function hasTerms(rows: CodedRows, row: number, terms: readonly Term[]): boolean {
  return terms.every(({ column, code }) => rows.columns[column]?.codes[row] === code);
}

import { type Interval } from './chance.v1.js';

/** Outcome of one expectation: so many customers of an incident were expected to be hit at this rate, and so many were. */
export interface Outcome {
  readonly incidentId: number;
  readonly expected: number;
  readonly customers: number;
  readonly hit: number;
}

/** Expectations of about the same size together. */
export interface CalibrationBand {
  /** Expected rates from `from` up to, and not with, `to`. */
  readonly from: number;
  readonly to: number;
  readonly incidents: number;
  readonly customers: number;
  /** Mean of the expected rates, and the rate that was measured. */
  readonly expected: number;
  readonly measured: number;
  /** Interval that holds the measured rate in 95 of 100 repetitions; null below two incidents, since customers of one are hit or spared together. */
  readonly interval: Interval | null;
}

const BANDS = 10;
const Z95 = 1.96;

/** Compares what was expected with what came, by tenths of the expected rate. Bands without a customer are left out. */
export function calibrate(outcomes: readonly Outcome[]): CalibrationBand[] {
  return Array.from({ length: BANDS }, (_, band) => {
    const own = outcomes.filter(({ expected }) => Math.min(BANDS - 1, Math.floor(expected * BANDS)) === band);
    return { from: band / BANDS, to: (band + 1) / BANDS, ...together(own) };
  }).filter(({ customers }) => customers > 0);
}

/** Sums outcomes, whatever was expected; the interval is that of a ratio with incidents as clusters (Cochran, Sampling Techniques, 1977, 6.3). */
export function together(outcomes: readonly Outcome[]): Omit<CalibrationBand, 'from' | 'to'> {
  const sum = (of: (one: Outcome) => number) => outcomes.reduce((total, one) => total + of(one), 0);
  const customers = sum((one) => one.customers);
  const measured = sum((one) => one.hit) / Math.max(1, customers);
  const clusters = new Map<number, number>();
  for (const { incidentId, hit, customers: of } of outcomes)
    clusters.set(incidentId, (clusters.get(incidentId) ?? 0) + hit - measured * of);
  const count = clusters.size;
  const squares = [...clusters.values()].reduce((total, off) => total + off * off, 0);
  const spread = (Z95 * Math.sqrt((squares * count) / Math.max(1, count - 1))) / Math.max(1, customers);
  return {
    incidents: count,
    customers,
    expected: sum((one) => one.expected * one.customers) / Math.max(1, customers),
    measured,
    interval: count < 2 ? null : [Math.max(0, measured - spread), Math.min(1, measured + spread)],
  };
}

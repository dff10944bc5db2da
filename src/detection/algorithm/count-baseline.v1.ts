import { lowerUnlikeliness, upperUnlikeliness } from './tail.v1.js';

/**
 * Usual course of a count series: its level, its time of day and day of week, and its scatter. Counts are negative
 * binomial (a Poisson count whose rate is Gamma), so sparse and young series are judged mildly. Plain JSON.
 *
 * The numbers below were chosen on seeds 1 to 99 of bench:detection (docs/benchmarks.md). Half and double of each (bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29)
 * change neither F1 nor delay nor recall by 0.001, but for SEASON_FROM double, which costs 0.008 F1.
 */
export interface BaselineState {
  readonly v: 1;
  /** Decayed counts and the exposure behind them, without the season: the rate is Gamma(counts, exposure). */
  counts: number;
  exposure: number;
  /** Decayed error events; divided by `exposure` they give their rate. */
  events: number;
  /**
   * Seen and expected counts of each hour of the day and day of the week (UTC); null until there are enough counts to
   * learn from.
   */
  season: Season | null;
  /** Scatter: decayed squared surprise and squared expectation of ten-minute blocks and of hours. */
  scatter: [surprise: number, squares: number][];
  /** Last hour learnt, in hours since the epoch; decay counts from here. */
  hour: number;
}

interface Season {
  hourSeen: number[];
  hourExpected: number[];
  daySeen: number[];
  dayExpected: number[];
}

/** Expected count of one window: mean and size of a negative binomial distribution. */
export interface Expectation {
  readonly mean: number;
  readonly size: number;
}

const MS = { minute: 60_000, hour: 3_600_000 };
/** Weak prior on a rate: half a count. One lucky hour then neither rules out the next hit nor makes it expected. */
const PRIOR_COUNTS = 0.5;
/** Mean of the prior: an unknown series hits one customer an hour. */
const PRIOR_MINUTES = PRIOR_COUNTS * 60;
/** Counts after which we learn a season; with fewer, hours differ by chance. */
const SEASON_FROM = 20;
/** Counts that stand for our belief that all hours and all days are alike. */
const SEASON_PRIOR = 2;
/**
 * Share kept of the level (half-life ten days), of an hour of the day (three weeks) and of a day of the week (six
 * weeks).
 */
const LEVEL_KEEP = 0.5 ** (1 / (10 * 24));
const HOUR_KEEP = 0.5 ** (1 / 21);
const DAY_KEEP = 0.5 ** (1 / 6);
/** Scatter before any is learnt: the rate varies by half of itself. The floor is a variation by a fifth. */
const SCATTER_PRIOR = { ten: 0.25, hour: 0.25, weight: 4 };
const SCATTER_FLOOR = 0.04;
/** Standard deviations beyond which a block counts no further when we learn the scatter. */
const SURPRISE_CAP = 6;

/** Makes an empty baseline. */
export function newBaseline(): BaselineState {
  return {
    v: 1,
    counts: 0,
    exposure: 0,
    events: 0,
    season: null,
    scatter: [
      [0, 0],
      [0, 0],
    ],
    hour: 0,
  };
}

/**
 * Learns one stretch within one hour, in place.
 * @param at start of the stretch, epoch milliseconds
 * @param exposed exposure of the stretch (active customers times minutes, or minutes); a gap has none and teaches nothing
 */
export function learn(baseline: BaselineState, at: number, seen: number, events: number, exposed: number): void {
  if (exposed <= 0) return;
  decay(baseline, Math.floor(at / MS.hour));
  const factor = seasonFactor(baseline.season, at);
  if (baseline.season) learnSeason(baseline.season, at, seen, (rate(baseline, exposed) || 0) * exposed);
  baseline.counts += seen;
  baseline.events += events;
  baseline.exposure += exposed * factor;
  if (!baseline.season && baseline.counts >= SEASON_FROM) baseline.season = newSeason();
}

/**
 * Learns, in place, how far one finished block lay from its expectation: ten minutes (index 0) or an hour (index 1).
 */
export function learnScatter(baseline: BaselineState, block: 0 | 1, seen: number, mean: number): void {
  const cell = baseline.scatter[block];
  if (!cell || mean <= 0) return;
  const deviation = Math.sqrt(mean + mean * mean * scatterOf(baseline, block));
  const surprise = Math.min(Math.abs(seen - mean), SURPRISE_CAP * deviation) ** 2 - mean;
  cell[0] += surprise;
  cell[1] += mean * mean;
}

/** Stretch of about an hour at most: its middle in epoch milliseconds, and its exposure. */
export interface Stretch {
  readonly at: number;
  readonly exposed: number;
}

/**
 * Expects the count of a window.
 * @param at middle of the window, epoch milliseconds
 * @param exposed exposure of the window
 * @param perMinute exposure of a usual minute, which scales the prior
 * @param block which scatter applies: 0 for windows of some minutes, 1 from half an hour on
 */
export function expected(
  baseline: BaselineState,
  at: number,
  exposed: number,
  perMinute: number,
  block: 0 | 1,
): Expectation {
  return expectation(baseline, [{ at, exposed }], perMinute, block);
}

/**
 * Expects the highest count of the hour before, this hour and the hour after. A clock change or a late morning rush
 * moves a season by an hour, and must not raise an alarm.
 */
export function expectedHigh(
  baseline: BaselineState,
  at: number,
  exposed: number,
  perMinute: number,
  block: 0 | 1,
): Expectation {
  return expectedHighOver(baseline, [{ at, exposed }], perMinute, block);
}

/**
 * Adds several stretches up in the same way. Doubts about their hours are independent; the doubt about level and
 * scatter is shared.
 */
export function expectedHighOver(
  baseline: BaselineState,
  stretches: readonly Stretch[],
  perMinute: number,
  block: 0 | 1,
): Expectation {
  return expectation(baseline, stretches.map(highest(baseline.season)), perMinute, block);
}

function highest(season: Season | null): (stretch: Stretch) => Stretch {
  if (!season) return (stretch) => stretch;
  return ({ at, exposed }) => {
    const hours = [at, at - MS.hour, at + MS.hour];
    return {
      at: hours.reduce((high, hour) => (seasonFactor(season, hour) > seasonFactor(season, high) ? hour : high)),
      exposed,
    };
  };
}

function expectation(
  { counts, exposure, season, ...baseline }: BaselineState,
  stretches: readonly Stretch[],
  perMinute: number,
  block: 0 | 1,
): Expectation {
  const level = (counts + PRIOR_COUNTS) / (exposure + PRIOR_MINUTES * Math.max(perMinute, 1e-9));
  let [mean, hours] = [0, 0];
  for (const { at, exposed } of stretches) {
    const part = level * exposed * seasonFactor(season, at);
    mean += part;
    hours += part * part * hourDoubt(season, at);
  }
  const doubt = 1 / (counts + PRIOR_COUNTS) + (mean > 0 ? hours / (mean * mean) : 0);
  return { mean, size: 1 / (doubt + scatterOf(baseline, block)) };
}

/** Computes -log10 of the probability of this count or a higher one. */
export function unlikelyMany(seen: number, { mean, size }: Expectation): number {
  return upperUnlikeliness(seen, mean, size);
}

/** Computes -log10 of the probability of this count or a lower one. */
export function unlikelyFew(seen: number, { mean, size }: Expectation): number {
  return lowerUnlikeliness(seen, mean, size);
}

/** Expects the error events of a window of this exposure. */
export function expectedEvents(baseline: BaselineState, at: number, exposed: number): number {
  if (baseline.exposure <= 0) return 0;
  return (baseline.events / baseline.exposure) * exposed * seasonFactor(baseline.season, at);
}

function rate(baseline: BaselineState, exposed: number): number {
  return baseline.counts / Math.max(baseline.exposure, exposed);
}

function scatterOf({ scatter }: Pick<BaselineState, 'scatter'>, block: 0 | 1): number {
  const [surprise, squares] = scatter[block] ?? [0, 0];
  const prior = block === 0 ? SCATTER_PRIOR.ten : SCATTER_PRIOR.hour;
  return Math.max(SCATTER_FLOOR, (surprise + prior * SCATTER_PRIOR.weight) / (squares + SCATTER_PRIOR.weight));
}

function decay(baseline: BaselineState, hour: number): void {
  if (baseline.hour === 0) baseline.hour = hour;
  const passed = hour - baseline.hour;
  if (passed <= 0) return;
  const keep = LEVEL_KEEP ** passed;
  baseline.counts *= keep;
  baseline.events *= keep;
  baseline.exposure *= keep;
  for (const cell of baseline.scatter) {
    cell[0] *= keep;
    cell[1] *= keep;
  }
  if (baseline.season) decaySeason(baseline.season, baseline.hour, hour);
  baseline.hour = hour;
}

function decaySeason(season: Season, before: number, hour: number): void {
  for (let passed = Math.max(before + 1, hour - 23); passed <= hour; passed += 1) {
    scale(season.hourSeen, passed % 24, HOUR_KEEP);
    scale(season.hourExpected, passed % 24, HOUR_KEEP);
    if (passed % 24 !== 0) continue;
    const day = dayOf(passed * MS.hour);
    scale(season.daySeen, day, DAY_KEEP);
    scale(season.dayExpected, day, DAY_KEEP);
  }
}

function newSeason(): Season {
  const zeros = (length: number) => new Array<number>(length).fill(0);
  return { hourSeen: zeros(24), hourExpected: zeros(24), daySeen: zeros(7), dayExpected: zeros(7) };
}

/** Teaches each factor what the other one leaves unexplained. */
function learnSeason(season: Season, at: number, seen: number, flat: number): void {
  const hour = hourOf(at);
  const day = dayOf(at);
  const hourly = factor(season.hourSeen, season.hourExpected, hour);
  const daily = factor(season.daySeen, season.dayExpected, day);
  add(season.hourSeen, hour, seen);
  add(season.hourExpected, hour, flat * daily);
  add(season.daySeen, day, seen);
  add(season.dayExpected, day, flat * hourly);
}

/** Interpolates linearly between the middles of hours, since traffic does not jump on the hour. */
function seasonFactor(season: Season | null, at: number): number {
  if (!season) return 1;
  const position = at / MS.hour - 0.5;
  const part = position - Math.floor(position);
  const before = factor(season.hourSeen, season.hourExpected, mod(Math.floor(position), 24));
  const after = factor(season.hourSeen, season.hourExpected, mod(Math.floor(position) + 1, 24));
  return (before * (1 - part) + after * part) * factor(season.daySeen, season.dayExpected, dayOf(at));
}

function factor(seen: readonly number[], expectedCounts: readonly number[], index: number): number {
  return ((seen[index] ?? 0) + SEASON_PRIOR) / ((expectedCounts[index] ?? 0) + SEASON_PRIOR);
}

/** Doubt about an hour of the day, as a relative variance: that of a Gamma rate with the counts seen in the hour. */
function hourDoubt(season: Season | null, at: number): number {
  return season ? 1 / ((season.hourSeen[hourOf(at)] ?? 0) + SEASON_PRIOR) : 0;
}

const hourOf = (at: number) => mod(Math.floor(at / MS.hour), 24);
const dayOf = (at: number) => mod(Math.floor(at / (24 * MS.hour)) + 4, 7);
const mod = (value: number, by: number) => ((value % by) + by) % by;

function add(values: number[], index: number, amount: number): void {
  values[index] = (values[index] ?? 0) + amount;
}

function scale(values: number[], index: number, by: number): void {
  values[index] = (values[index] ?? 0) * by;
}

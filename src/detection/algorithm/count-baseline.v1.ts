import { lowerUnlikeliness, upperUnlikeliness } from './tail.v1.js';

/**
 * What a count series usually does: level, time of day and day of week, and how much it scatters. Counts are negative
 * binomial (a Poisson count whose rate is Gamma), so sparse series and young series are judged mildly. Plain JSON.
 */
export interface BaselineState {
  readonly v: 1;
  /** Counts learnt, decayed, and the exposure behind them, season taken out: the rate is Gamma(counts, exposure). */
  counts: number;
  exposure: number;
  /** Error events learnt, decayed; with `exposure` their rate. */
  events: number;
  /** Seen and expected counts of each hour of the day and day of the week (UTC); null until there is enough to learn from. */
  season: Season | null;
  /** Squared surprise and squared expectation of ten-minute and one-hour blocks, decayed: the scatter. */
  scatter: [surprise: number, squares: number][];
  /** The last hour learnt, hours since the epoch; for decay. */
  hour: number;
}

interface Season {
  hourSeen: number[];
  hourExpected: number[];
  daySeen: number[];
  dayExpected: number[];
}

/** Expectation of a baseline for one window: the mean and size of a negative binomial count. */
export interface Expectation {
  readonly mean: number;
  readonly size: number;
}

const MS = { minute: 60_000, hour: 3_600_000 };
/** Weak prior on a rate: half a count, so that one lucky hour neither excludes nor expects the next hit. */
const PRIOR_COUNTS = 0.5;
/** A series of which nothing is known hits one customer an hour: the prior's mean. */
const PRIOR_MINUTES = PRIOR_COUNTS * 60;
/** A season is learnt from this many counts on; below, hours differ by chance. */
const SEASON_FROM = 20;
/** Strength of the belief that an hour or a day is like the others, in counts. */
const SEASON_PRIOR = 2;
/** Half-lives: the level follows a changing app within a week or two, the season within a month. */
const LEVEL_KEEP = 0.5 ** (1 / (10 * 24));
const HOUR_KEEP = 0.5 ** (1 / 21);
const DAY_KEEP = 0.5 ** (1 / 6);
/** Before it is learnt, scatter is that of a rate which varies by half of itself, and it never falls under a fifth. */
const SCATTER_PRIOR = { ten: 0.25, hour: 0.25, weight: 4 };
const SCATTER_FLOOR = 0.04;
/** A block further out than this many standard deviations is learnt as if it were just there. */
const SURPRISE_CAP = 6;

/** A baseline that has learnt nothing. */
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

/** Learns how far one finished block of ten minutes (index 0) or an hour (index 1) lay from its expectation, in place. */
export function learnScatter(baseline: BaselineState, block: 0 | 1, seen: number, mean: number): void {
  const cell = baseline.scatter[block];
  if (!cell || mean <= 0) return;
  const deviation = Math.sqrt(mean + mean * mean * scatterOf(baseline, block));
  const surprise = Math.min(Math.abs(seen - mean), SURPRISE_CAP * deviation) ** 2 - mean;
  cell[0] += surprise;
  cell[1] += mean * mean;
}

/** A stretch of time within one hour or about: its middle, epoch milliseconds, and its exposure. */
export interface Stretch {
  readonly at: number;
  readonly exposed: number;
}

/**
 * The count to expect in a window.
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
 * The same, for a question whose answer must not hang on the hour: the highest expectation of the hour before, now and
 * after. A clock change or a late morning rush moves a season by an hour, and must stay calm.
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

/** The same over several stretches: the doubts about their hours are apart, those about level and scatter are not. */
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

/** -log10 of the probability of so many counts or more. */
export function unlikelyMany(seen: number, { mean, size }: Expectation): number {
  return upperUnlikeliness(seen, mean, size);
}

/** -log10 of the probability of so few counts or fewer. */
export function unlikelyFew(seen: number, { mean, size }: Expectation): number {
  return lowerUnlikeliness(seen, mean, size);
}

/** Error events to expect in a window of this exposure. */
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

/** Each factor learns from what the other leaves unexplained. */
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

/** Hours are joined by straight lines between their middles, since traffic does not jump on the hour. */
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

/** Doubt about an hour of the day, as relative variance: that of a Gamma rate behind the counts seen in it. */
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

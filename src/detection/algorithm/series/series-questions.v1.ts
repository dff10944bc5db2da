import { CycleProfile, DAY_MS, WEEK_MS, type CycleProfileState } from './series-profile.js';
import { Window } from './series-window.js';

/**
 * Questions asked of every value. Each answer is a magnitude, small if all is as always.
 * - jump: distance from the value before
 * - level: distance from the long-run median
 * - away: distance of the median of the last 12 from the long-run median
 * - seasonRun, seasonDay: mean distance from the time of day over 6 and over 24
 * - week: mean distance from the time of week over 24
 * - spread: change of the spread of the last 48
 * - shift: change of the mean of the last 48 from the 48 before
 * - error: mean error of a short-term forecast over 10 (as in Ahmad et al., "Unsupervised real-time anomaly detection
 *   for streaming data", Neurocomputing 2017)
 */
export const QUESTIONS = [
  'jump',
  'level',
  'away',
  'seasonRun',
  'seasonDay',
  'week',
  'spread',
  'shift',
  'error',
] as const;
export type Question = (typeof QUESTIONS)[number];

/**
 * Window lengths, in values. Nobody has varied them or the rates below one by one; bench:detection scores the whole
 * (docs/benchmarks.md).
 */
const RUN = 6;
const AWAY = 12;
const DAY = 24;
const LONG = 48;
const ERRORS = 10;
/** Values behind the long-run median, and values after which it is computed again. */
const LEVEL_SIZE = 1000;
const LEVEL_EVERY = 20;
/** Learning rates of the usual spread and of the overall mean: they look back on 2000 and 1000 values. */
const SPREAD_RATE = 0.0005;
const MEAN_RATE = 0.001;

/** Saved state of {@link SeriesQuestions}; plain JSON. */
export interface SeriesQuestionsState {
  readonly recent: readonly number[];
  readonly residuals: readonly number[];
  readonly weekResiduals: readonly number[];
  readonly errors: readonly number[];
  readonly level: readonly number[];
  readonly profiles: readonly [CycleProfileState, CycleProfileState, CycleProfileState];
  readonly seen: number;
  readonly mean: number;
  readonly median: number;
  readonly spread: number;
  readonly spreads: number;
}

/** Answers the {@link QUESTIONS} for one series, value by value, from windows and profiles of constant size. */
export class SeriesQuestions {
  private readonly recent = new Window(2 * LONG);
  private readonly residuals = new Window(DAY);
  private readonly weekResiduals = new Window(DAY);
  private readonly errors = new Window(ERRORS);
  private readonly level = new Window(LEVEL_SIZE);
  private readonly halfHours = new CycleProfile(DAY_MS, 48, 0.2);
  private readonly hours = new CycleProfile(DAY_MS, 24, 0.15);
  private readonly weekHours = new CycleProfile(WEEK_MS, 168, 0.3);
  private seen = 0;
  private mean = 0;
  private median = 0;
  private spread = 0;
  private spreads = 0;

  /** Answers the questions that can be answered for this value yet, then learns it. */
  answer(timestampMs: number, value: number): Partial<Record<Question, number>> {
    const first = this.seen === 0;
    const previous = this.recent.at(0) ?? value;
    if (!first) this.errors.push(Math.abs(value - this.recent.median(5)));
    this.learnResiduals(timestampMs, value);
    this.recent.push(value);
    if (!first && (this.seen - 1) % LEVEL_EVERY === 0) this.median = this.level.median(LEVEL_SIZE);
    this.level.push(value);
    this.seen += 1;
    return {
      jump: first ? undefined : Math.abs(value - previous),
      level: first ? undefined : Math.abs(value - this.median),
      away: this.seen < AWAY ? undefined : Math.abs(this.recent.median(AWAY) - this.median),
      seasonRun: this.residuals.length < RUN ? undefined : Math.abs(this.residuals.mean(0, RUN)),
      seasonDay: this.residuals.full ? Math.abs(this.residuals.mean(0, DAY)) : undefined,
      week: this.weekResiduals.full ? Math.abs(this.weekResiduals.mean(0, DAY)) : undefined,
      spread: this.seen < LONG ? undefined : this.spreadChange(),
      shift: this.recent.full ? Math.abs(this.recent.mean(0, LONG) - this.recent.mean(LONG, 2 * LONG)) : undefined,
      error: this.errors.full ? this.errors.mean(0, ERRORS) : undefined,
    };
  }

  private learnResiduals(timestampMs: number, value: number): void {
    const overall = this.seen === 0 ? value : this.mean;
    const hour = this.hours.expected(timestampMs);
    const weekHour = this.weekHours.expected(timestampMs);
    this.residuals.push(value - (this.halfHours.expected(timestampMs) ?? overall));
    this.weekResiduals.push(value - (hour === undefined ? overall : (hour + (weekHour ?? hour)) / 2));
    for (const profile of [this.halfHours, this.hours, this.weekHours]) profile.learn(timestampMs, value);
    this.mean += Math.max(MEAN_RATE, 1 / (this.seen + 1)) * (value - this.mean);
  }

  /** Distance of the last values' spread from the usual one, as a difference of logarithms. */
  private spreadChange(): number | undefined {
    const spread = Math.log(this.recent.deviation(LONG) + 1e-9);
    const change = this.spreads > LONG ? Math.abs(spread - this.spread) : undefined;
    this.spreads += 1;
    this.spread += Math.max(SPREAD_RATE, 1 / this.spreads) * (spread - this.spread);
    return change;
  }

  export(): SeriesQuestionsState {
    const { seen, mean, median, spread, spreads } = this;
    return {
      recent: this.recent.export(),
      residuals: this.residuals.export(),
      weekResiduals: this.weekResiduals.export(),
      errors: this.errors.export(),
      level: this.level.export(),
      profiles: [this.halfHours.export(), this.hours.export(), this.weekHours.export()],
      seen,
      mean,
      median,
      spread,
      spreads,
    };
  }

  restore(state: SeriesQuestionsState): void {
    this.recent.restore(state.recent);
    this.residuals.restore(state.residuals);
    this.weekResiduals.restore(state.weekResiduals);
    this.errors.restore(state.errors);
    this.level.restore(state.level);
    this.halfHours.restore(state.profiles[0]);
    this.hours.restore(state.profiles[1]);
    this.weekHours.restore(state.profiles[2]);
    this.seen = state.seen;
    this.mean = state.mean;
    this.median = state.median;
    this.spread = state.spread;
    this.spreads = state.spreads;
  }
}

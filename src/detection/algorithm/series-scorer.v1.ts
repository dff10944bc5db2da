import { DayProfile, type DayProfileState } from './series-profile.js';
import { MagnitudeTail, type MagnitudeTailState } from './series-tail.js';
import { Window } from './series-window.js';

/** Settings of a scorer; all in observations, none depends on the unit or the interval of the series. */
export interface SeriesScorerOptions {
  /** Observations after which what was learnt counts half. */
  readonly halfLife: number;
  /** Observations after an incident began within which only something clearly worse begins another. */
  readonly calmFor: number;
}

/** Chosen once for every kind of series. */
export const DEFAULT_SCORER_OPTIONS: SeriesScorerOptions = { halfLife: 4000, calmFor: 150 };

/** What the scorer says about one observation. */
export interface SeriesScore {
  /** 0 (as always) to 1; from 0.5 up a new incident begins here. Comparable between series. */
  readonly score: number;
  /** What was usual at this time of day, in the unit of the series; undefined at the start and in gaps. */
  readonly expected?: number;
}

/** The saved state of a {@link SeriesScorer}; plain JSON. */
export interface SeriesScorerState {
  readonly version: 1;
  readonly options: SeriesScorerOptions;
  readonly seen: number;
  readonly recent: readonly number[];
  readonly residuals: readonly number[];
  readonly errors: readonly number[];
  readonly level: readonly number[];
  readonly levelMedian: number;
  readonly usualSpread: number;
  readonly spreadSeen: number;
  readonly profile: DayProfileState;
  readonly tails: Readonly<Record<Question, MagnitudeTailState>>;
  readonly calmUntil: number;
  readonly incidentSurprise: number;
}

/** The questions asked of every observation; each answer is judged against the answers that the same series gave before. */
const QUESTIONS = ['jump', 'level', 'season', 'seasonRun', 'seasonDay', 'spread', 'shift', 'error'] as const;
type Question = (typeof QUESTIONS)[number];

/** Window lengths in observations: a handful, half a day of half-hours, two days of hours. */
const RUN = 6;
const DAY = 24;
const LONG = 48;
/** How many values the slow level looks back on, and how often it is taken again. */
const LEVEL_SIZE = 1000;
const LEVEL_EVERY = 20;
/** Mean of the two highest surprises from which a point may begin an incident: odds of about 1 in 300. */
const INCIDENT_SURPRISE = 2.5;
/** Within the calm time only a surprise this many times that of the running incident begins another. */
const WORSE = 1.2;

/**
 * Scores one series point by point, causally, in constant memory. Each point is put several {@link QUESTIONS questions}
 * (has it jumped, is it far from the level, from what the time of day brings, for how long, has the spread or the level
 * shifted); every answer becomes a surprise by its rank among the answers before it (conformal prediction; Laxhammar and
 * Falkman 2010, Burnaev and Ishimtsev 2016 for streams), so series of any unit and shape share one scale. The two highest
 * surprises must agree to begin an incident; while it lasts, only something clearly worse begins another.
 */
export class SeriesScorer {
  private readonly recent = new Window(2 * LONG);
  private readonly residuals = new Window(DAY);
  private readonly errors = new Window(10);
  private readonly level = new Window(LEVEL_SIZE);
  private readonly profile = new DayProfile();
  private readonly tails: Record<Question, MagnitudeTail>;
  private seen = 0;
  private levelMedian = 0;
  private usualSpread = 0;
  private spreadSeen = 0;
  private calmUntil = 0;
  private incidentSurprise = 0;

  constructor(private readonly options: SeriesScorerOptions = DEFAULT_SCORER_OPTIONS) {
    const tails = QUESTIONS.map((question) => [question, new MagnitudeTail(options.halfLife)] as const);
    this.tails = Object.fromEntries(tails) as Record<Question, MagnitudeTail>;
  }

  /**
   * Scores one observation and learns it. Observations come in the order of the series; equal times are allowed.
   * @param timestampMs epoch milliseconds
   * @param value null for a gap, which scores 0 and teaches nothing
   */
  push(timestampMs: number, value: number | null): SeriesScore {
    if (value === null || !Number.isFinite(value)) return { score: 0 };
    const expected = this.profile.expected(timestampMs);
    const surprises = this.ask(value, expected).sort((a, b) => b - a);
    this.profile.learn(timestampMs, value);
    this.seen += 1;
    const surprise = ((surprises[0] ?? 0) + (surprises[1] ?? 0)) / 2;
    return { score: this.judge(surprise), expected };
  }

  /** The surprise of every question that can be answered yet; learns the answers and the value. */
  private ask(value: number, expected: number | undefined): number[] {
    const answers = this.answer(value, expected);
    return QUESTIONS.flatMap((question) => {
      const answer = answers[question];
      if (answer === undefined) return [];
      const surprise = this.tails[question].surprise(answer);
      this.tails[question].add(answer);
      return [surprise];
    });
  }

  private answer(value: number, expected: number | undefined): Partial<Record<Question, number>> {
    const previous = this.recent.at(0);
    const residual = expected === undefined ? 0 : value - expected;
    if (this.recent.length > 0) this.errors.push(Math.abs(value - median5(this.recent)));
    if (this.level.length > 0 && this.seen % LEVEL_EVERY === 0) this.levelMedian = this.level.median();
    this.recent.push(value);
    this.residuals.push(residual);
    const answers = {
      jump: previous === undefined ? undefined : Math.abs(value - previous),
      level: this.level.length > 0 ? Math.abs(value - this.levelMedian) : undefined,
      season: Math.abs(residual),
      seasonRun: this.residuals.length >= RUN ? Math.abs(this.residuals.mean(0, RUN)) : undefined,
      seasonDay: this.residuals.full ? Math.abs(this.residuals.mean(0, DAY)) : undefined,
      spread: this.recent.length >= LONG ? this.spreadChange() : undefined,
      shift: this.recent.full ? Math.abs(this.recent.mean(0, LONG) - this.recent.mean(LONG, 2 * LONG)) : undefined,
      error: this.errors.full ? this.errors.mean(0, this.errors.size) : undefined,
    };
    this.level.push(value);
    return answers;
  }

  /** How far the spread of the last observations is from the usual spread, as a distance of logarithms. */
  private spreadChange(): number {
    const spread = Math.log(this.recent.deviation(LONG) + 1e-9);
    const change = this.spreadSeen > 0 ? Math.abs(spread - this.usualSpread) : 0;
    this.spreadSeen += 1;
    this.usualSpread += Math.max(0.0005, 1 / this.spreadSeen) * (spread - this.usualSpread);
    return change;
  }

  /** The score of a surprise: the upper half when it begins an incident, else the lower. */
  private judge(surprise: number): number {
    const size = 0.5 * (1 - Math.exp(-surprise / 4));
    const calm = this.seen <= this.calmUntil && surprise < this.incidentSurprise * WORSE;
    if (calm || surprise <= INCIDENT_SURPRISE) return size;
    this.calmUntil = this.seen + this.options.calmFor;
    this.incidentSurprise = surprise;
    return 0.5 + size;
  }

  /** The whole state; a scorer restored from it goes on with the same scores. */
  export(): SeriesScorerState {
    return {
      version: 1,
      options: this.options,
      seen: this.seen,
      recent: this.recent.export(),
      residuals: this.residuals.export(),
      errors: this.errors.export(),
      level: this.level.export(),
      levelMedian: this.levelMedian,
      usualSpread: this.usualSpread,
      spreadSeen: this.spreadSeen,
      profile: this.profile.export(),
      tails: Object.fromEntries(QUESTIONS.map((question) => [question, this.tails[question].export()])) as Record<
        Question,
        MagnitudeTailState
      >,
      calmUntil: this.calmUntil,
      incidentSurprise: this.incidentSurprise,
    };
  }

  /** A scorer that goes on from a saved state. */
  static import(state: SeriesScorerState): SeriesScorer {
    const scorer = new SeriesScorer(state.options);
    scorer.seen = state.seen;
    scorer.recent.restore(state.recent);
    scorer.residuals.restore(state.residuals);
    scorer.errors.restore(state.errors);
    scorer.level.restore(state.level);
    scorer.levelMedian = state.levelMedian;
    scorer.usualSpread = state.usualSpread;
    scorer.spreadSeen = state.spreadSeen;
    scorer.profile.restore(state.profile);
    for (const question of QUESTIONS) scorer.tails[question].restore(state.tails[question]);
    scorer.calmUntil = state.calmUntil;
    scorer.incidentSurprise = state.incidentSurprise;
    return scorer;
  }
}

/** Median of the last five values. */
function median5(values: Window): number {
  const held = [0, 1, 2, 3, 4].flatMap((age) => values.at(age) ?? []).sort((a, b) => a - b);
  const half = held.length >> 1;
  return held.length % 2 === 1 ? (held[half] ?? 0) : ((held[half - 1] ?? 0) + (held[half] ?? 0)) / 2;
}

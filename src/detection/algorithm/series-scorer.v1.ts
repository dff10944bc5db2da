import { Deviation, type DeviationState } from './series-deviation.v1.js';
import { QUESTIONS, SeriesQuestions, type Question, type SeriesQuestionsState } from './series-questions.v1.js';
import { MagnitudeTail, type MagnitudeTailState } from './series-tail.js';

/** Settings of a scorer, in values of the series; none depends on its unit or interval. */
export interface SeriesScorerOptions {
  /** Values after which what was learnt about rarity counts half. */
  readonly halfLife: number;
  /** Values after an incident began within which only something clearly worse begins another. */
  readonly calmFor: number;
}

/**
 * One setting for every kind of series. On the NAB development half the standard score stays within 2 points of its value
 * for a half-life from 1000 to 100,000, for a calm time from 50 to 200 and with 4 % noise added; with roots taken it loses 4.
 */
export const DEFAULT_SCORER_OPTIONS: SeriesScorerOptions = { halfLife: 4000, calmFor: 100 };

/** What the scorer says about one value. */
export interface SeriesScore {
  /** 0 (as always) to 1; from 0.5 up an incident begins here. Comparable between series. */
  readonly score: number;
  /** What was usual at this time of day, in the unit of the series; undefined at the start and in gaps. */
  readonly expected?: number;
}

/** The saved state of a {@link SeriesScorer}; plain JSON. */
export interface SeriesScorerState {
  readonly version: 1;
  readonly options: SeriesScorerOptions;
  readonly questions: SeriesQuestionsState;
  readonly deviation: DeviationState;
  readonly tails: readonly MagnitudeTailState[];
  readonly seen: number;
  readonly calmUntil: number;
  readonly incidentSurprise: number;
}

/** Mean of the two highest surprises that begins an incident: odds of 1 in 630. */
const INCIDENT_SURPRISE = 2.8;
/** Within the calm time only a surprise this many times that of the running incident begins another. */
const WORSE = 1.1;
/**
 * What a surprise loses for each usual deviation by which the running one falls short of an evident one: where two questions
 * find rare what lies close to usual, chance is likelier. Halves the incidents that begin in mere noise.
 */
const DOUBT = 0.1;
const EVIDENT = 4;
/** How fast the score of either half saturates: surprise in powers of ten, deviation in multiples of the usual one. */
const SURPRISE_SCALE = 4;
const DEVIATION_SCALE = 7.5;

/**
 * Scores one series value by value, causally, in constant memory. Two things are told apart:
 * - *Does an incident begin here?* Every value answers nine {@link QUESTIONS questions}; each answer becomes a surprise by
 *   its rank among the answers that the same series gave before (conformal prediction; Laxhammar and Falkman 2010, for
 *   streams Burnaev and Ishimtsev 2016), so series of any unit and shape share one scale. Two must agree, and the running
 *   deviation should show it. While an incident lasts only something clearly worse begins another. Scores 0.5 to 1, by
 *   surprise.
 * - *How unusual are the last few values by themselves?* The running {@link Deviation}, for as long as a fault lasts. Scores
 *   0 to 0.5; a calm series lies around 0.1.
 *
 * Measured on Node 20, one core: about 80,000 values a second, and a saved state of 47 KB a series.
 */
export class SeriesScorer {
  private readonly questions = new SeriesQuestions();
  private readonly deviation = new Deviation();
  private readonly tails: Readonly<Record<Question, MagnitudeTail>>;
  private seen = 0;
  private calmUntil = 0;
  private incidentSurprise = 0;

  constructor(private readonly options: SeriesScorerOptions = DEFAULT_SCORER_OPTIONS) {
    const tails = QUESTIONS.map((question) => [question, new MagnitudeTail(options.halfLife)] as const);
    this.tails = Object.fromEntries(tails) as Record<Question, MagnitudeTail>;
  }

  /**
   * Scores one value and learns it. Values come in the order of the series; equal times are allowed.
   * @param timestampMs epoch milliseconds
   * @param value null for a gap, which scores 0 and teaches nothing
   */
  push(timestampMs: number, value: number | null): SeriesScore {
    if (value === null || !Number.isFinite(value)) return { score: 0 };
    this.seen += 1;
    const { running, remembered, expected } = this.deviation.push(timestampMs, value);
    const doubt = DOUBT * Math.max(0, EVIDENT - running);
    const begins = this.beginsIncident(this.surprise(timestampMs, value) - doubt);
    if (begins) return { score: 1 - 0.5 * Math.exp(-this.incidentSurprise / SURPRISE_SCALE), expected };
    return { score: (0.5 * remembered ** 2) / (remembered ** 2 + DEVIATION_SCALE ** 2), expected };
  }

  /** Mean of the two highest surprises, in powers of ten, over the questions that can be answered yet. */
  private surprise(timestampMs: number, value: number): number {
    const answers = this.questions.answer(timestampMs, value);
    let first = 0;
    let second = 0;
    for (const question of QUESTIONS) {
      const answer = answers[question];
      if (answer === undefined) continue;
      const surprise = this.tails[question].surprise(answer);
      this.tails[question].add(answer);
      second = Math.max(second, Math.min(first, surprise));
      first = Math.max(first, surprise);
    }
    return (first + second) / 2;
  }

  private beginsIncident(surprise: number): boolean {
    const calm = this.seen <= this.calmUntil && surprise < this.incidentSurprise * WORSE;
    if (calm || surprise <= INCIDENT_SURPRISE) return false;
    this.calmUntil = this.seen + this.options.calmFor;
    this.incidentSurprise = surprise;
    return true;
  }

  /** The whole state; a scorer made from it goes on with the same scores. */
  export(): SeriesScorerState {
    return {
      version: 1,
      options: this.options,
      questions: this.questions.export(),
      deviation: this.deviation.export(),
      tails: QUESTIONS.map((question) => this.tails[question].export()),
      seen: this.seen,
      calmUntil: this.calmUntil,
      incidentSurprise: this.incidentSurprise,
    };
  }

  /** A scorer that goes on from a saved state. */
  static import(state: SeriesScorerState): SeriesScorer {
    const scorer = new SeriesScorer(state.options);
    scorer.questions.restore(state.questions);
    scorer.deviation.restore(state.deviation);
    QUESTIONS.forEach((question, i) => {
      const tail = state.tails[i];
      if (tail) scorer.tails[question].restore(tail);
    });
    scorer.seen = state.seen;
    scorer.calmUntil = state.calmUntil;
    scorer.incidentSurprise = state.incidentSurprise;
    return scorer;
  }
}

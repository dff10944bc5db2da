import { type MatchAnswer, type MatchEntry, type MatchStrength, type RankedEntry } from '../../matcher.js';
import { AlarmThreshold } from './alarm-threshold.js';
import { ordinaryQuestions } from './ordinary.js';
import { type ChineseKnowledge, type MatchText, readText } from './text.js';
import { type EntryLikeness, type Question, UnitGroup, type Vector } from './unit-group.js';

/** Share of the questions about nothing known that may be answered, over all tiers together. */
const ALARMS = 0.04;
/** How far above the threshold the score is 0.73; a question about nothing known comes that far once in a hundred. */
const STEP = 0.1;
/** Extra score that a question in another script than the entries needs: a translated word meets more by chance. */
const TRANSLATED = 1.1;
/**
 * How much evidence counts for what hit the customer beforehand, against the threshold and against every other entry: who was just hit mostly asks
 * about that. docs/benchmarks.md says what half and double give.
 */
const OWN = 0.1;
const POSSIBLE = 0.5;
const CONFIDENT = 0.75;
/** Entries in an answer. */
const MOST_RANKED = 10;

/** Entries, ready to be compared with questions. */
export class MatchIndex {
  private readonly ids: readonly string[];
  private readonly places: ReadonlyMap<string, number>;
  private readonly groups: readonly { readonly units: UnitGroup; readonly threshold: AlarmThreshold }[];

  /**
   * @param vectorOf sentence vector of an English text, of `textsToEmbed`; null without embeddings
   */
  constructor(
    entries: readonly MatchEntry[],
    vectorOf: (english: string) => Vector,
    chinese: ChineseKnowledge | undefined,
  ) {
    this.ids = [...new Set(entries.map(({ id }) => id))];
    this.places = new Map(this.ids.map((id, place) => [id, place]));
    const units = entries.flatMap(({ id, title, body, phrases }) => {
      const unitOf = (raw: string, said: boolean) => {
        const text = readText(raw, chinese);
        return { entry: this.places.get(id) ?? 0, said, text, vector: vectorOf(text.english) };
      };
      return [unitOf(title, false), unitOf(body, false), ...phrases.map((phrase) => unitOf(phrase, true))];
    });
    const ordinaryIn = (script: MatchText['script']) =>
      ordinaryQuestions(script).map((raw) => {
        const text = readText(raw, chinese);
        return { text, vector: vectorOf(text.english) };
      });
    this.groups = (['other', 'han'] as const)
      .map((script) => units.filter(({ text }) => text.script === script && text.runs.length > 0))
      .filter((mine) => mine.length > 0)
      .map((mine) => new UnitGroup(mine[0]!.text.script, mine, ordinaryIn(mine[0]!.text.script)))
      .map((group) => ({ units: group, threshold: new AlarmThreshold(group) }));
  }

  /** @param tiers ids in question, the likeliest first: of several, the first holds what hit the customer; undefined for all */
  answer(question: Question, tiers: readonly (readonly string[])[] | undefined): MatchAnswer {
    const near = this.nearby(question);
    const sets = tiers?.map((ids) => this.placesOf(ids)) ?? [new Set(this.ids.keys())];
    let ranked: RankedEntry[] = [];
    for (const [tier, candidates] of sets.entries()) {
      if (candidates.size === 0 || question.text.runs.length === 0) continue;
      ranked = this.among(near, candidates, {
        alarms: ALARMS / sets.length,
        rivals: sets.length > 1 && tier === 0 ? new Set(sets.slice(1).flatMap((others) => [...others])) : null,
        script: question.text.script,
      });
      const match = strengthOf(ranked[0]?.score ?? 0);
      if (match !== 'none') return { match, ranked, tier };
    }
    return { match: 'none', ranked, tier: null };
  }

  /** Likeness of each entry: from its units in the question's own script, from the others where it has none. */
  private nearby(question: Question): { readonly group: number; readonly likeness: EntryLikeness }[] {
    const own = (at: number) => (this.groups[at]!.units.script === question.text.script ? 0 : 1);
    const order = [...this.groups.keys()].toSorted((one, other) => own(one) - own(other));
    const seen = new Set<number>();
    return order.flatMap((group) => {
      const { units } = this.groups[group]!;
      const fresh = units.rank(units.compare(question)).filter(({ entry }) => !seen.has(entry));
      fresh.forEach(({ entry }) => seen.add(entry));
      return fresh.map((likeness) => ({ group, likeness }));
    });
  }

  private among(
    near: ReturnType<MatchIndex['nearby']>,
    candidates: ReadonlySet<number>,
    { alarms, rivals, script }: { alarms: number; rivals: ReadonlySet<number> | null; script: MatchText['script'] },
  ): RankedEntry[] {
    const thresholds = this.groups.map(
      ({ units, threshold }) =>
        threshold.among(candidates.size, alarms) * (units.script === script ? 1 : TRANSLATED) - (rivals ? OWN : 0),
    );
    const nearestRival = near
      .filter(({ likeness }) => rivals?.has(likeness.entry))
      .reduce((nearest, { likeness }) => Math.max(nearest, likeness.evidence), -Infinity);
    const best = near
      .filter(({ likeness }) => candidates.has(likeness.entry))
      .map(({ group, likeness }) => ({
        likeness,
        threshold: likeness.evidence + OWN < nearestRival ? nearestRival : thresholds[group]!,
      }))
      .toSorted((one, other) => other.likeness.rank - other.threshold - (one.likeness.rank - one.threshold))
      .slice(0, MOST_RANKED);
    let highest = 1;
    return best.map(({ threshold, likeness }) => {
      // Ranked by one figure and scored by another, so a later one could score higher than the one it stands behind.
      highest = Math.min(highest, sigmoid((likeness.evidence - threshold) / STEP));
      return {
        id: this.ids[likeness.entry]!,
        score: round(highest),
        words: round(clamp(likeness.words)),
        meaning: likeness.meaning === null ? null : round(clamp(likeness.meaning)),
      };
    });
  }

  private placesOf(ids: readonly string[]): Set<number> {
    return new Set(ids.map((id) => this.places.get(id)).filter((place) => place !== undefined));
  }
}

function strengthOf(score: number): MatchStrength {
  if (score < POSSIBLE) return 'none';
  return score < CONFIDENT ? 'possible' : 'confident';
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function round(value: number): number {
  return Number(value.toFixed(4));
}

import { type EntryLikeness, type UnitGroup } from './unit-group.js';

/** Candidates up to which they count as few. */
const FEW = 4;
/** Thresholds where customers said nothing yet, and how many of their phrases outweigh them. */
const USUAL = { amongMany: 0.5, amongFew: 0.3, phrases: 20 };

/** Score that decides whether an entry fits: the nearest unit among many candidates, the three nearest among few. */
export function evidenceOf(likeness: EntryLikeness, candidates: number): number {
  return candidates > FEW ? likeness.nearest : likeness.nearThree;
}

/** Phrases asked at most, spread over all: more say no more about the one in twenty-five. */
const MOST_ASKED = 300;

/**
 * Tells from the entries themselves how near a question comes that is about none of them: every phrase is asked with its own entry left out.
 * So the threshold follows the domain, the number of phrases, and how many entries are candidates.
 */
export class AlarmThreshold {
  /** By phrase, how near every other entry is. */
  private readonly asked: readonly (readonly EntryLikeness[])[];
  private readonly known = new Map<string, number>();

  constructor(group: UnitGroup) {
    const said = group.units.filter((unit) => unit.said);
    const step = Math.max(1, said.length / MOST_ASKED);
    this.asked = Array.from({ length: Math.min(said.length, MOST_ASKED) }, (_, at) => said[Math.floor(at * step)]!).map(
      (phrase) => group.rank(group.compare(phrase)).filter(({ entry }) => entry !== phrase.entry),
    );
  }

  /**
   * @param candidates number of entries in question, at least 1
   * @param alarms share of the questions about none of them that may pass, 0 to 1
   */
  among(candidates: number, alarms: number): number {
    const key = `${candidates}/${alarms}`;
    const threshold = this.known.get(key) ?? this.measure(candidates, alarms);
    this.known.set(key, threshold);
    return threshold;
  }

  private measure(candidates: number, alarms: number): number {
    const usual = candidates > FEW ? USUAL.amongMany : USUAL.amongFew;
    const seen = this.asked
      .flatMap((others, at) => parts(others, candidates, at))
      .map((part) => evidenceOf(bestOf(part), candidates))
      .toSorted((one, other) => one - other);
    const measured = seen[Math.min(seen.length - 1, Math.floor(seen.length * (1 - alarms)))] ?? 0;
    const phrases = seen.length > 0 ? this.asked.length : 0;
    return (phrases * measured + USUAL.phrases * usual) / (phrases + USUAL.phrases);
  }
}

/** Cuts entries into whole parts of a size, beginning at another one each time; all of them where they are fewer. */
function parts(entries: readonly EntryLikeness[], size: number, turn: number): (readonly EntryLikeness[])[] {
  if (entries.length === 0) return [];
  const from = turn % entries.length;
  const turned = [...entries.slice(from), ...entries.slice(0, from)];
  const count = Math.max(1, Math.floor(entries.length / size));
  return Array.from({ length: count }, (_, part) => turned.slice(part * size, (part + 1) * size));
}

function bestOf(entries: readonly EntryLikeness[]): EntryLikeness {
  return entries.reduce((best, entry) => (entry.rank > best.rank ? entry : best));
}

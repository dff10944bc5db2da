import { type EntryLikeness, type UnitGroup } from './unit-group.js';

/** Threshold for one candidate where customers said nothing yet, what each doubling of the candidates adds, and how many phrases outweigh both. */
const USUAL = { forOne: 0.12, eachDoubling: 0.03, phrases: 20 };

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
    const usual = USUAL.forOne + USUAL.eachDoubling * Math.log2(candidates);
    const seen = this.asked
      .flatMap((others, at) => parts(others, candidates, at))
      .map((part) => bestOf(part).evidence)
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

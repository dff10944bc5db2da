import { type Kinds, type NearestKind } from '../../matcher.js';
import { type ChineseKnowledge, type MatchText, readText } from './text.js';
import { type Question, UnitGroup, type Vector } from './unit-group.js';

/** Examples of a kind, and sentences of none, whose mean likeness says how near they are. */
const NEAREST = 2;

/** Kinds of sentences in one script, ready to be compared with a text. */
export class KindIndex {
  private readonly names: readonly string[];
  private readonly group: UnitGroup;

  /** @param vectorOf sentence vector of an English text; null without embeddings */
  constructor(
    { examples, others }: Kinds,
    script: MatchText['script'],
    vectorOf: (english: string) => Vector,
    chinese: ChineseKnowledge | undefined,
  ) {
    this.names = Object.keys(examples);
    const read = (raw: string): Question => {
      const text = readText(raw, chinese);
      return { text, vector: vectorOf(text.english) };
    };
    const inScript = ({ text }: Question) => text.script === script;
    const units = this.names.flatMap((kind, entry) =>
      examples[kind]!.map(read)
        .filter(inScript)
        .map((one) => ({ entry, said: true, ...one })),
    );
    this.group = new UnitGroup(script, units, others.map(read).filter(inScript));
  }

  /** Finds the kind that a text of this script is nearest to; null for a text without words. */
  nearest(question: Question): NearestKind | null {
    if (question.text.runs.length === 0) return null;
    const { units } = this.group;
    const { both, meaning } = this.group.compare(question);
    const none = meanOfNearest(both.slice(units.length));
    return this.names
      .map((kind, entry) => {
        const own = both.filter((_, at) => units[at]?.entry === entry);
        return { kind, evidence: meanOfNearest(own) - none, byMeaning: meaning !== null };
      })
      .reduce((best, one) => (one.evidence > best.evidence ? one : best));
  }
}

function meanOfNearest(likeness: Float64Array): number {
  const nearest = likeness.toSorted().slice(-NEAREST);
  return nearest.reduce((sum, value) => sum + value, 0) / (nearest.length || 1);
}

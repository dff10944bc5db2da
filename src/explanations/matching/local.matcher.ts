import { setTimeout as pause } from 'node:timers/promises';
import { KindIndex } from '../algorithm/match/kind-index.js';
import { MatchIndex } from '../algorithm/match/match-index.js';
import { ordinaryQuestions } from '../algorithm/match/ordinary.js';
import { type ChineseKnowledge, hasHan, type MatchText, readText } from '../algorithm/match/text.js';
import { type Vector } from '../algorithm/match/unit-group.js';
import {
  type Kinds,
  type MatchAnswer,
  type MatchEntry,
  type Matcher,
  type MatchQuery,
  type NearestKind,
} from '../matcher.js';
import { type Embedder } from './embedder.js';
import { recentMap } from '../../platform/recent-map.js';

/** Vectors of questions kept: a bot often asks the same again. */
const QUESTIONS_KEPT = 500;
/** After an embedder failed, this many questions are answered by words alone before it is asked again. */
const REST = 20;

/** Milliseconds that a reply of a customer waits for its vector while the model loads: providers hang up after ten seconds and more. */
const REPLY_PATIENCE_MS = 5000;

/** Kinds of sentences by words, and by meaning too once somebody asked. */
interface KindIndexes {
  readonly byWords: KindIndex;
  byMeaning: Promise<KindIndex | null> | undefined;
}

/** Matches in this thread. Until the vectors of a new index are there, words alone answer. */
export class LocalMatcher implements Matcher {
  private readonly vectors = new Map<string, Float32Array>();
  private readonly questions = recentMap<string, Float32Array>(QUESTIONS_KEPT);
  /** By name and script. */
  private readonly kinds = new Map<string, KindIndexes>();
  private entries: readonly MatchEntry[] = [];
  private byWords: MatchIndex | undefined;
  private byMeaning: MatchIndex | undefined;
  private hasChinese = false;
  /** Questions still to be answered by words alone, after the embedder failed. */
  private resting = 0;
  private learning: Promise<void> | undefined;
  private indexed = 0;

  /**
   * @param embedder undefined to match by words alone
   * @param chinese loads what is known of Chinese; called once a text needs it
   * @param patience milliseconds that a question waits for its vector; then words alone answer. Undefined: as long as it takes
   */
  constructor(
    private readonly embedder: Embedder | undefined,
    private readonly chinese: () => ChineseKnowledge,
    private readonly patience?: number,
  ) {}

  async index(entries: readonly MatchEntry[]): Promise<void> {
    this.entries = entries;
    this.hasChinese = textsOf(entries).some(hasHan);
    this.byWords = undefined;
    this.byMeaning = undefined;
    this.resting = 0;
    this.indexed += 1;
    await this.keepLearning();
  }

  async match({ text, candidates }: MatchQuery): Promise<MatchAnswer> {
    const read = readText(text, this.knowledgeFor([text]));
    const vector = read.english === '' ? null : await this.vectorOf(read.english);
    const index = vector !== null && this.byMeaning ? this.byMeaning : this.wordIndex();
    return index.answer({ text: read, vector: index === this.byMeaning ? vector : null }, candidates);
  }

  async kindOf(text: string, kinds: Kinds): Promise<NearestKind | null> {
    const read = readText(text, this.knowledgeFor([text]));
    const indexes = this.indexesOf(kinds, read.script);
    const vector = read.english === '' ? null : await inTime(this.embed([read.english]));
    const byMeaning = vector && (await inTime((indexes.byMeaning ??= this.learnKinds(kinds, read.script))));
    if (vector && !byMeaning) indexes.byMeaning = undefined;
    return byMeaning
      ? byMeaning.nearest({ text: read, vector: vector[0]! })
      : indexes.byWords.nearest({ text: read, vector: null });
  }

  async close(): Promise<void> {
    await this.embedder?.close();
  }

  private indexesOf(kinds: Kinds, script: MatchText['script']): KindIndexes {
    const name = `${kinds.name} ${script}`;
    let indexes = this.kinds.get(name);
    if (!indexes) {
      indexes = { byWords: new KindIndex(kinds, script, () => null, this.knowledgeOf(script)), byMeaning: undefined };
      this.kinds.set(name, indexes);
    }
    return indexes;
  }

  /** Embeds the sentences of kinds; null when the embedder is away. */
  private async learnKinds(kinds: Kinds, script: MatchText['script']): Promise<KindIndex | null> {
    const chinese = this.knowledgeOf(script);
    const texts = [...Object.values(kinds.examples).flat(), ...kinds.others]
      .map((raw) => readText(raw, chinese))
      .filter((text) => text.script === script && text.english !== '');
    const english = [...new Set(texts.map((text) => text.english))];
    const made = await this.embed(english);
    if (made === null) return null;
    const vectors = new Map(english.map((text, at) => [text, made[at]!]));
    return new KindIndex(kinds, script, (text) => vectors.get(text) ?? null, chinese);
  }

  private knowledgeOf(script: MatchText['script']): ChineseKnowledge | undefined {
    return script === 'han' ? this.chinese() : undefined;
  }

  private wordIndex(): MatchIndex {
    this.byWords ??= new MatchIndex(this.entries, () => null, this.knowledgeFor([]));
    return this.byWords;
  }

  /** Learns until the newest entries are learnt; one at a time, so that a text is embedded once. */
  private async keepLearning(): Promise<void> {
    while (this.learning) await this.learning;
    if (this.byMeaning) return;
    this.learning = this.learnMeaning().finally(() => (this.learning = undefined));
    await this.learning;
  }

  /** Embeds what is new and makes the index of it, unless newer entries have come meanwhile. */
  private async learnMeaning(): Promise<void> {
    if (!this.embedder || this.entries.length === 0) return;
    const { indexed, entries } = this;
    const chinese = this.knowledgeFor([]);
    const texts = [
      ...ordinaryQuestions('other'),
      ...(this.hasChinese ? ordinaryQuestions('han') : []),
      ...textsOf(entries),
    ];
    const needed = new Set(texts.map((text) => readText(text, chinese).english));
    needed.delete('');
    const fresh = [...needed].filter((english) => !this.vectors.has(english));
    const made = fresh.length > 0 ? await this.embed(fresh) : [];
    if (made === null) return;
    fresh.forEach((english, at) => this.vectors.set(english, made[at]!));
    if (indexed !== this.indexed) return;
    for (const english of this.vectors.keys()) if (!needed.has(english)) this.vectors.delete(english);
    const vectorOf = (english: string): Vector => this.vectors.get(english) ?? null;
    this.byMeaning = new MatchIndex(entries, vectorOf, chinese);
  }

  private async vectorOf(english: string): Promise<Vector> {
    if (!this.embedder) return null;
    if (this.resting > 0) {
      this.resting -= 1;
      return null;
    }
    if (!this.byMeaning) {
      // The embedder was away when the entries came.
      if (!this.learning) void this.keepLearning();
      return null;
    }
    const kept = this.questions.get(english);
    if (kept) return kept;
    const asked = this.embed([english]).then((vectors) => {
      const vector = vectors?.[0] ?? null;
      if (vector) this.questions.set(english, vector);
      return vector;
    });
    return this.patience === undefined ? asked : Promise.race([asked, pause(this.patience, null, { ref: false })]);
  }

  private async embed(texts: readonly string[]): Promise<readonly Float32Array[] | null> {
    const vectors = (await this.embedder?.embed(texts)) ?? null;
    if (vectors === null) this.resting = REST;
    return vectors;
  }

  /** Chinese is loaded where a text has a character of it, or the index does. */
  private knowledgeFor(texts: readonly string[]): ChineseKnowledge | undefined {
    return texts.some(hasHan) || this.hasChinese ? this.chinese() : undefined;
  }
}

function textsOf(entries: readonly MatchEntry[]): string[] {
  return entries.flatMap(({ title, body, phrases }) => [title, body, ...phrases]);
}

function inTime<T>(work: Promise<T>): Promise<T | null> {
  return Promise.race([work, pause(REPLY_PATIENCE_MS, null, { ref: false })]);
}

import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Scrubber } from '../../events/scrubber.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { type AnswerItem, Answers, type Asker, type Asking, CONCERNS } from '../answers/answers.service.js';
import { type Board, type BoardEntry } from '../answers/board.js';
import { Boards } from '../answers/boards.service.js';
import { HandOverDesk, type HandoverAdvice } from '../hand-over-desk.service.js';
import { MATCHER, type MatchEntry, type Matcher, type MatchStrength } from '../matcher.js';
import { Explanations } from '../public.js';
import { Examples } from './examples.service.js';
import { OutcomeStore } from './outcome.store.js';

/** Most explanations in an answer; by judgement: a bot asks back with two or three. */
const MOST = 3;
/** Share of the best score below which nothing is shown beside it. */
const NEAR = 0.75;
/** Examples of one incident that are handed to the matcher; the newest. */
const PHRASES = 50;

/** Explanation that fits a customer's words, and why. */
export interface MatchedItem extends AnswerItem {
  /** 0 to 1. */
  readonly score: number;
  readonly why: { readonly hit: boolean; readonly words: number; readonly meaning: number | null };
}

/** Answers that fit a customer's words; no items for `none`. */
export interface Matched extends HandoverAdvice {
  readonly customer: 'known' | 'unknown';
  readonly match: MatchStrength;
  readonly items: readonly MatchedItem[];
}

/** Finds the explanation that a customer's words are about: among what hit them, else what may concern them, else among all. */
@Injectable()
export class Matching implements OnModuleDestroy {
  private indexed = -1;
  private indexing: Promise<void> | undefined;

  constructor(
    @Inject(MATCHER) private readonly matcher: Matcher,
    private readonly answers: Answers,
    private readonly boards: Boards,
    private readonly explanations: Explanations,
    private readonly examples: Examples,
    private readonly store: OutcomeStore,
    private readonly scrubber: Scrubber,
    private readonly desk: HandOverDesk,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  onModuleDestroy(): Promise<void> {
    return this.matcher.close();
  }

  /** Matches words; keeps them without secrets and addresses where something fits, so that the outcome can teach. */
  async match(text: string, asking: Asking): Promise<Matched> {
    const asker = await this.answers.asker(asking);
    const customer = asker.facts.customerId === null ? 'unknown' : 'known';
    await this.keepIndexed(asker.board);
    const locale = asking.locale ?? asker.facts.locale;
    const { match, ranked } = await this.matcher.match({ text, locale, candidates: tiersOf(asker) });
    const advice = this.desk.advise({ text, matched: match !== 'none', locale: locale ?? null });
    if (match === 'none') return { customer, match, ...advice, items: [] };
    const [best] = ranked;
    const near = ranked.slice(0, MOST).filter(({ score }) => score >= NEAR * (best?.score ?? 0));
    const question = { customerId: asker.facts.customerId, locale: locale ?? null, text: this.scrubber.text(text) };
    const questionId = await this.store.insertQuestion(this.database, question, this.clock.now());
    const ids = new Set(near.map(({ id }) => Number(id)));
    const items = new Map(this.answers.items(asker, { only: ids, questionId }).map((item) => [item.incidentId, item]));
    return {
      customer,
      match,
      ...advice,
      items: near.flatMap(({ id, score, words, meaning }) => {
        const item = items.get(id);
        return item
          ? [
              {
                ...item,
                score: short(score),
                why: { hit: item.hit, words: short(words), meaning: meaning && short(meaning) },
              },
            ]
          : [];
      }),
    };
  }

  /** Finds the incident of these that words are surely about, in whatever language; undefined where no one is sure. Call it outside of a transaction. */
  async meant(
    text: string,
    locale: string | null,
    incidentIds: readonly number[],
  ): Promise<{ readonly incidentId: number; readonly score: number } | undefined> {
    if (incidentIds.length === 0) return undefined;
    await this.keepIndexed(await this.boards.now());
    const { match, ranked } = await this.matcher.match({ text, locale, candidates: [incidentIds.map(String)] });
    const [best] = ranked;
    return match === 'confident' && best ? { incidentId: Number(best.id), score: short(best.score) } : undefined;
  }

  /** Hands the matcher what is told now; questions that come meanwhile wait for it. */
  private async keepIndexed(board: Board): Promise<void> {
    while (this.indexed < board.version) {
      await (this.indexing ??= this.index(board).finally(() => (this.indexing = undefined)));
    }
  }

  private async index(board: Board): Promise<void> {
    const examples = await this.examples.of(
      this.database,
      board.entries.map(({ id }) => id),
    );
    const phrasesOf = (entry: BoardEntry) =>
      examples
        .filter(({ state }) => state === 'inUse')
        .filter(
          (one) =>
            one.incidentId === entry.id ||
            (entry.area !== null && one.area === entry.area && one.projectId === entry.projectId),
        )
        .slice(0, PHRASES)
        .map(({ text }) => text);
    await this.matcher.index(board.entries.flatMap((entry) => this.entriesOf(entry, phrasesOf(entry))));
    this.indexed = board.version;
  }

  private entriesOf(entry: BoardEntry, phrases: readonly string[]): MatchEntry[] {
    return this.explanations.locales().map((locale) => {
      const { title, body } = entry.texts.get(locale) ?? this.explanations.draft(entry, locale);
      const plain = (text: string) => text.replaceAll(/\{\{\s*\w+\s*\}\}/g, '');
      return { id: String(entry.id), title: plain(title), body: plain(body), phrases, locale };
    });
  }
}

/** Incidents that hit the asker, those that may concern them, and the rest. */
function tiersOf({ entries }: Asker): string[][] {
  return CONCERNS.map((concern) =>
    entries.filter((one) => one.concern === concern).map(({ entry }) => String(entry.id)),
  );
}

/** Three digits that count. */
function short(value: number): number {
  return Number(value.toPrecision(3));
}

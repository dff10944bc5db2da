import { Injectable } from '@nestjs/common';
import { readPhone } from '../../customers/algorithm/cells.js';
import { isNobody, normalEmail, normalName } from '../../customers/identity.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Directory, type Project } from '../../projects/project.js';
import { Projects } from '../../projects/project.registry.js';
import { dayOf, writeAnswerId } from '../algorithm/answer-id.js';
import { Explanations } from '../public.js';
import { type Told, ToldRecord } from '../told.service.js';
import { AskerReadModel, type AskerRow, type Names, type OwnHit } from './asker.read-model.js';
import { type Board, type BoardEntry } from './board.js';
import { BoardReadModel } from './board.read-model.js';
import { Boards } from './boards.service.js';

/** Names of somebody who asks, and where to look. */
export interface Asking {
  readonly customer?: string;
  readonly email?: string;
  readonly phone?: string;
  /** Slug. */
  readonly project?: string;
  readonly directory?: string;
  readonly locale?: string;
}

/** How an incident concerns who asks: it hit them, they share what those it hit have in common, or nobody knows. */
export const CONCERNS = ['hit', 'atRisk', 'unknown'] as const;
type Concern = (typeof CONCERNS)[number];

/** Customer who asks, with what hit them. */
type AskerFacts = Pick<AskerRow, 'version' | 'customerId' | 'locale' | 'timeZone' | 'atRisk'> & {
  readonly hits: readonly OwnHit[];
};

/** Somebody who asks, with what is known of them and what may be told. */
export interface Asker {
  readonly facts: AskerFacts;
  readonly told: readonly Told[];
  readonly board: Board;
  /** Incidents that come into question, in the order in which they are told. */
  readonly entries: readonly { readonly entry: BoardEntry; readonly concern: Concern; readonly hit: OwnHit | null }[];
  readonly locale: string;
  /** Text that tells their answers from those to others; empty for a known customer. */
  readonly nonce: string;
}

/** An explanation for one asker, in the form of the API. */
export interface AnswerItem {
  readonly answerId: string;
  readonly incidentId: string;
  readonly project: string;
  readonly area: string | null;
  readonly areaName: string | null;
  readonly severity: BoardEntry['severity'];
  readonly status: BoardEntry['status'];
  readonly since: Date;
  readonly state: 'active' | 'fixed';
  readonly fixedAt: Date | null;
  readonly concern: Concern;
  readonly hit: boolean;
  readonly evidence: Omit<OwnHit, 'incidentId'> | null;
  readonly told: readonly { readonly channel: string; readonly kind: string; readonly at: Date }[];
  readonly locale: string;
  readonly reviewState: 'draft' | 'approved';
  readonly version: number;
  readonly title: string;
  readonly body: string;
  readonly workaround: string | null;
  readonly nextUpdate: string | null;
  readonly nextUpdateAt: Date | null;
  readonly updates: readonly { readonly at: Date; readonly text: string; readonly locale: string }[];
}

/** Parts of an answer that are the same for everybody of a language and a zone. */
type Words = Omit<AnswerItem, 'answerId' | 'hit' | 'evidence' | 'told' | 'concern'>;

/** Nobody is named: nothing is known. */
const NOBODY = { customerId: null, locale: null, timeZone: null, atRisk: [], wasHit: false, wasWritten: false };
/** Languages times zones whose words are kept of one board; chosen by judgement, not measured: a company has some dozen. */
const KEPT = 100;

/** Lists what a bot may tell now: the customer's own incidents first, then those that may concern them, then the rest as "if". */
@Injectable()
export class Answers {
  /** Words by language, zone and number of promises that are over; of one board. */
  private readonly words = new WeakMap<Board, Map<string, Map<number, Words>>>();

  constructor(
    private readonly boards: Boards,
    private readonly boardModel: BoardReadModel,
    private readonly askers: AskerReadModel,
    private readonly told: ToldRecord,
    private readonly explanations: Explanations,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Finds out who asks, and which incidents may be told to them. One round trip, and a second for those who were hit or written to.
   * @throws Problem 400 for a project or directory that does not exist, or where several directories come into question
   */
  async asker(asking: Asking): Promise<Asker> {
    const project = this.projects.named(asking.project);
    const directory = this.directoryOf(asking, project);
    const { wasHit, wasWritten, ...who } = await this.who(directory, namesOf(asking));
    const { customerId } = who;
    const board = await this.boards.at(who.version);
    const since = this.boards.since();
    const entries = board.entries.filter(
      ({ projectId, resolvedAt }) =>
        (resolvedAt === null || resolvedAt >= since) &&
        (project ? projectId === project.id : this.isOfDirectory(projectId, directory)),
    );
    const [hits, told] = await Promise.all([
      customerId !== null && wasHit ? this.askers.hits(this.database, customerId, since) : [],
      customerId !== null && wasWritten
        ? this.told.of(
            this.database,
            customerId,
            entries.map(({ id }) => id),
          )
        : [],
    ]);
    const facts = { ...who, hits };
    return {
      facts,
      told,
      board,
      entries: ranked(entries, facts),
      locale: this.explanations.localeFor(asking.locale?.replaceAll('_', '-') ?? facts.locale),
      nonce: customerId === null ? this.clock.token(9) : '',
    };
  }

  /** Writes the answers of an asker, all or those of these incidents, the first `limit`; `questionId` says which question they answer. */
  items(
    asker: Asker,
    {
      only,
      questionId = null,
      limit = Infinity,
    }: { only?: ReadonlySet<number>; questionId?: number | null; limit?: number } = {},
  ): AnswerItem[] {
    const { facts, board, locale, nonce } = asker;
    const day = dayOf(this.clock.now());
    const words = this.wordsOf(board, locale, facts.timeZone);
    const shown = only ? asker.entries.filter(({ entry }) => only.has(entry.id)) : asker.entries;
    return shown.slice(0, limit).map(({ entry, concern, hit }) => {
      const ref = { incidentId: entry.id, customerId: facts.customerId, questionId, day, nonce };
      const told = asker.told.filter(({ incidentId }) => incidentId === entry.id);
      const general = this.wordsFor(words, entry, locale, facts.timeZone, concern);
      return {
        answerId: writeAnswerId(ref, board.key),
        ...general,
        concern,
        hit: concern === 'hit',
        evidence: hit && evidenceOf(hit),
        told: told.map(({ channel, kind, at }) => ({ channel, kind, at })),
      };
    });
  }

  /** Values that decide about the answers of an asker beside the ids in them: the same values, the same answers. */
  deciding({ facts, told, board, entries, locale }: Asker): readonly unknown[] {
    const shown = entries.map(({ entry }) => entry.id);
    return [facts, told, board.version, shown, locale, dayOf(this.clock.now()), this.overdue(board)];
  }

  private async who(directory: Directory | undefined, names: Names | undefined): Promise<AskerRow> {
    if (!names || !directory) return { ...NOBODY, version: await this.boardModel.version(this.database) };
    return this.askers.who(this.database, directory.id, names);
  }

  /** @throws Problem 400 where several come into question, so that nobody is taken for a customer of another app */
  private directoryOf(asking: Asking, project: Project | undefined): Directory | undefined {
    if (asking.directory !== undefined) {
      const directory = this.projects.directory(asking.directory);
      if (project && project.directory.id !== directory.id)
        throw new Problem(400, 'invalid', `directory: the project ${project.slug} has another one.`);
      return directory;
    }
    if (project) return project.directory;
    if (asking.customer === undefined && asking.email === undefined && asking.phone === undefined) return undefined;
    const all = new Map(this.projects.list().map((one) => [one.directory.id, one.directory]));
    if (all.size < 2) return [...all.values()][0];
    const several = [...all.values()].map(({ name }) => name).join(', ');
    throw new Problem(
      400,
      'invalid',
      `directory: say which list of customers is meant, one of ${several}, or a project.`,
    );
  }

  private isOfDirectory(projectId: number, directory: Directory | undefined): boolean {
    return directory === undefined || this.projects.find(projectId)?.directory.id === directory.id;
  }

  /** Counts the promised updates whose time is over: from then on other words are said. */
  private overdue(board: Board): number {
    const now = this.clock.now();
    return board.entries.filter(({ updates: [update] }) => update?.nextUpdateAt && update.nextUpdateAt <= now).length;
  }

  private wordsOf(board: Board, locale: string, timeZone: string | null): Map<number, Words> {
    const kept = this.words.get(board) ?? new Map<string, Map<number, Words>>();
    this.words.set(board, kept);
    const key = `${locale} ${timeZone} ${this.overdue(board)}`;
    const words = kept.get(key) ?? new Map<number, Words>();
    if (kept.size >= KEPT && !kept.has(key)) kept.clear();
    kept.set(key, words);
    return words;
  }

  /** Incidents have positive ids; the words for those whom an incident hit stand under the negative one. */
  private wordsFor(
    kept: Map<number, Words>,
    entry: BoardEntry,
    locale: string,
    timeZone: string | null,
    concern: Concern,
  ): Words {
    const key = concern === 'hit' ? -entry.id : entry.id;
    const known = kept.get(key);
    if (known) return known;
    const made = this.wording(entry, locale, timeZone, concern);
    kept.set(key, made);
    return made;
  }

  private wording(entry: BoardEntry, locale: string, timeZone: string | null, concern: Concern): Words {
    const [update] = entry.updates;
    const text = this.explanations.rendered(entry, entry.texts.get(locale), update, { locale, timeZone });
    const isFixed = entry.resolvedAt !== null;
    const plain = isFixed ? { title: text.fixedTitle, body: text.fixed } : { title: text.title, body: text.body };
    const { title, body } = concern === 'hit' ? plain : this.explanations.asIf({ ...plain, locale }, isFixed);
    return {
      incidentId: String(entry.id),
      project: this.projects.find(entry.projectId)?.slug ?? '',
      area: entry.area,
      areaName: this.explanations.areaOf(entry, locale),
      severity: entry.severity,
      status: entry.status,
      since: entry.startedAt,
      state: isFixed ? 'fixed' : 'active',
      fixedAt: entry.resolvedAt,
      locale,
      reviewState: text.reviewState,
      version: text.version,
      title,
      body,
      workaround: isFixed ? null : text.workaround,
      nextUpdate: isFixed ? null : text.nextUpdate,
      nextUpdateAt: (!isFixed && this.explanations.promised(update)) || null,
      updates: entry.updates.map(({ at, texts }) => {
        const spoken = this.explanations.localeAmong(locale, Object.keys(texts));
        return { at, text: texts[spoken] ?? '', locale: spoken };
      }),
    };
  }
}

/** Reads the names that somebody gave; undefined where none of them can name anybody. */
function namesOf({ customer, email, phone }: Asking): Names | undefined {
  const number = phone === undefined ? undefined : readPhone(/^\s*\d{7,}$/.test(phone) ? `+${phone.trim()}` : phone);
  const names = {
    id: customer === undefined || isNobody(customer) ? undefined : normalName(customer),
    email: email === undefined || isNobody(email) ? undefined : normalEmail(email),
    phone: number && 'value' in number ? number.value : undefined,
  };
  return Object.values(names).some((name) => name !== undefined) ? names : undefined;
}

/** Sorts incidents by what they are to who asks. One that hit them after its end is left out: that it is fixed is not true for them. */
function ranked(entries: readonly BoardEntry[], facts: AskerFacts): Asker['entries'] {
  const hits = new Map(facts.hits.map((hit) => [hit.incidentId, hit]));
  const atRisk = new Set(facts.atRisk);
  const all = entries.flatMap((entry) => {
    const hit = hits.get(entry.id) ?? null;
    if (hit && entry.resolvedAt && hit.lastAt > entry.resolvedAt) return [];
    const concern: Concern = hit ? 'hit' : atRisk.has(entry.id) ? 'atRisk' : 'unknown';
    return [{ entry, concern, hit }];
  });
  if (hits.size === 0 && atRisk.size === 0) return all;
  return all.sort((one, other) => CONCERNS.indexOf(one.concern) - CONCERNS.indexOf(other.concern));
}

function evidenceOf({ incidentId: _, ...evidence }: OwnHit): Omit<OwnHit, 'incidentId'> {
  return evidence;
}

import { Inject, Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { TemplateMiner } from '../../grouping/template/template-miner.v1.js';
import { CellStore } from './cell.store.js';
import { GROUPING_CONFIG, type GroupingConfig } from '../../grouping/grouping-config.js';

const PAGE = 5000;
/** Templates that one process holds for all projects together, in multiples of what one project may have. */
const SHARE = 3;

/** Place of a new message among the known ones. */
export interface LearntMessage {
  /** Key of the first fingerprint that had this template; undefined when the template is new. */
  readonly first: string | undefined;
  /** Templates that turned out to be one: the keys of their first fingerprints. */
  readonly joined: readonly (readonly [a: string, b: string])[];
}

/** The templates of one project, learnt from its message fingerprints in the order in which they were bound. */
export class ProjectTemplates {
  private readonly miner: TemplateMiner;
  /** By number of a group, the fingerprint that began it. */
  private readonly firsts = new Map<number, string>();
  private joined: (readonly [number, number])[] = [];
  private readThrough = 0;
  /** Messages learnt since the last `catchUp`, and the rows that hold them; both stand until the rows are seen committed. */
  private learnt = 0;
  private unconfirmed: number[] = [];

  constructor(
    private readonly projectId: number,
    private readonly maxTemplates: number,
  ) {
    this.miner = new TemplateMiner({ maxTemplates, onJoin: (a, b) => this.joined.push([a, b]) });
  }

  get size(): number {
    return this.miner.size;
  }

  /**
   * Reads what others have bound since. False when what this process had learnt was never committed: then start anew.
   * Call it under the project's lock, under which fingerprints are bound, so that their ids grow in order of commit.
   */
  async catchUp(sql: Sql, cells: CellStore): Promise<boolean> {
    for (;;) {
      const rows = await cells.mined(sql, this.projectId, this.readThrough, PAGE);
      const known = this.unconfirmed;
      if (known.length !== this.learnt || known.some((id, at) => rows[at]?.id !== id)) return false;
      this.unconfirmed = [];
      this.learnt = 0;
      for (const row of rows.slice(known.length)) this.add(row.masked, row.key);
      this.readThrough = rows.at(-1)?.id ?? this.readThrough;
      if (rows.length < PAGE) return true;
    }
  }

  /** Whether a message has the template of one that was learnt; learns nothing. */
  knows(masked: string): boolean {
    const match = this.miner.matchMasked(masked);
    return match !== undefined && this.firsts.has(match.templateId);
  }

  /** Learns a message that has no fingerprint yet; `key` is the one it gets. */
  learn(masked: string, key: string): LearntMessage {
    this.learnt++;
    return this.add(masked, key);
  }

  private add(masked: string, key: string): LearntMessage {
    this.joined = [];
    const { templateId } = this.miner.addMasked(masked);
    const first = this.firsts.get(templateId);
    const joined = this.joined.flatMap(([a, b]) => {
      const [keyA, keyB] = [this.firsts.get(a), this.firsts.get(b)];
      return keyA !== undefined && keyB !== undefined ? [[keyA, keyB] as const] : [];
    });
    if (first === undefined) this.firsts.set(templateId, key);
    if (this.firsts.size > 2 * this.maxTemplates) this.forget();
    return { first, joined };
  }

  /** Says which rows hold what was learnt since the last `catchUp`; the next one finds them there, or starts anew. */
  bound(ids: readonly number[]): void {
    this.unconfirmed = [...ids];
  }

  /** Groups that became part of another are never answered; beyond that the oldest go. */
  private forget(): void {
    for (const group of this.firsts.keys()) if (this.miner.groupOf(group) !== group) this.firsts.delete(group);
    for (const group of [...this.firsts.keys()].slice(0, -this.maxTemplates)) this.firsts.delete(group);
  }
}

/**
 * Message templates, the same in every process and after every restart: what is kept is the masked text of each message
 * fingerprint in the order in which they were bound, and since the miner is deterministic given order, every process that
 * reads them has the same templates. A process reads only what was bound since it last looked.
 */
@Injectable()
export class TemplateMemory {
  private readonly projects = new Map<number, ProjectTemplates>();

  constructor(
    private readonly cells: CellStore,
    @Inject(GROUPING_CONFIG) private readonly config: GroupingConfig,
  ) {}

  /** The project's templates as they stand; the caller holds the project's lock. */
  async of(sql: Sql, projectId: number): Promise<ProjectTemplates> {
    let templates = this.projects.get(projectId) ?? this.fresh(projectId);
    if (!(await templates.catchUp(sql, this.cells))) {
      templates = this.fresh(projectId);
      await templates.catchUp(sql, this.cells);
    }
    this.projects.delete(projectId);
    this.projects.set(projectId, templates);
    this.dropOthers(templates);
    return templates;
  }

  private fresh(projectId: number): ProjectTemplates {
    return new ProjectTemplates(projectId, this.config.maxTemplates);
  }

  /** Projects that were asked for longest ago go first; they are read again when they are needed. */
  private dropOthers(keep: ProjectTemplates): void {
    let total = 0;
    for (const { size } of this.projects.values()) total += size;
    for (const [projectId, templates] of this.projects) {
      if (total <= SHARE * this.config.maxTemplates || templates === keep) return;
      total -= templates.size;
      this.projects.delete(projectId);
    }
  }
}

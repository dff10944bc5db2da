import { Injectable } from '@nestjs/common';
import { keepCustomers } from '../../customers/erasure-lock.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { type IssueHit } from '../../issues/issue.js';
import { Issues } from '../../issues/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { readAhead, unwatched } from '../../platform/db/read-ahead.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { wake } from '../../platform/stages/wake.js';
import { byCustomer, evidenceOf, trustIn } from '../algorithm/evidence.js';
import { AudienceStore } from './audience.store.js';

const PAGE = 1000;
/** Members added in one run, from which on PostgreSQL is to look at them at once, which takes 0.1 s; by itself it does within a minute or two. */
const MANY = 10_000;
/** Overlap of two sweeps: hits carry their minute only, so each sweep repeats the last one. */
const OVERLAP_MS = 60_000;
const LEFT_OUT =
  'too many new faults at once to tell apart, so nobody is told because of these; attach the issues that customers should hear of';

/**
 * WHO: adds, for each open incident, the customers whom its issues hit, if they are new or better known than before. A
 * second sweep changes nothing.
 */
@Injectable()
export class AudienceStage implements Stage {
  readonly name = 'audience';
  readonly pauseMs = 2000;
  readonly limitMs = 120_000;

  constructor(
    private readonly incidents: Incidents,
    private readonly issues: Issues,
    private readonly store: AudienceStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    let added = 0;
    for (const incident of await this.incidents.open(database)) added += await this.sweep(database, incident, now);
    if (added >= MANY) await this.store.analyze(database);
    if (added > 0) await wake(database, 'campaign');
    return { worked: added, more: false };
  }

  private async sweep(database: Database, incident: Incident, now: Date): Promise<number> {
    if (incident.issueIds.length === 0) return 0;
    return database.transaction(async (tx) => {
      if (!(await tx.tryLock(`audience:${incident.id}`))) return 0;
      await keepCustomers(tx);
      const minute = new Date(Math.floor(now.getTime() / OVERLAP_MS) * OVERLAP_MS);
      const sweptUntil = await this.store.sweptUntil(tx, incident.id);
      const issueIds = await this.issues.singleFaults(tx, incident.issueIds);
      if (sweptUntil === undefined && issueIds.length < incident.issueIds.length)
        await this.noteLeftOut(tx, incident, issueIds, now);
      await this.store.dropMerged(tx, incident.id);
      const since = sweptFrom(incident, sweptUntil);
      await this.store.dropUnlinked(tx, incident.id, issueIds, since);
      const strangers = await this.store.strangers(tx, incident.id, issueIds, since);
      const hitsOf = (page: readonly number[]) => this.issues.hitsOfCustomers(database, issueIds, page);
      const added = await this.takeOver(tx, incident.id, readAhead(strangers, PAGE, hitsOf), now);
      await this.store.markSwept(tx, incident.id, minute);
      return added;
    });
  }

  /**
   * Notes for ops which issues were left out: customers hit only by a catch-all are told nothing, since nobody can say
   * what hit them.
   */
  private async noteLeftOut(tx: Tx, { id, issueIds }: Incident, kept: readonly number[], now: Date): Promise<void> {
    const issues = issueIds.filter((one) => !kept.includes(one)).map(String);
    await this.incidents.append(tx, id, 'forewarn', { kind: 'audience_left_out', issues, words: LEFT_OUT }, now);
  }

  /** Writes page by page; the pages of hits come by another connection, so that the database reads one while it writes another. */
  private async takeOver(
    tx: Tx,
    incidentId: number,
    pages: AsyncIterable<{ readonly found: readonly IssueHit[] }>,
    now: Date,
  ): Promise<number> {
    let added = 0;
    let writing = Promise.resolve(0);
    for await (const { found: hits } of pages) {
      const members = [...byCustomer(hits)].map(([customerId, own]) => {
        const evidence = evidenceOf(own);
        return { customerId, evidence, trust: trustIn(evidence) };
      });
      // The database writes this page while the next is made.
      const before = writing;
      writing = unwatched(this.store.upsertAffected(tx, incidentId, members, now));
      added += await before;
    }
    return added + (await writing);
  }
}

/**
 * Chooses where a sweep starts: at the incident's start, first and whenever an issue joined; otherwise where the last
 * sweep ended.
 */
function sweptFrom({ startedAt, attachedAt }: Incident, sweptUntil: Date | undefined): Date {
  const again = sweptUntil === undefined || (attachedAt !== null && attachedAt >= sweptUntil);
  const from = again ? startedAt.getTime() : sweptUntil.getTime() - OVERLAP_MS;
  return new Date(Math.floor(from / OVERLAP_MS) * OVERLAP_MS);
}

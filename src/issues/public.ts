import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';
import { PROPOSE_LINK } from './links/link-score.v1.js';
import { type HitEvidence, type IssueFacts, type IssueHit, type LinkedIssue } from './issue.js';
import { IssueStore, type SpreadingIssue } from './triage/issue.store.js';
import { LinkStore } from './links/link.store.js';
import { type RegressedIssue, RegressionStore } from './digest/regression.store.js';

/** Known issues: what other rooms may ask. The id of an issue that was merged stands for the one that it was merged into. */
@Injectable()
export class Issues {
  constructor(
    private readonly store: IssueStore,
    private readonly links: LinkStore,
    private readonly regressions: RegressionStore,
  ) {}

  /** These issues, in order of id; ids that do not exist are missing. */
  async find(sql: Sql, ids: readonly number[]): Promise<IssueFacts[]> {
    return this.store.facts(sql, ids);
  }

  /** Of these issues, those that are one fault each: what is gathered in a catch-all is not, so its customers cannot be told what is wrong. */
  async singleFaults(sql: Sql, ids: readonly number[]): Promise<number[]> {
    return this.store.singleFaults(sql, ids);
  }

  /** Open issues that `customers` or more distinct customers met for the first time since `since`. */
  async spreading(sql: Sql, since: Date, customers: number): Promise<SpreadingIssue[]> {
    return this.store.spreading(sql, since, customers);
  }

  /** Issues that came back at `since` or later after they were resolved, oldest first. */
  async regressed(sql: Sql, since: Date): Promise<RegressedIssue[]> {
    return this.regressions.regressed(sql, since);
  }

  /** For each of these issues those that are probably the same fault (proposed at `minScore` or above) or surely (confirmed), strongest first. */
  async linkedTo(sql: Sql, issueIds: readonly number[], minScore = PROPOSE_LINK): Promise<LinkedIssue[]> {
    return this.links.linkedTo(sql, issueIds, minScore);
  }

  /** Customers hit by one of these issues, by customer id after `after`, `limit` rows at most. */
  async hits(sql: Sql, issueIds: readonly number[], after: number, limit: number): Promise<IssueHit[]> {
    return this.store.hits(sql, issueIds, after, limit);
  }

  /** Every hit of these issues on these customers. */
  async hitsOfCustomers(sql: Sql, issueIds: readonly number[], customerIds: readonly number[]): Promise<IssueHit[]> {
    return this.store.hitsOfCustomers(sql, issueIds, customerIds);
  }

  /** How it is known whom these issues hit, and from how many sources. */
  async evidence(sql: Sql, issueIds: readonly number[]): Promise<HitEvidence> {
    return this.store.evidence(sql, issueIds);
  }

  /** The issues that hit one customer, newest first. */
  async hitsOf(sql: Sql, customerId: number): Promise<IssueHit[]> {
    return this.store.hitsOf(sql, customerId);
  }

  /** When one of the issues was last hit, and when its project last sent anything at all. */
  async lastActivity(
    sql: Sql,
    issueIds: readonly number[],
  ): Promise<{ issueHit: Date | null; projectActive: Date | null }> {
    return this.store.lastActivity(sql, issueIds);
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';
import { type Issue, type IssueHit, type IssueStatus } from './issue.js';

const COLUMNS = `i.id, i.project_id AS "projectId", i.status, i.title, i.culprit, i.level, i.blocking, i.service, i.environment,
  i.first_release AS "firstRelease", i.last_release AS "lastRelease", i.first_seen AS "firstSeen", i.last_seen AS "lastSeen", i.event_count AS events,
  (SELECT count(*) FROM issue_customer c WHERE c.issue_id = i.id) AS customers`;

const HIT = `h.issue_id AS "issueId", coalesce(c.merged_into, c.id) AS "customerId", h.first_at AS "firstAt", h.last_at AS "lastAt", h.events, h.last_event_id AS "lastEventId"`;

/** A new fault that has spread, as detection asks for it. */
export interface SpreadingIssue {
  readonly issueId: number;
  readonly projectId: number;
  /** Distinct customers first hit in the window. */
  readonly customers: number;
  readonly firstSeen: Date;
}

/** Reading and deciding on issues, apart from the hot path. */
@Injectable()
export class IssueStore {
  /** Issues of all or one project by id, newest first. */
  async list(
    sql: Sql,
    filter: { projectId?: number; status?: IssueStatus; before: number; limit: number },
  ): Promise<Issue[]> {
    return sql.query<Issue>(
      `SELECT ${COLUMNS} FROM issue i WHERE i.id < $1 AND ($2::int IS NULL OR i.project_id = $2) AND ($3::text IS NULL OR i.status = $3) ORDER BY i.id DESC LIMIT $4`,
      [filter.before, filter.projectId ?? null, filter.status ?? null, filter.limit],
    );
  }

  /** These issues, in order of id. */
  async find(sql: Sql, ids: readonly number[]): Promise<Issue[]> {
    return sql.query<Issue>(`SELECT ${COLUMNS} FROM issue i WHERE i.id = ANY ($1::bigint[]) ORDER BY i.id`, [ids]);
  }

  /** Records what people decided. */
  async setStatus(tx: Tx, id: number, status: IssueStatus, now: Date): Promise<void> {
    await tx.query('UPDATE issue SET status = $2, changed_at = $3 WHERE id = $1', [id, status, now]);
  }

  /** The keys that lead to an issue, with what made each. */
  async fingerprints(sql: Sql, issueId: number): Promise<{ key: string; version: string; parts: unknown }[]> {
    return sql.query('SELECT key, version, parts FROM fingerprint WHERE issue_id = $1 ORDER BY created_at', [issueId]);
  }

  /** Customers hit by one of these issues, by customer id after `after`; merged customers stand under the one that remains. */
  async hits(sql: Sql, issueIds: readonly number[], after: number, limit: number): Promise<IssueHit[]> {
    return sql.query<IssueHit>(
      `SELECT ${HIT} FROM issue_customer h JOIN customer c ON c.id = h.customer_id
       WHERE h.issue_id = ANY ($1::bigint[]) AND coalesce(c.merged_into, c.id) > $2 ORDER BY 2, 1 LIMIT $3`,
      [issueIds, after, limit],
    );
  }

  /** Like `hits`, but only rows that changed in the minute `since` or later, and those of customers who were merged since. */
  async hitsSince(
    sql: Sql,
    issueIds: readonly number[],
    since: Date,
    after: number,
    limit: number,
  ): Promise<IssueHit[]> {
    return sql.query<IssueHit>(
      {
        name: 'issues.hits_since',
        text: `SELECT ${HIT} FROM issue_customer h JOIN customer c ON c.id = h.customer_id
               WHERE h.issue_id = ANY ($1::bigint[]) AND (h.last_minute >= $2 OR c.merged_into IS NOT NULL AND c.updated_at >= $2) AND coalesce(c.merged_into, c.id) > $3 ORDER BY 2, 1 LIMIT $4`,
      },
      [issueIds, since, after, limit],
    );
  }

  /** Every hit of these issues on these customers. */
  async hitsOfCustomers(sql: Sql, issueIds: readonly number[], customerIds: readonly number[]): Promise<IssueHit[]> {
    return sql.query<IssueHit>(
      {
        name: 'issues.hits_of_customers',
        text: `SELECT ${HIT} FROM customer c JOIN issue_customer h ON h.customer_id = c.id
               WHERE h.issue_id = ANY ($1::bigint[]) AND (c.id = ANY ($2::bigint[]) OR c.merged_into = ANY ($2::bigint[]))`,
      },
      [issueIds, customerIds],
    );
  }

  /** The issues that hit one customer. */
  async hitsOf(sql: Sql, customerId: number): Promise<IssueHit[]> {
    return sql.query<IssueHit>(
      `SELECT ${HIT} FROM customer c JOIN issue_customer h ON h.customer_id = c.id WHERE c.id = $1 OR c.merged_into = $1 ORDER BY h.last_at DESC`,
      [customerId],
    );
  }

  /** Open issues that `customers` or more distinct customers met for the first time since `since`. */
  async spreading(sql: Sql, since: Date, customers: number): Promise<SpreadingIssue[]> {
    return sql.query<SpreadingIssue>(
      {
        name: 'issues.spreading',
        text: `SELECT i.id AS "issueId", i.project_id AS "projectId", sum(m.arrivals)::int AS customers, i.first_seen AS "firstSeen"
               FROM issue i JOIN issue_minute m ON m.issue_id = i.id AND m.minute >= $1
               WHERE i.status = 'open' AND i.changed_at >= $1 AND i.level IN ('error', 'fatal')
               GROUP BY i.id HAVING sum(m.arrivals) >= $2 ORDER BY i.id`,
      },
      [since, customers],
    );
  }

  /** Removes all marks of these customers having been hit; the counts of events stay. */
  async removeHits(tx: Tx, customerIds: readonly number[]): Promise<void> {
    await tx.query('DELETE FROM issue_customer WHERE customer_id = ANY ($1::bigint[])', [customerIds]);
  }

  /** When each issue was last hit, and when its project last sent anything, by our clock. */
  async lastActivity(
    sql: Sql,
    issueIds: readonly number[],
  ): Promise<{ issueHit: Date | null; projectActive: Date | null }> {
    const [row] = await sql.query<{ issueHit: Date | null; projectActive: Date | null }>(
      `SELECT (SELECT max(minute) FROM issue_minute WHERE issue_id = ANY ($1::bigint[])) AS "issueHit",
              (SELECT max(minute) FROM intake_outcome WHERE outcome IN ('accepted', 'duplicate', 'discarded') AND project_id IN (SELECT project_id FROM issue WHERE id = ANY ($1::bigint[]))) AS "projectActive"`,
      [issueIds],
    );
    return row ?? { issueHit: null, projectActive: null };
  }
}

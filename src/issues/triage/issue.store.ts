import { Injectable } from '@nestjs/common';
import { int8s } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type HitEvidence, type Issue, type IssueFacts, type IssueHit, type IssueStatus } from '../issue.js';

/** One row an issue, with what all issues that share its root have in common. */
const FACTS = `SELECT i.id, i.project_id AS "projectId", nullif(i.root_id, i.id) AS "mergedInto", r.status, i.catch_all AS "catchAll", i.title, i.culprit, i.level,
    coalesce(t.blocking, false) AS blocking, (ARRAY['minor', 'major', 'critical'])[t.severity] AS severity, t.area, i.service, i.environment,
    t."firstRelease", t."lastRelease", coalesce(t."firstSeen", i.opened_at) AS "firstSeen", coalesce(t."lastSeen", i.opened_at) AS "lastSeen",
    coalesce(t.events, 0) AS events, r.resolved_at AS "resolvedAt", r.resolved_in AS "resolvedIn",
    r.regressed_at AS "regressedAt", r.regressed_release AS "regressedRelease",
    r.ignored_at AS "ignoredAt", r.ignored_until AS "ignoredUntil", r.ignored_customers AS "ignoredUntilCustomers", r.ignored_events AS "ignoredEvents"`;
const TOTALS = `sum(c.event_count)::bigint AS events, bool_or(c.blocking) AS blocking, max(c.severity) AS severity, min(c.area) AS area,
      min(c.first_seen) AS "firstSeen", max(c.last_seen) AS "lastSeen",
      (array_agg(c.first_release ORDER BY c.first_seen, c.id))[1] AS "firstRelease",
      (array_agg(c.last_release ORDER BY c.last_seen DESC, c.id DESC))[1] AS "lastRelease"
    FROM issue m JOIN cell c ON c.issue_id = m.id`;
/** The same with the customers whom they hit. */
const ISSUES = `${FACTS}, p.customers, (SELECT count(*)::int FROM ignored_hit k WHERE k.issue_id = r.id) AS "ignoredCustomers"
  FROM issue i JOIN issue r ON r.id = i.root_id
  CROSS JOIN LATERAL (SELECT ${TOTALS} WHERE m.root_id = i.root_id) t
  CROSS JOIN LATERAL (
    SELECT count(DISTINCT coalesce(u.merged_into, x.customer_id)) AS customers
    FROM issue m JOIN cell c ON c.issue_id = m.id JOIN issue_customer x ON x.cell_id = c.id
    LEFT JOIN customer u ON u.id = x.customer_id AND u.merged_into IS NOT NULL WHERE m.root_id = i.root_id
  ) p`;

/** Hits of customers on issues as people see them: over all cells, and under the customer that remains of merged ones. */
const hitOf = (
  customer: string,
) => `m.root_id AS "issueId", ${customer} AS "customerId", min(h.first_at) AS "firstAt", max(h.last_at) AS "lastAt",
  sum(h.events)::int AS events, sum(h.signed_events)::int AS signed, sum(h.server_events)::int AS server, (array_agg(h.last_event_id ORDER BY h.last_at DESC))[1] AS "lastEventId"`;
const HIT = hitOf('coalesce(u.merged_into, u.id)');
const ROOTS = '(SELECT root_id FROM issue WHERE id = ANY ($1::bigint[]))';
/**
 * Cells up to which each hit of a customer on one of them is looked up, in place of reading all hits of the customer: a page of 1,000 customers with
 * five hits each took 5 ms for 10 where there is one cell (PostgreSQL 18, 2026-11-29). More cells
 * were not measured: the bound is by judgement.
 */
const FEW_CELLS = 5;
/**
 * From each customer to their hits, never from all hits of an issue, and each step by itself: a planner that does not know yet how many there
 * are would read them all for each page, or look for the issues anew for each customer. Without a name, so that it is planned anew each time: a plan that
 * was made when there were few hits goes through all of them for each customer once there are many.
 */
const HITS_OF_CUSTOMERS = `WITH who AS MATERIALIZED (
    SELECT id, id AS person
    FROM unnest($2::bigint[]) AS k (id)
    UNION ALL
    SELECT x.id, k.id
    FROM unnest($2::bigint[]) AS k (id), LATERAL (SELECT id FROM customer WHERE merged_into = k.id OFFSET 0) x
  ), mine AS MATERIALIZED (
    SELECT c.id, i.root_id
    FROM issue i
    JOIN cell c ON c.issue_id = i.id
    WHERE i.root_id IN ${ROOTS}
  ), cells AS MATERIALIZED (
    SELECT count(*) <= ${FEW_CELLS} AS few
    FROM mine
  ), hit AS MATERIALIZED (
    SELECT u.person, x.*
    FROM who u, mine m, LATERAL (SELECT * FROM issue_customer WHERE cell_id = m.id AND customer_id = u.id OFFSET 0) x
    WHERE (SELECT few FROM cells)
    UNION ALL
    SELECT u.person, x.*
    FROM who u, LATERAL (SELECT * FROM issue_customer WHERE customer_id = u.id OFFSET 0) x
    WHERE NOT (SELECT few FROM cells)
  )
  SELECT ${hitOf('h.person')}
  FROM hit h
  JOIN mine m ON m.id = h.cell_id
  GROUP BY 1, 2`;

/** A new fault that has spread, as detection asks for it. */
export interface SpreadingIssue {
  readonly issueId: number;
  readonly projectId: number;
  /** Distinct customers first hit in the window. */
  readonly customers: number;
  readonly firstSeen: Date;
}

/** A key that leads to an issue, with what made it. */
export interface ShownFingerprint {
  readonly key: string;
  readonly version: string;
  readonly parts: unknown;
  /** Fingerprints with the same number are counted together, so they can only be split off together. */
  readonly cellId: number;
  readonly events: number;
}

/** Reading and deciding on issues, apart from the hot path. */
@Injectable()
export class IssueStore {
  /** Issues of all or one project by id, newest first; merged ones stand under the one that they were merged into. */
  async list(
    sql: Sql,
    filter: { projectId?: number; status?: IssueStatus; before: number; limit: number },
  ): Promise<Issue[]> {
    return sql.query<Issue>(
      `${ISSUES} WHERE i.id < $1 AND i.root_id = i.id AND ($2::int IS NULL OR i.project_id = $2) AND ($3::text IS NULL OR i.status = $3) ORDER BY i.id DESC LIMIT $4`,
      [filter.before, filter.projectId ?? null, filter.status ?? null, filter.limit],
    );
  }

  /** These issues, in order of id. */
  async find(sql: Sql, ids: readonly number[]): Promise<Issue[]> {
    return sql.query<Issue>(`${ISSUES} WHERE i.id = ANY ($1::bigint[]) ORDER BY i.id`, [ids]);
  }

  /** The same without their customers. */
  async facts(sql: Sql, ids: readonly number[]): Promise<IssueFacts[]> {
    // One pass over the cells of all: an incident may have thousands of issues.
    const totals = `SELECT m.root_id, ${TOTALS}
      WHERE m.root_id IN ${ROOTS}
      GROUP BY 1`;
    return sql.query<IssueFacts>(
      `${FACTS} FROM issue i JOIN issue r ON r.id = i.root_id LEFT JOIN (${totals}) t ON t.root_id = i.root_id WHERE i.id = ANY ($1::bigint[]) ORDER BY i.id`,
      [ids],
    );
  }

  /** Of these issues, those that are one fault each. */
  async singleFaults(sql: Sql, ids: readonly number[]): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      {
        name: 'issues.single_faults',
        text: 'SELECT id FROM issue WHERE id = ANY ($1::bigint[]) AND NOT catch_all ORDER BY id',
      },
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  /** Some of the keys that lead to an issue, oldest first. */
  async fingerprints(sql: Sql, issueId: number, limit: number): Promise<ShownFingerprint[]> {
    return sql.query<ShownFingerprint>(
      `SELECT f.key, f.version, f.parts, c.id AS "cellId", c.event_count AS events
       FROM issue m
       JOIN cell c ON c.issue_id = m.id
       JOIN fingerprint f ON f.cell_id = c.id
       WHERE m.root_id IN ${ROOTS}
       ORDER BY f.id
       LIMIT $2`,
      [[issueId], limit],
    );
  }

  /** The cells of an issue and of those merged into it. */
  async cells(sql: Sql, issueId: number): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      `SELECT c.id
       FROM issue m
       JOIN cell c ON c.issue_id = m.id
       WHERE m.root_id IN ${ROOTS}
       ORDER BY c.id`,
      [[issueId]],
    );
    return rows.map((row) => row.id);
  }

  /** Customers hit by one of these issues, by customer id after `after`; merged customers stand under the one that remains. */
  async hits(sql: Sql, issueIds: readonly number[], after: number, limit: number): Promise<IssueHit[]> {
    return sql.query<IssueHit>(
      `SELECT ${HIT}
       FROM issue m
       JOIN cell c ON c.issue_id = m.id
       JOIN issue_customer h ON h.cell_id = c.id
       JOIN customer u ON u.id = h.customer_id
       WHERE m.root_id IN ${ROOTS} AND coalesce(u.merged_into, u.id) > $2
       GROUP BY 1, 2
       ORDER BY 2, 1
       LIMIT $3`,
      [issueIds, after, limit],
    );
  }

  /** Every hit of these issues on these customers, each of whom is there, and on those who were merged into them. */
  async hitsOfCustomers(sql: Sql, issueIds: readonly number[], customerIds: readonly number[]): Promise<IssueHit[]> {
    return sql.query<IssueHit>(HITS_OF_CUSTOMERS, [issueIds, int8s(customerIds)]);
  }

  /** How it is known whom these issues hit; one pass over their hits. */
  async evidence(sql: Sql, issueIds: readonly number[]): Promise<HitEvidence> {
    const rows = await sql.query<HitEvidence>(
      `WITH hit AS MATERIALIZED (
         SELECT coalesce(u.merged_into, u.id) AS person, h.signed_events, h.server_events, h.source
         FROM issue m
         JOIN cell c ON c.issue_id = m.id
         JOIN issue_customer h ON h.cell_id = c.id
         JOIN customer u ON u.id = h.customer_id
         WHERE m.root_id IN ${ROOTS}
       ), best AS (
         SELECT person, CASE WHEN max(server_events) > 0 THEN 2 WHEN max(signed_events) > 0 THEN 1 ELSE 0 END AS trust
         FROM hit
         GROUP BY 1
       ), named AS (
         SELECT source, source >> 48 AS hour, count(DISTINCT person)::int AS customers
         FROM hit
         WHERE source IS NOT NULL
         GROUP BY 1, 2
       )
       SELECT (SELECT count(*)::int FROM best WHERE trust = 0) AS claimed, (SELECT count(*)::int FROM best WHERE trust = 1) AS signed,
         (SELECT count(*)::int FROM best WHERE trust = 2) AS server,
         coalesce((SELECT max(n) FROM (SELECT count(*)::int AS n FROM named GROUP BY hour) x), 0) AS sources,
         coalesce((SELECT max(customers) FROM named), 0) AS "widestSource"`,
      [issueIds],
    );
    return onlyRow(rows, 'the evidence');
  }

  /** The issues that hit one customer. */
  async hitsOf(sql: Sql, customerId: number): Promise<IssueHit[]> {
    return sql.query<IssueHit>(
      `SELECT ${HIT}
       FROM customer u
       JOIN issue_customer h ON h.customer_id = u.id
       JOIN cell c ON c.id = h.cell_id
       JOIN issue m ON m.id = c.issue_id
       WHERE u.id = $1 OR u.merged_into = $1
       GROUP BY 1, 2
       ORDER BY 4 DESC`,
      [customerId],
    );
  }

  /**
   * Open issues that `customers` or more distinct customers met for the first time since `since`. Arrivals are counted by cell;
   * in an issue of several cells a customer may have arrived in each, so there the distinct ones are counted, too.
   */
  async spreading(sql: Sql, since: Date, customers: number): Promise<SpreadingIssue[]> {
    return sql.query<SpreadingIssue>(
      `WITH arrived AS (
                 SELECT h.root_id, sum(m.arrivals)::int AS customers, count(DISTINCT c.id) AS cells
                 FROM cell c
                 JOIN issue h ON h.id = c.issue_id
                 JOIN issue_minute m ON m.cell_id = c.id AND m.minute >= $1
                 WHERE c.changed_at >= $1
                 GROUP BY 1
                 HAVING sum(m.arrivals) >= $2
               ), exact AS (
                 SELECT root_id, CASE WHEN cells = 1 THEN customers ELSE least(customers, (
                   SELECT count(DISTINCT x.customer_id)::int
                   FROM issue h
                   JOIN cell c ON c.issue_id = h.id
                   JOIN issue_customer x ON x.cell_id = c.id
                   WHERE h.root_id = arrived.root_id AND x.last_minute >= $1)) END AS customers
                 FROM arrived
               )
               SELECT i.id AS "issueId", i.project_id AS "projectId", e.customers,
                 (SELECT min(c.first_seen) FROM issue h JOIN cell c ON c.issue_id = h.id WHERE h.root_id = i.id) AS "firstSeen"
               FROM exact e
               JOIN issue i ON i.id = e.root_id
               WHERE e.customers >= $2 AND i.status = 'open' AND i.level IN ('error', 'fatal')
               ORDER BY i.id`,
      [since, customers],
    );
  }

  /** Removes all marks of these customers having been hit; the counts of events stay. */
  async removeHits(tx: Tx, customerIds: readonly number[]): Promise<void> {
    await tx.query('DELETE FROM issue_customer WHERE customer_id = ANY ($1::bigint[])', [customerIds]);
    await tx.query('DELETE FROM ignored_hit WHERE customer_id = ANY ($1::bigint[])', [customerIds]);
    await tx.query('DELETE FROM regression_doubt WHERE customer_id = ANY ($1::bigint[])', [customerIds]);
  }

  /** When each issue was last hit, and when its project last sent anything, by our clock. */
  async lastActivity(
    sql: Sql,
    issueIds: readonly number[],
  ): Promise<{ issueHit: Date | null; projectActive: Date | null }> {
    const [row] = await sql.query<{ issueHit: Date | null; projectActive: Date | null }>(
      `SELECT (
         SELECT max(x.minute)
         FROM issue h
         JOIN cell c ON c.issue_id = h.id
         JOIN issue_minute x ON x.cell_id = c.id
         WHERE h.root_id IN ${ROOTS}
       ) AS "issueHit", (
         SELECT max(minute)
         FROM intake_outcome
         WHERE outcome IN ('accepted', 'duplicate', 'discarded')
           AND project_id IN (SELECT project_id FROM issue WHERE id = ANY ($1::bigint[]))
       ) AS "projectActive"`,
      [issueIds],
    );
    return row ?? { issueHit: null, projectActive: null };
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Harm } from '../algorithm/severity.v1.js';

/** Customers of one issue that we compare; a sample of the same people in each issue, so that overlaps show. */
const SAMPLE = 64;

/** Measures of how hard issues hit. */
export interface HitFacts {
  /** Hits of customers in the busiest hour, and the minutes from its first to its last hit. */
  readonly busiestHits: number;
  readonly busiestMinutes: number;
  readonly busiestFrom: Date | null;
}

/** Reads how hard issues hit customers, as we judge incidents by it. */
@Injectable()
export class HarmReadModel {
  /** Samples the customers whom each of these issues hit since; issues without any are missing. */
  async sampleOfCustomers(sql: Sql, issueIds: readonly number[], since: Date): Promise<Map<number, string[]>> {
    const rows = await sql.query<{ id: number; customers: string[] }>(
      `WITH hit AS (
         SELECT DISTINCT issue_id, customer_id
         FROM series_hit
         WHERE issue_id = ANY ($1::bigint[]) AND last_minute >= $2
       ), ranked AS (
         SELECT issue_id, customer_id,
           row_number() OVER (PARTITION BY issue_id ORDER BY hashint8(customer_id), customer_id) AS nth
         FROM hit
       )
       SELECT issue_id AS id, array_agg(customer_id::text ORDER BY nth) AS customers
       FROM ranked
       WHERE nth <= ${SAMPLE}
       GROUP BY 1`,
      [issueIds, new Date(Math.floor(since.getTime() / 60_000) * 60_000)],
    );
    return new Map(rows.map(({ id, customers }) => [id, customers]));
  }

  /** Reads the facts by which we judge severity. `activeCustomers` is null if the app does not tell. */
  async harm(sql: Sql, projectId: number, issueIds: readonly number[], since: Date, now: Date): Promise<Harm> {
    const from = new Date(Math.floor(since.getTime() / 60_000) * 60_000);
    const rows = await sql.query<{ customers: number; blocked: number; last: number; before: number; active: number }>(
      `WITH hit AS (
         SELECT customer_id, bool_or(blocking) AS blocked, min(greatest(first_at, $3::timestamptz)) AS first_at
         FROM series_hit
         WHERE issue_id = ANY ($2::bigint[]) AND last_minute >= $3
         GROUP BY 1
       )
       SELECT
         (SELECT count(*) FROM hit) AS customers,
         (SELECT count(*) FROM hit WHERE blocked) AS blocked,
         (SELECT count(*) FROM hit WHERE first_at > $4::timestamptz - interval '10 minutes') AS last,
         (SELECT count(*)
          FROM hit
          WHERE first_at <= $4::timestamptz - interval '10 minutes'
            AND first_at > $4::timestamptz - interval '20 minutes') AS before,
         (SELECT count(*)
          FROM customer_activity
          WHERE project_id = $1 AND last_at >= $3::timestamptz - interval '10 minutes') AS active`,
      [projectId, issueIds, from, now],
    );
    const { customers, blocked, last, before, active } = onlyRow(rows, 'the harm of an incident');
    return {
      customers,
      blocked,
      newlyHit: [last, before],
      activeCustomers: active > 0 ? Math.max(active, customers) : null,
    };
  }

  /** Reads the same facts for a past time; the number of active customers is not kept. */
  async between(sql: Sql, projectId: number, issueIds: readonly number[], from: Date, to: Date): Promise<Harm> {
    const rows = await sql.query<{ customers: number; blocked: number; active: number | null }>(
      `SELECT count(DISTINCT customer_id) AS customers,
         count(DISTINCT customer_id) FILTER (WHERE blocking) AS blocked,
         (SELECT max(active_customers)
          FROM project_minute
          WHERE project_id = $1 AND minute >= $3 AND minute < $4) AS active
       FROM series_hit
       WHERE issue_id = ANY ($2::bigint[]) AND last_minute >= $3 AND first_at < $4`,
      [projectId, issueIds, from, to],
    );
    const { customers, blocked, active } = onlyRow(rows, 'the harm of a past time');
    return { customers, blocked, newlyHit: [0, 0], activeCustomers: active ? Math.max(active, customers) : null };
  }

  /** Reads how hard these issues hit in their busiest hour since `since`. */
  async hits(sql: Sql, issueIds: readonly number[], since: Date): Promise<HitFacts> {
    const [busiest] = await sql.query<{ hits: number; from: Date; to: Date }>(
      `WITH m AS (
         SELECT minute, sum(customers) AS customers
         FROM series_minute
         WHERE issue_id = ANY ($1::bigint[]) AND minute >= $2
         GROUP BY 1
       )
       SELECT sum(customers)::int AS hits, min(minute) AS "from", max(minute) AS "to"
       FROM m
       GROUP BY date_trunc('hour', minute)
       ORDER BY 1 DESC, 2
       LIMIT 1`,
      [issueIds, new Date(Math.floor(since.getTime() / 60_000) * 60_000)],
    );
    if (!busiest) return { busiestHits: 0, busiestMinutes: 0, busiestFrom: null };
    const { hits, from, to } = busiest;
    return { busiestHits: hits, busiestMinutes: (to.getTime() - from.getTime()) / 60_000 + 1, busiestFrom: from };
  }

  /**
   * Finds, for each of these issues, the end of the minute of its last hit since `since`, epoch milliseconds. Issues
   * without a hit are missing.
   */
  async lastHits(sql: Sql, issueIds: readonly number[], since: Date): Promise<Map<number, number>> {
    const rows = await sql.query<{ id: number; last: Date }>(
      `SELECT issue_id AS id, max(minute) AS last
       FROM series_count
       WHERE issue_id = ANY ($1::bigint[]) AND minute >= $2 AND customers > 0
       GROUP BY 1`,
      [issueIds, new Date(Math.floor(since.getTime() / 60_000) * 60_000)],
    );
    return new Map(rows.map(({ id, last }) => [id, last.getTime() + 60_000]));
  }

  /** Picks the issues first seen from `since` on: those that a fault of the whole project brought. */
  async bornSince(sql: Sql, issueIds: readonly number[], since: Date): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      `SELECT issue_id AS id
       FROM series_issue
       WHERE issue_id = ANY ($1::bigint[]) AND since >= $2`,
      [issueIds, since],
    );
    return rows.map(({ id }) => id);
  }
}

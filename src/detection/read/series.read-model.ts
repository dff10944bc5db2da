import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type ActiveMinute } from '../detect/project-watch.js';
import { type IssueMinute, partsOf, releaseOf } from '../series.js';
import { MOST_OF_A_KIND, type ReleaseMinute, type SessionMinute } from '../detect/shares.js';

const MINUTE = 60_000;
/**
 * Time after its last sessions for which we assume that an app tells who is active; a minute without any is then one
 * without use.
 */
const TELLS_FOR_MS = 7 * 86_400_000;
/** Issues named as the parts of a sum, those with most hits first; an outage makes some hundred at most. */
const MOST_ISSUES = 500;
const at = (minute: number) => new Date(minute * MINUTE);

const OPEN_ERRORS = `m.project_id = $1 AND m.status = 'open' AND m.level IN ('error', 'fatal')`;

/** Reads the counts of digest and intake, by project and minute, as detection needs them. */
@Injectable()
export class SeriesReadModel {
  /**
   * Reads the minutes in which errors hit a project's customers, from `from` to before `to` (epoch minutes), in order
   * of time; at most the first `most`.
   */
  async rows(sql: Sql, projectId: number, from: number, to: number, most?: number): Promise<IssueMinute[]> {
    const rows = await sql.query<Omit<IssueMinute, 'area'>>(
      `SELECT m.issue_id AS "issueId", (extract(epoch FROM m.minute) / 60)::int AS minute,
         sum(m.events)::int AS events, sum(m.customers)::int AS customers, sum(m.arrivals)::int AS arrivals,
         bit_or(m.moments) AS moments, m.service, (extract(epoch FROM m.since) / 60)::int AS since
       FROM series_count m
       WHERE ${OPEN_ERRORS} AND m.minute >= $2 AND m.minute < $3
       GROUP BY m.issue_id, m.minute, m.service, m.since
       ORDER BY m.minute, m.issue_id
       LIMIT $4`,
      [projectId, at(from), at(to), most ?? null],
    );
    const areas = await this.areas(sql, [...new Set(rows.map(({ issueId }) => issueId))]);
    return rows.map((row) => ({ ...row, area: areas.get(row.issueId) ?? null }));
  }

  private async areas(sql: Sql, issueIds: readonly number[]): Promise<Map<number, string>> {
    if (issueIds.length === 0) return new Map();
    const rows = await sql.query<{ id: number; area: string }>(
      {
        name: 'series.areas',
        text: `SELECT issue_id AS id, area
          FROM series_origin
          WHERE issue_id = ANY ($1::bigint[]) AND area IS NOT NULL`,
      },
      [issueIds],
    );
    return new Map(rows.map(({ id, area }) => [id, area]));
  }

  /** Reads the same minutes by release, all issues together. Leaves out errors without a release. */
  async releaseRows(sql: Sql, projectId: number, from: number, to: number): Promise<ReleaseMinute[]> {
    return sql.query<ReleaseMinute>(
      `SELECT m.release, (extract(epoch FROM m.minute) / 60)::int AS minute, sum(m.arrivals)::int AS arrivals
       FROM series_count m
       WHERE ${OPEN_ERRORS} AND m.minute >= $2 AND m.minute < $3 AND m.release <> ''
       GROUP BY 1, 2
       ORDER BY 2, 1`,
      [projectId, at(from), at(to)],
    );
  }

  /** Reads a project's sessions by release, from `from` to before `to`; crashes count once an hour and device. */
  async sessionRows(sql: Sql, projectId: number, from: number, to: number): Promise<SessionMinute[]> {
    return sql.query<SessionMinute>(
      {
        name: 'series.session_rows',
        text: `SELECT release, (extract(epoch FROM minute) / 60)::int AS minute, sum(started)::int AS started,
            sum(crashed_devices)::int AS crashed
          FROM release_session
          WHERE project_id = $1 AND minute >= $2 AND minute < $3
          GROUP BY 1, 2
          ORDER BY 2, 1`,
      },
      [projectId, at(from), at(to)],
    );
  }

  /** Lists a project's releases, the one first seen last first: more than we watch. */
  async newestReleases(sql: Sql, projectId: number): Promise<string[]> {
    const rows = await sql.query<{ release: string }>(
      {
        name: 'series.newest_releases',
        text: `SELECT release
          FROM series_deploy
          WHERE project_id = $1
          ORDER BY at DESC, release
          LIMIT ${10 * MOST_OF_A_KIND}`,
      },
      [projectId],
    );
    return rows.map(({ release }) => release);
  }

  /** Lists the open issues that a sum adds up from the minute `since` on, those with most hits first. */
  async issuesOf(sql: Sql, projectId: number, series: string, since: Date): Promise<number[]> {
    const { kind, name } = partsOf(series);
    const rows = await sql.query<{ id: number }>(
      `SELECT m.issue_id AS id
       FROM series_count m
       WHERE ${OPEN_ERRORS}
         AND m.minute >= $2
         AND ($3::text IS NULL OR m.release = $3)
         AND ($4::text IS NULL OR m.service = $4)
         AND ($5::text IS NULL OR (SELECT o.area FROM series_origin o WHERE o.issue_id = m.issue_id) = $5)
         AND ($6::boolean IS FALSE OR m.since > $2::timestamptz - interval '1 day')
       GROUP BY 1
       ORDER BY sum(m.arrivals) DESC, 1
       LIMIT ${MOST_ISSUES}`,
      [
        projectId,
        since,
        releaseOf(series),
        kind === 'service' ? name : null,
        kind === 'area' ? name : null,
        kind === 'young',
      ],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Lists the issues with a hit in the minute `since` or later and with at least `customers` arrivals since the minute
   * `from`.
   */
  async busy(sql: Sql, projectId: number, from: number, since: number, customers: number): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      `SELECT m.issue_id AS id
       FROM series_count m
       WHERE m.project_id = $1 AND m.minute >= $2
       GROUP BY 1
       HAVING max(m.minute) >= $3 AND sum(m.arrivals) >= $4`,
      [projectId, at(from), at(since), customers],
    );
    return rows.map(({ id }) => id);
  }

  /** Finds the first minute from `since` on with a count of a project; undefined if there is none. */
  async firstMinute(sql: Sql, projectId: number, since: number): Promise<number | undefined> {
    const [row] = await sql.query<{ minute: number | null }>(
      `SELECT (extract(epoch FROM least(
         (SELECT min(m.minute) FROM series_count m WHERE m.project_id = $1 AND m.minute >= $2),
         (SELECT min(minute) FROM project_minute WHERE project_id = $1 AND minute >= $2),
         (SELECT min(minute) FROM release_session WHERE project_id = $1 AND minute >= $2))) / 60)::int AS minute`,
      [projectId, at(since)],
    );
    return row?.minute ?? undefined;
  }

  /**
   * Reads the activity of a project in each minute from `from` to before `to`: customers if the app names them, else
   * sessions, else null. A minute without events counts as received from `watchedSince` on, because we were there to
   * receive.
   */
  async activity(sql: Sql, projectId: number, from: number, to: number, watchedSince: number): Promise<ActiveMinute[]> {
    const [tells] = await sql.query<{ customers: boolean; sessions: boolean }>(
      {
        name: 'series.tells',
        text: `SELECT EXISTS (SELECT FROM project_minute WHERE project_id = $1 AND minute >= $2 AND minute < $3) AS customers,
                      EXISTS (SELECT FROM release_session WHERE project_id = $1 AND minute >= $2 AND minute < $3) AS sessions`,
      },
      [projectId, new Date(from * MINUTE - TELLS_FOR_MS), at(to)],
    );
    const rows = await sql.query<{ minute: number; customers: number | null; sessions: number | null; heard: boolean }>(
      {
        name: 'series.activity',
        text: `SELECT (extract(epoch FROM t) / 60)::int AS minute, p.active_customers AS customers, (
            SELECT sum(s.started)::int
            FROM release_session s
            WHERE s.project_id = $1 AND s.minute = t
          ) AS sessions, EXISTS (
            SELECT
            FROM intake_outcome o
            WHERE o.project_id = $1 AND o.minute = t AND o.outcome IN ('accepted', 'duplicate', 'discarded')
          ) AS heard
          FROM generate_series($2::timestamptz, $3::timestamptz - interval '1 minute', interval '1 minute') AS t
          LEFT JOIN project_minute p ON p.project_id = $1 AND p.minute = t
          ORDER BY 1`,
      },
      [projectId, at(from), at(to)],
    );
    return rows.map(({ minute, customers, sessions, heard }) => ({
      minute,
      customers: tells?.customers ? (customers ?? 0) : null,
      active: tells?.customers ? (customers ?? 0) : tells?.sessions ? (sessions ?? 0) : null,
      received: heard || customers !== null || sessions !== null || minute >= watchedSince,
    }));
  }

  /** Finds when the newest release of a project was first seen. */
  async deployedAt(sql: Sql, projectId: number, now: Date): Promise<number | undefined> {
    const [row] = await sql.query<{ at: Date | null }>(
      { name: 'series.deployed', text: 'SELECT max(at) AS at FROM series_deploy WHERE project_id = $1 AND at <= $2' },
      [projectId, now],
    );
    return row?.at?.getTime();
  }

  /** Counts the distinct customers whom these issues hit in the minute `since` or later. */
  async customersSince(sql: Sql, issueIds: readonly number[], since: Date): Promise<number> {
    const rows = await sql.query<{ count: number }>(
      `SELECT count(DISTINCT customer_id) AS count
       FROM series_hit
       WHERE issue_id = ANY ($1::bigint[]) AND last_minute >= $2`,
      [issueIds, since],
    );
    return onlyRow(rows, 'a count').count;
  }

  /** Counts the distinct customers who used the app in the minute `since` or later. Anonymous ones do not count. */
  async activeSince(sql: Sql, projectId: number, since: Date): Promise<number> {
    const rows = await sql.query<{ count: number }>(
      `SELECT count(*)::int AS count
       FROM customer_activity
       WHERE project_id = $1 AND last_at >= $2`,
      [projectId, since],
    );
    return onlyRow(rows, 'a count').count;
  }

  /**
   * Lists a project's issues that came back after they were resolved, not before `since`, with the customers hit from
   * then on.
   */
  async regressed(
    sql: Sql,
    projectId: number,
    since: Date,
  ): Promise<{ issueId: number; regressedAt: Date; customers: number }[]> {
    return sql.query(
      `SELECT i.issue_id AS "issueId", i.regressed_at AS "regressedAt", (
         SELECT count(DISTINCT h.customer_id)
         FROM series_hit h
         WHERE h.issue_id = i.issue_id AND h.last_minute >= date_trunc('minute', i.regressed_at)
       ) AS customers
       FROM series_issue i
       WHERE i.project_id = $1 AND i.regressed_at >= $2 AND i.status <> 'ignored'`,
      [projectId, since],
    );
  }
}

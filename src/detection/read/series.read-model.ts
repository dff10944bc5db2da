import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type ActiveMinute } from '../detect/project-watch.js';
import { type IssueMinute, partsOf, releaseOf } from '../series.js';
import { MOST_OF_A_KIND, type ReleaseMinute, type SessionMinute } from '../detect/shares.js';

const MINUTE = 60_000;
/** An app that sent sessions within this time tells who is active; a minute without any is then one without use. */
const TELLS_FOR_MS = 7 * 86_400_000;
/** Issues named as what a sum is made of, those that hit most first; an outage makes some hundred at most. */
const MOST_ISSUES = 500;
const at = (minute: number) => new Date(minute * MINUTE);

const OPEN_ERRORS = `m.project_id = $1 AND m.status = 'open' AND m.level IN ('error', 'fatal')`;

/** The counts that digest and intake keep, as detection reads them: by project and minute. */
@Injectable()
export class SeriesReadModel {
  /** Minutes with hits of a project's errors, `from` to before `to` (epoch minutes), in order of time; the first `most` of them. */
  async rows(sql: Sql, projectId: number, from: number, to: number, most?: number): Promise<IssueMinute[]> {
    const rows = await sql.query<Omit<IssueMinute, 'area'>>(
      `SELECT m.issue_id AS "issueId", (extract(epoch FROM m.minute) / 60)::int AS minute, sum(m.events)::int AS events, sum(m.customers)::int AS customers,
                 sum(m.arrivals)::int AS arrivals, bit_or(m.moments) AS moments, m.service, (extract(epoch FROM m.since) / 60)::int AS since
               FROM series_count m WHERE ${OPEN_ERRORS} AND m.minute >= $2 AND m.minute < $3
               GROUP BY m.issue_id, m.minute, m.service, m.since ORDER BY m.minute, m.issue_id LIMIT $4`,
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
        text: 'SELECT issue_id AS id, area FROM series_origin WHERE issue_id = ANY ($1::bigint[]) AND area IS NOT NULL',
      },
      [issueIds],
    );
    return new Map(rows.map(({ id, area }) => [id, area]));
  }

  /** The same minutes by release, all issues together; errors that named no release are left out. */
  async releaseRows(sql: Sql, projectId: number, from: number, to: number): Promise<ReleaseMinute[]> {
    return sql.query<ReleaseMinute>(
      `SELECT m.release, (extract(epoch FROM m.minute) / 60)::int AS minute, sum(m.arrivals)::int AS arrivals
               FROM series_count m WHERE ${OPEN_ERRORS} AND m.minute >= $2 AND m.minute < $3 AND m.release <> ''
               GROUP BY 1, 2 ORDER BY 2, 1`,
      [projectId, at(from), at(to)],
    );
  }

  /** Sessions of a project by release, crashes of one device once an hour, `from` to before `to`. */
  async sessionRows(sql: Sql, projectId: number, from: number, to: number): Promise<SessionMinute[]> {
    return sql.query<SessionMinute>(
      {
        name: 'series.session_rows',
        text: `SELECT release, (extract(epoch FROM minute) / 60)::int AS minute, sum(started)::int AS started, sum(crashed_devices)::int AS crashed
               FROM release_session WHERE project_id = $1 AND minute >= $2 AND minute < $3 GROUP BY 1, 2 ORDER BY 2, 1`,
      },
      [projectId, at(from), at(to)],
    );
  }

  /** The releases of a project that were seen first most lately, newest first, as many as are watched and some more. */
  async newestReleases(sql: Sql, projectId: number): Promise<string[]> {
    const rows = await sql.query<{ release: string }>(
      {
        name: 'series.newest_releases',
        text: `SELECT release FROM series_deploy WHERE project_id = $1 ORDER BY at DESC, release LIMIT ${10 * MOST_OF_A_KIND}`,
      },
      [projectId],
    );
    return rows.map(({ release }) => release);
  }

  /** The open issues that a sum adds up in the minute `since` and later, those that hit most first. */
  async issuesOf(sql: Sql, projectId: number, series: string, since: Date): Promise<number[]> {
    const { kind, name } = partsOf(series);
    const rows = await sql.query<{ id: number }>(
      `SELECT m.issue_id AS id FROM series_count m WHERE ${OPEN_ERRORS} AND m.minute >= $2
                 AND ($3::text IS NULL OR m.release = $3) AND ($4::text IS NULL OR m.service = $4)
                 AND ($5::text IS NULL OR (SELECT o.area FROM series_origin o WHERE o.issue_id = m.issue_id) = $5)
                 AND ($6::boolean IS FALSE OR m.since > $2::timestamptz - interval '1 day')
               GROUP BY 1 ORDER BY sum(m.arrivals) DESC, 1 LIMIT ${MOST_ISSUES}`,
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

  /** Issues that were hit in or after the minute `since` and reached `customers` arrivals since the minute `from`. */
  async busy(sql: Sql, projectId: number, from: number, since: number, customers: number): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      `SELECT m.issue_id AS id FROM series_count m WHERE m.project_id = $1 AND m.minute >= $2 GROUP BY 1 HAVING max(m.minute) >= $3 AND sum(m.arrivals) >= $4`,
      [projectId, at(from), at(since), customers],
    );
    return rows.map(({ id }) => id);
  }

  /** The first minute since `since` in which something of a project was counted, undefined when there is none. */
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
   * How busy a project was in each minute from `from` to before `to`. Customers where the app names them, else sessions, else null.
   * A minute in which nothing came counts as received when it is not before `watchedSince`: then we were there to receive.
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
        text: `SELECT (extract(epoch FROM t) / 60)::int AS minute, p.active_customers AS customers,
                 (SELECT sum(s.started)::int FROM release_session s WHERE s.project_id = $1 AND s.minute = t) AS sessions,
                 EXISTS (SELECT FROM intake_outcome o WHERE o.project_id = $1 AND o.minute = t AND o.outcome IN ('accepted', 'duplicate', 'discarded')) AS heard
               FROM generate_series($2::timestamptz, $3::timestamptz - interval '1 minute', interval '1 minute') AS t
               LEFT JOIN project_minute p ON p.project_id = $1 AND p.minute = t ORDER BY 1`,
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

  /** When the newest release of a project was first seen. */
  async deployedAt(sql: Sql, projectId: number, now: Date): Promise<number | undefined> {
    const [row] = await sql.query<{ at: Date | null }>(
      { name: 'series.deployed', text: 'SELECT max(at) AS at FROM series_deploy WHERE project_id = $1 AND at <= $2' },
      [projectId, now],
    );
    return row?.at?.getTime();
  }

  /** Distinct customers of these issues hit in the minute `since` or later. */
  async customersSince(sql: Sql, issueIds: readonly number[], since: Date): Promise<number> {
    const rows = await sql.query<{ count: number }>(
      'SELECT count(DISTINCT customer_id) AS count FROM series_hit WHERE issue_id = ANY ($1::bigint[]) AND last_minute >= $2',
      [issueIds, since],
    );
    return onlyRow(rows, 'a count').count;
  }

  /** Distinct customers who used the app in the minute `since` or later; only those whom somebody knows are counted. */
  async activeSince(sql: Sql, projectId: number, since: Date): Promise<number> {
    const rows = await sql.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM customer_activity WHERE project_id = $1 AND last_at >= $2',
      [projectId, since],
    );
    return onlyRow(rows, 'a count').count;
  }

  /** Issues of a project that came back after they were resolved, since `since`, with the customers hit from then on. */
  async regressed(
    sql: Sql,
    projectId: number,
    since: Date,
  ): Promise<{ issueId: number; regressedAt: Date; customers: number }[]> {
    return sql.query(
      `SELECT i.issue_id AS "issueId", i.regressed_at AS "regressedAt",
                 (SELECT count(DISTINCT h.customer_id) FROM series_hit h WHERE h.issue_id = i.issue_id AND h.last_minute >= date_trunc('minute', i.regressed_at)) AS customers
               FROM series_issue i WHERE i.project_id = $1 AND i.regressed_at >= $2 AND i.status <> 'ignored'`,
      [projectId, since],
    );
  }
}

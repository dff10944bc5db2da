import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { partsOf } from '../series.js';
import { isShare, MOST_OF_A_KIND } from '../detect/shares.js';

/** Times for which we keep counts, by step. */
const KEEP = { minutes: '8 days', hours: '90 days', days: '3 years', states: '60 days' };

/**
 * Counts of the sums that are not made of issues, in the hours from $2 to before $3; of each hour only the $1 largest
 * releases.
 */
const SUMS = `WITH hit AS (
    SELECT i.project_id, m.release, date_trunc('hour', m.minute, 'UTC') AS hour, sum(m.arrivals) AS arrivals, sum(m.customers) AS customers
    FROM series_release_minute m
    JOIN series_issue i ON i.issue_id = m.issue_id AND i.level IN ('error', 'fatal')
    WHERE m.minute >= $2 AND m.minute < $3
    GROUP BY 1, 2, 3
  ), used AS (
    SELECT project_id, date_trunc('hour', minute, 'UTC') AS hour, sum(active_customers) AS customers
    FROM project_minute
    WHERE minute >= $2 AND minute < $3
    GROUP BY 1, 2
  ), started AS (
    SELECT project_id, release, date_trunc('hour', minute, 'UTC') AS hour, sum(crashed_devices) AS crashed, sum(started) AS started
    FROM release_session
    WHERE minute >= $2 AND minute < $3
    GROUP BY 1, 2, 3
  ), counted (project_id, series, hour, seen, of_all) AS (
    SELECT project_id, 'sessions', hour, sum(crashed), sum(started)
    FROM started
    GROUP BY 1, 3
    UNION ALL SELECT project_id, 'sessions:' || release, hour, crashed, started
    FROM started
    WHERE release <> ''
    UNION ALL SELECT project_id, 'active', hour, coalesce((SELECT sum(h.customers) FROM hit h WHERE h.project_id = used.project_id AND h.hour = used.hour), 0), customers
    FROM used
    UNION ALL SELECT hit.project_id, 'release:' || release, hit.hour, arrivals, coalesce(used.customers, 0)
    FROM hit
    LEFT JOIN used USING (project_id, hour)
    WHERE release <> ''
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY project_id, hour, split_part(series, ':', 1), position(':' IN series) > 0 ORDER BY seen + of_all DESC, series) AS nth
    FROM counted
  )
  SELECT project_id, series, hour, seen, of_all
  FROM ranked
  WHERE nth <= $1`;

/** Stores counts by hour and day, and removes counts past their time. */
@Injectable()
export class RollupStore {
  /** Adds closed minutes up to hours, from the newest stored hour on; a second run changes nothing. */
  async hours(tx: Tx, now: Date): Promise<number> {
    const issues = await this.rollup(tx, 'series_minute', 'minute', 'issue_hour', 'hour', now);
    return issues + (await this.sumsByHour(tx, now));
  }

  /** Adds closed hours up to days. */
  async days(tx: Tx, now: Date): Promise<number> {
    const issues = await this.rollup(tx, 'issue_hour', 'hour', 'issue_day', 'day', now);
    return issues + (await this.sumsByDay(tx, now));
  }

  /**
   * Reads the counts of a series by hour or day, oldest first, without empty ones. A share counts `seen` of `ofAll`; an
   * issue, a service, an area or the whole project counts the customers hit.
   */
  async points(
    sql: Sql,
    asked: { projectId: number; series: string; step: 'hour' | 'day'; from: Date; to: Date },
    limit: number,
  ): Promise<{ at: Date; seen: number; ofAll: number | null }[]> {
    const { kind, name } = partsOf(asked.series);
    const { step } = asked;
    const range = [asked.projectId, asked.from, asked.to, limit];
    if (isShare(asked.series))
      return sql.query(
        `SELECT ${step} AS at, seen, of_all AS "ofAll"
         FROM series_${step}
         WHERE project_id = $1 AND ${step} >= $2 AND ${step} < $3 AND series = $5
         ORDER BY 1
         LIMIT $4`,
        [...range, asked.series],
      );
    const only = {
      issue: 'i.issue_id::text = $5',
      service: 'i.service = $5',
      area: '(SELECT o.area FROM series_origin o WHERE o.issue_id = i.issue_id) = $5',
      project: '$5::text IS NULL',
    }[kind];
    if (only === undefined) return [];
    return sql.query(
      `SELECT c.${step} AS at, sum(c.arrivals)::bigint AS seen, NULL AS "ofAll"
       FROM issue_${step} c
       JOIN series_issue i ON i.issue_id = c.issue_id
       WHERE i.project_id = $1
         AND i.level IN ('error', 'fatal')
         AND c.${step} >= $2
         AND c.${step} < $3
         AND ${only}
       GROUP BY 1
       ORDER BY 1
       LIMIT $4`,
      [...range, name],
    );
  }

  /** Removes rows past their time, at most `limit` of each kind; returns their number. */
  async forget(sql: Sql, now: Date, limit: number): Promise<number> {
    const old: [string, string, string][] = [
      ['issue_minute', 'minute', KEEP.minutes],
      ['issue_hour', 'hour', KEEP.hours],
      ['issue_day', 'day', KEEP.days],
      ['release_session', 'minute', KEEP.minutes],
      ['series_hour', 'hour', KEEP.hours],
      ['series_day', 'day', KEEP.days],
      ['series_state', 'updated_at', KEEP.states],
      ['project_minute', 'minute', KEEP.hours],
    ];
    let removed = 0;
    for (const [table, column, keep] of old) {
      const rows = await sql.query(
        `DELETE FROM ${table}
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${column} < $1::timestamptz - $2::interval LIMIT $3))
         RETURNING 1`,
        [now, keep, limit],
      );
      removed += rows.length;
    }
    return removed;
  }

  /** Adds the newest hour up anew, since sessions of its last minutes may arrive after the previous run. */
  private async sumsByHour(tx: Tx, now: Date): Promise<number> {
    const [range] = await tx.query<{ from: Date; to: Date }>(
      `SELECT coalesce((SELECT max(hour) FROM series_hour), $1::timestamptz - $2::interval) AS "from",
         date_trunc('hour', $1::timestamptz - interval '5 minutes', 'UTC') AS "to"`,
      [now, KEEP.minutes],
    );
    const rows = await tx.query(
      `INSERT INTO series_hour AS t (project_id, series, hour, seen, of_all) ${SUMS}
       ON CONFLICT (project_id, series, hour) DO UPDATE SET seen = EXCLUDED.seen, of_all = EXCLUDED.of_all
       WHERE (t.seen, t.of_all) IS DISTINCT FROM (EXCLUDED.seen, EXCLUDED.of_all)
       RETURNING 1`,
      [MOST_OF_A_KIND, range?.from, range?.to],
    );
    return rows.length;
  }

  private async sumsByDay(tx: Tx, now: Date): Promise<number> {
    const rows = await tx.query(
      `INSERT INTO series_day AS t (project_id, series, day, seen, of_all)
       SELECT project_id, series, date_trunc('day', hour, 'UTC'), sum(seen), sum(of_all)
       FROM series_hour
       WHERE hour >= coalesce((SELECT max(day) FROM series_day), '-infinity')
         AND hour < date_trunc('day', $1::timestamptz - interval '5 minutes', 'UTC')
       GROUP BY 1, 2, 3
       ON CONFLICT (project_id, series, day) DO UPDATE SET seen = EXCLUDED.seen, of_all = EXCLUDED.of_all
       WHERE (t.seen, t.of_all) IS DISTINCT FROM (EXCLUDED.seen, EXCLUDED.of_all)
       RETURNING 1`,
      [now],
    );
    return rows.length;
  }

  private async rollup(tx: Tx, from: string, step: string, into: string, unit: string, now: Date): Promise<number> {
    const rows = await tx.query(
      `INSERT INTO ${into} AS t (issue_id, ${unit}, events, arrivals)
       SELECT issue_id, date_trunc('${unit}', ${step}, 'UTC'), sum(events), sum(arrivals)
       FROM ${from}
       WHERE ${step} >= coalesce((SELECT max(${unit}) FROM ${into}), '-infinity')
         AND ${step} < date_trunc('${unit}', $1::timestamptz - interval '5 minutes', 'UTC')
       GROUP BY 1, 2
       ON CONFLICT (issue_id, ${unit}) DO UPDATE SET events = EXCLUDED.events, arrivals = EXCLUDED.arrivals
       WHERE (t.events, t.arrivals) IS DISTINCT FROM (EXCLUDED.events, EXCLUDED.arrivals)
       RETURNING 1`,
      [now],
    );
    return rows.length;
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';

/** How long counts are kept at each step. */
const KEEP = { minutes: '8 days', hours: '90 days', days: '3 years', states: '60 days' };

/** Counts by hour and day, and the end of what is older than is kept. */
@Injectable()
export class RollupStore {
  /** Adds closed minutes up into hours, from the newest hour there is; a second run changes nothing. */
  async hours(tx: Tx, now: Date): Promise<number> {
    return this.rollup(tx, 'series_minute', 'minute', 'issue_hour', 'hour', now);
  }

  /** Adds closed hours up into days. */
  async days(tx: Tx, now: Date): Promise<number> {
    return this.rollup(tx, 'issue_hour', 'hour', 'issue_day', 'day', now);
  }

  /** Removes what is older than is kept, `limit` rows of each at most; returns how many. */
  async forget(sql: Sql, now: Date, limit: number): Promise<number> {
    const old: [string, string, string][] = [
      ['issue_minute', 'minute', KEEP.minutes],
      ['issue_hour', 'hour', KEEP.hours],
      ['issue_day', 'day', KEEP.days],
      ['series_state', 'updated_at', KEEP.states],
      ['project_minute', 'minute', KEEP.hours],
    ];
    let removed = 0;
    for (const [table, column, keep] of old) {
      const rows = await sql.query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${column} < $1::timestamptz - $2::interval LIMIT $3)) RETURNING 1`,
        [now, keep, limit],
      );
      removed += rows.length;
    }
    return removed;
  }

  private async rollup(tx: Tx, from: string, step: string, into: string, unit: string, now: Date): Promise<number> {
    const rows = await tx.query(
      `INSERT INTO ${into} AS t (issue_id, ${unit}, events, arrivals)
       SELECT issue_id, date_trunc('${unit}', ${step}, 'UTC'), sum(events), sum(arrivals) FROM ${from}
       WHERE ${step} >= coalesce((SELECT max(${unit}) FROM ${into}), '-infinity') AND ${step} < date_trunc('${unit}', $1::timestamptz - interval '5 minutes', 'UTC')
       GROUP BY 1, 2 ON CONFLICT (issue_id, ${unit}) DO UPDATE SET events = EXCLUDED.events, arrivals = EXCLUDED.arrivals
         WHERE (t.events, t.arrivals) IS DISTINCT FROM (EXCLUDED.events, EXCLUDED.arrivals) RETURNING 1`,
      [now],
    );
    return rows.length;
  }
}

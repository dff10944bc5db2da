import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type MadeSilence } from './silence.js';

const COLUMNS = `id::text, project_id AS "projectId", issue_id AS "issueId", service, area, from_at AS "from", until_at AS until, reason, weekly, created_by AS "createdBy"`;

/** Thing that a silence held back. */
export interface Stop {
  readonly what: 'incident' | 'outreach' | 'alert';
  readonly ref: string;
  readonly words: string;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** Stores silences that people made, and the stops of all silences. */
@Injectable()
export class SilenceStore {
  /** Makes a silence; returns its id. */
  async insert(tx: Tx, silence: Omit<MadeSilence, 'id'>, now: Date): Promise<string> {
    const [row] = await tx.query<{ id: string }>(
      `INSERT INTO silence (project_id, issue_id, service, area, from_at, until_at, reason, created_by, created_at, weekly)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       RETURNING id::text`,
      [
        silence.projectId,
        silence.issueId,
        silence.service,
        silence.area,
        silence.from,
        silence.until,
        silence.reason,
        silence.createdBy,
        now,
        silence.weekly && JSON.stringify(silence.weekly),
      ],
    );
    return row?.id ?? '';
  }

  /** Lists silences that hold at `now`, and weekly ones in force around it. */
  async active(sql: Sql, now: Date): Promise<MadeSilence[]> {
    return sql.query<MadeSilence>(
      {
        name: 'silences.active',
        text: `SELECT ${COLUMNS}
          FROM silence
          WHERE until_at > $1 AND from_at <= $1
          ORDER BY id`,
      },
      [now],
    );
  }

  /** Lists silences by id, newest first. */
  async list(sql: Sql, filter: { id?: number; before: number; limit: number }): Promise<MadeSilence[]> {
    return sql.query<MadeSilence>(
      `SELECT ${COLUMNS}
       FROM silence
       WHERE id < $1 AND ($2::bigint IS NULL OR id = $2)
       ORDER BY silence.id DESC
       LIMIT $3`,
      [filter.before, filter.id ?? null, filter.limit],
    );
  }

  /** Ends a silence now; false if it had ended. */
  async end(tx: Tx, id: number, by: string, now: Date): Promise<boolean> {
    const sql = `UPDATE silence
      SET until_at = $3, from_at = least(from_at, $3), ended_by = $2
      WHERE id = $1 AND until_at > $3
      RETURNING id`;
    return (await tx.query(sql, [id, by, now])).length > 0;
  }

  /** Notes what a silence stopped; a repeated stop only updates its time. */
  async note(sql: Sql, silence: string, stop: Pick<Stop, 'what' | 'ref' | 'words'>, now: Date): Promise<void> {
    await sql.query(
      `INSERT INTO silence_stop (silence, what, ref, words, first_at, last_at)
       VALUES ($1, $2, $3, $4, $5, $5)
       ON CONFLICT (silence, what, ref) DO UPDATE SET last_at = $5`,
      [silence, stop.what, stop.ref, stop.words, now],
    );
  }

  /** Removes stops with their last occurrence before `before`, at most `limit`; returns their number. */
  async forgetStops(sql: Sql, before: Date, limit: number): Promise<number> {
    const rows = await sql.query(
      {
        name: 'silences.forget_stops',
        text: `DELETE FROM silence_stop
          WHERE ctid = ANY (ARRAY(SELECT ctid FROM silence_stop WHERE last_at < $1 LIMIT $2))
          RETURNING 1`,
      },
      [before, limit],
    );
    return rows.length;
  }

  /** Lists the stops of these silences, newest first, and counts all of them. */
  async stops(
    sql: Sql,
    silences: readonly string[],
    limit: number,
  ): Promise<Map<string, { count: number; stops: Stop[] }>> {
    const rows = await sql.query<Stop & { silence: string; count: number }>(
      `SELECT *
       FROM (
         SELECT silence, what, ref, words, first_at AS "firstAt", last_at AS "lastAt",
           count(*) OVER (PARTITION BY silence) AS count, row_number() OVER (PARTITION BY silence ORDER BY last_at DESC) AS nth
         FROM silence_stop
         WHERE silence = ANY ($1::text[])
       ) AS s
       WHERE nth <= $2
       ORDER BY silence, nth`,
      [silences, limit],
    );
    const all = new Map<string, { count: number; stops: Stop[] }>();
    for (const { silence, count, what, ref, words, firstAt, lastAt } of rows) {
      const entry = all.get(silence) ?? { count, stops: [] };
      entry.stops.push({ what, ref, words, firstAt, lastAt });
      all.set(silence, entry);
    }
    return all;
  }
}

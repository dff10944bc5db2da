import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

/** Stores which place got the mail of which week. */
@Injectable()
export class WeeklyStore {
  /**
   * Takes the mail of a week to a place; false where somebody has it. Where it was taken before and never sent, the one whose time has come gets it
   * again, until `until`.
   * @param week first day, as `2026-03-09`
   */
  async claim(sql: Sql, week: string, place: string, until: Date, now: Date): Promise<boolean> {
    const rows = await sql.query(
      `INSERT INTO weekly_mail AS w (week, place, next_at)
       VALUES ($1::date, $2, $3)
       ON CONFLICT (week, place) DO UPDATE SET next_at = $3, attempts = w.attempts + 1
       WHERE w.state = 'waiting' AND w.next_at <= $4
       RETURNING week`,
      [week, place, until, now],
    );
    return rows.length > 0;
  }

  /** Notes that a place has it. */
  async told(sql: Sql, week: string, place: string, now: Date): Promise<void> {
    await sql.query(
      `UPDATE weekly_mail
       SET state = 'told', told_at = $3
       WHERE week = $1::date AND place = $2`,
      [week, place, now],
    );
  }

  /** Forgets weeks before one. */
  async forget(sql: Sql, before: string): Promise<void> {
    await sql.query('DELETE FROM weekly_mail WHERE week < $1::date', [before]);
  }
}

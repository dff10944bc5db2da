import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** Width of the slots in which sends are counted, milliseconds. A slot counts as long as any part of it lies in the window. */
export const SLOT_MS = 300_000;
const HOUR_MS = 3_600_000;

/** Messages taken for sending in the last hour and the last day, and when the oldest of each leave the window. */
export interface Taken {
  readonly hour: number;
  readonly day: number;
  readonly hourEases: Date | null;
  readonly dayEases: Date | null;
}

/** Counts what was taken for sending, over all processes. */
@Injectable()
export class BudgetStore {
  /** Makes whoever asks for the same channel wait until this transaction ends. */
  async lock(tx: Tx, channel: Channel): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`send_budget ${channel}`]);
  }

  /** Counts the messages taken of a channel in the last hour and day. */
  async taken(sql: Sql, channel: Channel, now: Date): Promise<Taken> {
    const [row] = await sql.query<{ hour: number; day: number; hour_slot: Date | null; day_slot: Date | null }>(
      {
        name: 'budget.taken',
        text: `SELECT coalesce(sum(count) FILTER (WHERE slot > $2), 0)::bigint AS hour, coalesce(sum(count), 0)::bigint AS day,
                 min(slot) FILTER (WHERE slot > $2) AS hour_slot, min(slot) AS day_slot
               FROM send_budget
               WHERE channel = $1 AND slot > $3`,
      },
      [channel, before(now, HOUR_MS), before(now, 24 * HOUR_MS)],
    );
    const eases = (slot: Date | null | undefined, window: number) =>
      slot ? new Date(slot.getTime() + window + SLOT_MS) : null;
    return {
      hour: row?.hour ?? 0,
      day: row?.day ?? 0,
      hourEases: eases(row?.hour_slot, HOUR_MS),
      dayEases: eases(row?.day_slot, 24 * HOUR_MS),
    };
  }

  /** Notes that so many were taken. */
  async add(tx: Tx, channel: Channel, count: number, now: Date): Promise<void> {
    const slot = new Date(Math.floor(now.getTime() / SLOT_MS) * SLOT_MS);
    const rows = await tx.query<{ fresh: boolean }>(
      `INSERT INTO send_budget AS b (channel, slot, count)
       VALUES ($1, $2, $3)
       ON CONFLICT (channel, slot) DO UPDATE SET count = b.count + EXCLUDED.count
       RETURNING xmax = 0 AS fresh`,
      [channel, slot, count],
    );
    if (rows[0]?.fresh) await this.forget(tx, now);
  }

  /** Removes slots that no window reaches any more. */
  private async forget(sql: Sql, now: Date): Promise<void> {
    await sql.query('DELETE FROM send_budget WHERE slot < $1', [before(now, 48 * HOUR_MS)]);
  }
}

/** Slots that begin after this moment reach into the window. */
function before(now: Date, window: number): Date {
  return new Date(now.getTime() - window - SLOT_MS);
}

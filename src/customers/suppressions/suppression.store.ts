import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Channel } from '../customer.js';

/** An address that nobody may write to. */
export interface Suppression {
  readonly channel: Channel;
  readonly address: string;
  /** A code of ours, or what an import said. */
  readonly reason: string;
  /** Who said so: `provider`, `bounce`, `complaint`, `reply`, `import` or `person`. */
  readonly source: string;
  readonly at: Date;
}

/** Page of suppressions: those after this channel and address. */
export interface SuppressionsAfter {
  readonly channel: string;
  readonly address: string;
}

/** All SQL on suppressed addresses. */
@Injectable()
export class SuppressionStore {
  /** Adds addresses; what stands there stays. Whoever has such an address is not written to on that channel. Returns how many are new. */
  async add(tx: Tx, entries: readonly Suppression[]): Promise<number> {
    const columns = (['channel', 'address', 'reason', 'source'] as const).map((key) => entries.map((one) => one[key]));
    const values = [...columns, entries.map(({ at }) => at.toISOString())];
    const rows = await tx.query(
      `INSERT INTO suppression (channel, address, reason, source, at)
       SELECT DISTINCT ON (1, 2) *
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
       ON CONFLICT (channel, address) DO NOTHING
       RETURNING address`,
      values,
    );
    return rows.length;
  }

  /** Takes an address off the list, and lifts what providers refused for it; false when it was not on it. */
  async remove(tx: Tx, channel: Channel, address: string): Promise<boolean> {
    const gone = await tx.query('DELETE FROM suppression WHERE channel = $1 AND address = $2 RETURNING address', [
      channel,
      address,
    ]);
    await tx.query(
      'UPDATE contact_point SET suppressed_at = NULL, suppressed_reason = NULL WHERE channel = $1 AND address = $2',
      [channel, address],
    );
    return gone.length > 0;
  }

  /** The list by channel and address, after `after`. */
  async list(sql: Sql, after: SuppressionsAfter, limit: number): Promise<Suppression[]> {
    return sql.query<Suppression>(
      `SELECT channel, address, reason, source, at
       FROM suppression
       WHERE (channel, address) > ($1, $2)
       ORDER BY channel, address
       LIMIT $3`,
      [after.channel, after.address, limit],
    );
  }

  /** Customers who have an address, in any directory. */
  async customersAt(sql: Sql, channel: Channel, address: string): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      'SELECT customer_id AS id FROM contact_point WHERE channel = $1 AND address = $2',
      [channel, address],
    );
    return rows.map(({ id }) => id);
  }
}

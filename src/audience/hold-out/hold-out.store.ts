import { Injectable } from '@nestjs/common';
import { int8s, texts } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Trust } from '../../projects/project-key.js';
import { type AudienceKind, type HeldOut } from '../audience.js';

/** A customer held out, with since when. */
interface HeldOutMember extends HeldOut {
  readonly share: number;
  readonly heldAt: Date;
}

/** SQL on who is held out of an incident's outreach. */
@Injectable()
export class HoldOutStore {
  /** The secret by which chance decides; it never leaves the database but for that. */
  async secret(sql: Sql): Promise<Buffer> {
    const text = `SELECT secret
      FROM installation_secret
      WHERE name = 'hold_out'`;
    return onlyRow(await sql.query<{ secret: Buffer }>(text, []), 'the secret of hold-outs').secret;
  }

  /** Of these customers, those who are held out of one of these incidents. */
  async among(sql: Sql, incidentIds: readonly number[], customerIds: readonly number[]): Promise<Set<number>> {
    const rows = await sql.query<{ id: number }>(
      `SELECT DISTINCT customer_id AS id
       FROM held_out
       WHERE incident_id = ANY ($1::bigint[]) AND customer_id = ANY ($2::bigint[]) AND released_at IS NULL`,
      [incidentIds, int8s(customerIds)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Notes who is held out; who was before stays as noted then. */
  async add(tx: Tx, incidentId: number, share: number, held: readonly HeldOut[], now: Date): Promise<void> {
    if (held.length === 0) return;
    await tx.query(
      `INSERT INTO held_out (incident_id, customer_id, audience, share, channel, held_at)
       SELECT $1, c.id, x.audience, $5, x.channel, $6
       FROM unnest($2::bigint[], $3::text[], $4::text[]) AS x (id, audience, channel)
       JOIN customer c ON c.id = x.id
       ON CONFLICT DO NOTHING`,
      [
        incidentId,
        int8s(held.map(({ customerId }) => customerId)),
        texts(held.map(({ audience }) => audience)),
        texts(held.map(({ channel }) => channel)),
        share,
        now,
      ],
    );
  }

  /** Lets all who are held out of an incident be told after all: they count as new arrivals. Returns how many. */
  async release(tx: Tx, incidentId: number, now: Date): Promise<number> {
    const rows = await tx.query<{ id: number; audience: AudienceKind }>(
      'UPDATE held_out SET released_at = $2 WHERE incident_id = $1 AND released_at IS NULL RETURNING customer_id AS id, audience',
      [incidentId, now],
    );
    await this.arriveAgain(
      tx,
      incidentId,
      rows.map(({ id }) => id),
    );
    return rows.length;
  }

  /** Lets these members of either audience count as new arrivals. */
  async arriveAgain(tx: Tx, incidentId: number, customerIds: readonly number[]): Promise<void> {
    if (customerIds.length === 0) return;
    for (const table of ['audience_member', 'at_risk_member'] as const)
      await tx.query(
        `UPDATE ${table}
          SET seq = nextval(pg_get_serial_sequence('${table}', 'seq'))
          WHERE incident_id = $1 AND customer_id = ANY ($2::bigint[])`,
        [incidentId, int8s(customerIds)],
      );
  }

  /** Reads how it is known that these customers belong to the audience. */
  async trusts(sql: Sql, incidentId: number, customerIds: readonly number[]): Promise<Map<number, Trust>> {
    const rows = await sql.query<{ id: number; trust: Trust }>(
      `SELECT customer_id AS id, trust
       FROM at_risk_member
       WHERE incident_id = $1 AND customer_id = ANY ($2::bigint[])
       UNION ALL SELECT customer_id, trust
       FROM audience_member
       WHERE incident_id = $1 AND customer_id = ANY ($2::bigint[])`,
      [incidentId, int8s(customerIds)],
    );
    return new Map(rows.map(({ id, trust }) => [id, trust]));
  }

  /** Lists who is held out of an incident by customer id after `after`. */
  async list(sql: Sql, incidentId: number, after: number, limit: number): Promise<HeldOutMember[]> {
    return sql.query<HeldOutMember>(
      `SELECT customer_id AS "customerId", audience, channel, share, held_at AS "heldAt"
       FROM held_out
       WHERE incident_id = $1 AND released_at IS NULL AND customer_id > $2
       ORDER BY customer_id
       LIMIT $3`,
      [incidentId, after, limit],
    );
  }
}

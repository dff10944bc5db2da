import { Injectable } from '@nestjs/common';
import { int8s, texts } from '../../platform/db/arrays.js';
import { type Tx } from '../../platform/db/database.js';

/** A notice `m` that tells its customer, or may yet: not one that found no way, or failed with no other channel left. */
const STANDS = `m.kind = 'notice' AND (m.state NOT IN ('failed', 'suppressed') OR m.state = 'failed' AND m.passes_on)`;

/** Who was told for an account, and whether the notice to each of its contacts stands. */
export interface ToldContacts {
  /** Customer by account; 0 for one who was erased. */
  readonly byAccount: ReadonlyMap<string, number>;
  /** For each contact with a notice, true where it stands. */
  readonly stands: ReadonlyMap<number, boolean>;
}

/** SQL on messages that go to the contact of an account in place of its customers. */
@Injectable()
export class AccountStore {
  /** Reads who was told of these incidents, which became one, for these accounts, and of these contacts who has a notice for whatever reason. */
  async told(
    tx: Tx,
    incidentIds: readonly number[],
    accounts: readonly string[],
    contactIds: readonly number[],
  ): Promise<ToldContacts> {
    const told = await tx.query<{ account: string; id: number }>(
      {
        name: 'accounts.told',
        text: `SELECT m.account, min(coalesce(m.customer_id, 0)) AS id
          FROM message m
          WHERE m.incident_id = ANY ($1::bigint[]) AND m.account = ANY ($2::text[]) AND ${STANDS}
          GROUP BY 1`,
      },
      [incidentIds, texts(accounts)],
    );
    const notices = await tx.query<{ id: number; stands: boolean }>(
      {
        name: 'accounts.notices',
        text: `SELECT m.customer_id AS id, bool_or(${STANDS}) AS stands
          FROM message m
          WHERE m.incident_id = ANY ($1::bigint[]) AND m.customer_id = ANY ($2::bigint[]) AND m.kind = 'notice'
            AND m.state_reason IS DISTINCT FROM 'told_by_contact'
          GROUP BY 1`,
      },
      [incidentIds, int8s(contactIds)],
    );
    return {
      byAccount: new Map(told.map(({ account, id }) => [account, id])),
      stands: new Map(notices.map(({ id, stands }) => [id, stands])),
    };
  }

  /** Notes of notices that contacts got for themselves that they stand for their accounts, too. */
  async standFor(tx: Tx, incidentIds: readonly number[], contacts: ReadonlyMap<string, number>): Promise<void> {
    if (contacts.size === 0) return;
    await tx.query(
      {
        name: 'accounts.stand_for',
        text: `UPDATE message m
          SET account = k.account
          FROM unnest($2::text[], $3::bigint[]) AS k (account, customer_id)
          WHERE m.incident_id = ANY ($1::bigint[]) AND m.customer_id = k.customer_id AND m.account IS NULL AND ${STANDS}`,
      },
      [incidentIds, texts([...contacts.keys()]), int8s([...contacts.values()])],
    );
  }

  /** Takes back that customers are told by the contact of their account, where no notice for it stands any more; returns the customers. */
  async release(tx: Tx, incidentId: number, incidentIds: readonly number[]): Promise<number[]> {
    const rows = await tx.query<{ id: number | null }>(
      {
        name: 'accounts.release',
        text: `DELETE FROM message s
          WHERE s.incident_id = $1 AND s.account IS NOT NULL AND s.state = 'suppressed' AND s.state_reason = 'told_by_contact'
            AND NOT EXISTS (
              SELECT
              FROM message m
              WHERE m.incident_id = ANY ($2::bigint[]) AND m.account = s.account AND ${STANDS})
          RETURNING s.customer_id AS id`,
      },
      [incidentId, incidentIds],
    );
    return rows.flatMap(({ id }) => id ?? []);
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Wish } from './wish.js';

/** A reply of a customer, as it is kept; it goes with its customer when they are erased. */
export interface Reply {
  /** The provider's id of the reply, by which one that comes twice is known. */
  readonly providerId: string;
  readonly customerId: number | null;
  /** The message of ours that they had last, if any. */
  readonly messageId: string | null;
  readonly wish: Wish['kind'];
  readonly certain: boolean;
  /** Null where nobody knows whose it is. */
  readonly text: string | null;
  readonly at: Date;
}

/** The last message that went to an address. */
export interface LastMessage {
  readonly id: string;
  readonly incidentId: number;
  readonly customerId: number | null;
  readonly locale: string;
}

/** All SQL on replies. */
@Injectable()
export class ReplyStore {
  /** Keeps a reply; false when it has come before. */
  async add(tx: Tx, reply: Reply): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO reply (provider_id, customer_id, message_id, wish, certain, text, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (provider_id) DO NOTHING
       RETURNING id`,
      [reply.providerId, reply.customerId, reply.messageId, reply.wish, reply.certain, reply.text, reply.at],
    );
    return rows.length > 0;
  }

  /** Whether the customer said the same before, in answer to the same message. */
  async saidBefore(tx: Tx, { providerId, customerId, messageId, wish }: Reply): Promise<boolean> {
    const rows = await tx.query(
      `SELECT
       FROM reply
       WHERE customer_id = $1 AND message_id IS NOT DISTINCT FROM $2 AND wish = $3 AND provider_id <> $4
       LIMIT 1`,
      [customerId, messageId, wish, providerId],
    );
    return rows.length > 0;
  }

  /** The last SMS that went, or may have gone, to a number of these customers. */
  async lastTo(sql: Sql, customerIds: readonly number[], address: string): Promise<LastMessage | undefined> {
    const [row] = await sql.query<LastMessage>(
      `SELECT id, incident_id AS "incidentId", customer_id AS "customerId", locale
       FROM message
       WHERE customer_id = ANY ($1::bigint[]) AND channel = 'sms' AND address = $2 AND state IN ('sending', 'sent', 'delivered', 'in_doubt', 'failed')
       ORDER BY created_at DESC
       LIMIT 1`,
      [customerIds, address],
    );
    return row;
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type HandOver, type HandOverDelivery, type HandOverState } from '../contact.js';

const COLUMNS = `h.id, h.webhook_id AS "webhookId", h.contact_id AS "contactId", h.customer_id AS "customerId",
  h.incident_id AS "incidentId", h.channel, h.reason, h.text, h.locale, h.state, h.created_at AS "createdAt",
  h.created_by AS "createdBy", h.taken_at AS "takenAt", h.taken_by AS "takenBy", h.closed_at AS "closedAt",
  h.closed_by AS "closedBy", h.delivery, h.attempts, h.last_failure AS "lastFailure", h.delivered_at AS "deliveredAt"`;

/** Hand-overs of one customer that are looked through, newest first. */
const LOOKED_THROUGH = 50;

/** Facts of a new hand-over. */
export type NewHandOver = Pick<
  HandOver,
  | 'webhookId'
  | 'contactId'
  | 'customerId'
  | 'incidentId'
  | 'channel'
  | 'reason'
  | 'text'
  | 'locale'
  | 'createdBy'
  | 'delivery'
>;

/** A hand-over that a worker holds; every change of it carries the fence. */
export interface HeldHandOver extends HandOver {
  readonly fence: number;
}

/** All SQL on hand-overs. */
@Injectable()
export class HandOverStore {
  /** Makes the hand-overs of a customer wait for each other, so that two at once do not both pass the limit. */
  async lockCustomer(tx: Tx, customerId: number): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`hand-over:${customerId}`]);
  }

  /** Keeps a hand-over. */
  async insert(tx: Tx, one: NewHandOver, now: Date): Promise<HandOver> {
    const rows = await tx.query<HandOver>(
      `INSERT INTO hand_over AS h
         (webhook_id, contact_id, customer_id, incident_id, channel, reason, text, locale, created_by, delivery, state, created_at, next_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $11)
       RETURNING ${COLUMNS}`,
      [
        one.webhookId,
        one.contactId,
        one.customerId,
        one.incidentId,
        one.channel,
        one.reason,
        one.text,
        one.locale,
        one.createdBy,
        one.delivery,
        now,
      ],
    );
    return onlyRow(rows, 'the new hand-over');
  }

  /** Finds a hand-over. */
  async find(sql: Sql, id: number): Promise<HandOver | undefined> {
    const [row] = await sql.query<HandOver>(
      `SELECT ${COLUMNS}
       FROM hand_over h
       WHERE h.id = $1`,
      [id],
    );
    return row;
  }

  /** Finds the hand-over of a contact that is not closed. */
  async openOfContact(sql: Sql, contactId: number): Promise<HandOver | undefined> {
    const [row] = await sql.query<HandOver>(
      `SELECT ${COLUMNS}
       FROM hand_over h
       WHERE h.contact_id = $1 AND h.state <> 'closed'
       ORDER BY h.id DESC
       LIMIT 1`,
      [contactId],
    );
    return row;
  }

  /** Lists the latest hand-overs of a customer, newest first. */
  async ofCustomer(sql: Sql, customerId: number): Promise<HandOver[]> {
    return sql.query<HandOver>(
      {
        name: 'hand_overs.of_customer',
        text: `SELECT ${COLUMNS}
          FROM hand_over h
          WHERE h.customer_id IN (SELECT id FROM customer WHERE id = $1 OR merged_into = $1)
          ORDER BY h.created_at DESC, h.id DESC
          LIMIT ${LOOKED_THROUGH}`,
      },
      [customerId],
    );
  }

  /** Lists hand-overs, newest first by id. */
  async list(
    sql: Sql,
    filter: { state: HandOverState | undefined; before: number; limit: number },
  ): Promise<HandOver[]> {
    return sql.query<HandOver>(
      `SELECT ${COLUMNS}
       FROM hand_over h
       WHERE h.id < $1 AND ($2::text IS NULL OR h.state = $2)
       ORDER BY h.id DESC
       LIMIT $3`,
      [filter.before, filter.state ?? null, filter.limit],
    );
  }

  /** Moves a hand-over on to `taken` or `closed`; undefined if it stands elsewhere by now. */
  async move(tx: Tx, id: number, to: 'taken' | 'closed', by: string, now: Date): Promise<HandOver | undefined> {
    const [row] = await tx.query<HandOver>(
      to === 'taken'
        ? `UPDATE hand_over AS h
           SET state = 'taken', taken_at = $2, taken_by = $3
           WHERE h.id = $1 AND h.state = 'open'
           RETURNING ${COLUMNS}`
        : `UPDATE hand_over AS h
           SET state = 'closed', closed_at = $2, closed_by = $3,
             delivery = CASE WHEN h.delivery = 'pending' THEN 'none' ELSE h.delivery END
           WHERE h.id = $1 AND h.state <> 'closed'
           RETURNING ${COLUMNS}`,
      [id, now, by],
    );
    return row;
  }

  /** Claims hand-overs that the desk is to be told, under a lease. */
  async claim(tx: Tx, now: Date, leaseUntil: Date, limit: number): Promise<HeldHandOver[]> {
    return tx.query<HeldHandOver>(
      {
        name: 'hand_overs.claim',
        text: `UPDATE hand_over AS h
          SET fence = h.fence + 1, lease_until = $2, attempts = h.attempts + 1
          WHERE h.id IN (
            SELECT id
            FROM hand_over
            WHERE delivery = 'pending' AND next_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
            ORDER BY next_at, id
            FOR UPDATE SKIP LOCKED
            LIMIT $3)
          RETURNING ${COLUMNS}, h.fence`,
      },
      [now, leaseUntil, limit],
    );
  }

  /** Notes that the desk took a hand-over; without effect for a worker that lost its lease. */
  async delivered(sql: Sql, { id, fence }: HeldHandOver, now: Date): Promise<void> {
    await sql.query(
      `UPDATE hand_over
       SET delivery = 'delivered', delivered_at = $3, lease_until = NULL, last_failure = NULL
       WHERE id = $1 AND fence = $2 AND delivery = 'pending'`,
      [id, fence, now],
    );
  }

  /** Notes that the desk did not take it, and when to try again. */
  async failed(sql: Sql, { id, fence }: HeldHandOver, code: string, nextAt: Date): Promise<void> {
    await sql.query(
      `UPDATE hand_over
       SET last_failure = $3, next_at = $4, lease_until = NULL
       WHERE id = $1 AND fence = $2 AND delivery = 'pending'`,
      [id, fence, code, nextAt],
    );
  }

  /** Lets those wait for the desk that came while there was none, or the other way around. */
  async setDelivery(sql: Sql, from: HandOverDelivery, to: HandOverDelivery): Promise<void> {
    await sql.query(
      `UPDATE hand_over
       SET delivery = $2
       WHERE delivery = $1 AND state <> 'closed'`,
      [from, to],
    );
  }

  /** Counts hand-overs that are not closed, by state and delivery. */
  async countOpen(sql: Sql): Promise<{ state: HandOverState; delivery: HandOverDelivery; count: number }[]> {
    return sql.query(
      `SELECT state, delivery, count(*) AS count
       FROM hand_over
       WHERE state <> 'closed'
       GROUP BY 1, 2`,
    );
  }
}

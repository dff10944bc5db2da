import { Injectable } from '@nestjs/common';
import { beginErasure } from '../../customers/erasure-lock.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type RetentionConfig } from '../retention-config.js';

/** Rows that go by age: for each kind one statement that removes at most $2 rows that are older than $1. */
const BY_AGE: Readonly<Record<Exclude<keyof RetentionConfig, 'strangers'>, string>> = {
  samples: `DELETE FROM event_sample
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_sample WHERE received_at < $1 LIMIT $2))
    RETURNING 1`,
  feedback: `DELETE FROM user_feedback
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM user_feedback WHERE received_at < $1 LIMIT $2))
    RETURNING 1`,
  contacts: `WITH closed AS (
      DELETE FROM hand_over
      WHERE ctid = ANY (ARRAY(SELECT ctid FROM hand_over WHERE state = 'closed' AND closed_at < $1 LIMIT $2)))
    DELETE FROM contact
    WHERE ctid = ANY (ARRAY(
      SELECT ctid
      FROM contact c
      WHERE received_at < $1
        AND NOT EXISTS (SELECT FROM hand_over h WHERE h.contact_id = c.id AND h.state <> 'closed')
        LIMIT $2))
        RETURNING 1`,
  seen: `DELETE FROM event_seen
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_seen WHERE seen_at < $1 LIMIT $2))
    RETURNING 1`,
  messages: `UPDATE message
      SET address = NULL, subject = NULL, body = NULL
      WHERE ctid = ANY (ARRAY(
      SELECT ctid
      FROM message
      WHERE final_at < $1 AND (address IS NOT NULL OR subject IS NOT NULL OR body IS NOT NULL)
      LIMIT $2))
      RETURNING 1`,
  outbox: `DELETE FROM outbox_mail
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox_mail WHERE at < $1 LIMIT $2))
    RETURNING 1`,
  questions: `DELETE FROM bot_question
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM bot_question WHERE at < $1 LIMIT $2))
    RETURNING 1`,
  poison: `DELETE FROM poison_event
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM poison_event WHERE set_aside_at < $1 LIMIT $2))
    RETURNING 1`,
};

/** Strangers whom nothing holds: no hit, no audience, no feedback, and no session since. */
const STRANGERS = `
  DELETE FROM customer
  WHERE id = ANY (ARRAY(
    SELECT c.id
    FROM customer c
    WHERE c.source = 'telemetry' AND c.merged_into IS NULL AND c.updated_at < $1
      AND NOT EXISTS (SELECT FROM customer m WHERE m.merged_into = c.id)
      AND NOT EXISTS (SELECT FROM issue_customer h WHERE h.customer_id = c.id)
      AND NOT EXISTS (SELECT FROM ignored_hit h WHERE h.customer_id = c.id)
      AND NOT EXISTS (SELECT FROM audience_member a WHERE a.customer_id = c.id)
      AND NOT EXISTS (SELECT FROM user_feedback f WHERE f.customer_id = c.id)
      AND NOT EXISTS (SELECT FROM contact k WHERE k.customer_id = c.id)
      AND NOT EXISTS (SELECT FROM hand_over o WHERE o.customer_id = c.id)
      AND NOT EXISTS (SELECT FROM customer_activity a WHERE a.customer_id = c.id AND a.last_at >= $1)
      LIMIT $2))
      RETURNING id`;

/** The statements of retention, over the tables of all rooms. */
@Injectable()
export class RetentionStore {
  /** Removes what is older; returns how many rows. */
  async removeOlder(sql: Sql, kind: keyof typeof BY_AGE, before: Date, limit: number): Promise<number> {
    return (await sql.query(BY_AGE[kind], [before, limit])).length;
  }

  /** Removes strangers; every process forgets whom it remembers. Returns how many. */
  async removeStrangers(tx: Tx, before: Date, limit: number): Promise<number> {
    await beginErasure(tx);
    const ids = (await tx.query<{ id: number }>(STRANGERS, [before, limit])).map((row) => row.id);
    if (ids.length === 0) return 0;
    await tx.query('DELETE FROM customer_identity WHERE customer_id = ANY ($1::bigint[])', [ids]);
    await tx.query('UPDATE customer_erasure SET count = count + 1');
    return ids.length;
  }
}

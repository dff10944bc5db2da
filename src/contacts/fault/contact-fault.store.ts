import { Injectable } from '@nestjs/common';
import { type AudienceKind } from '../../audience/audience.js';
import { type CampaignKind } from '../../outreach/campaign.js';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** Contacts that are compared at once, the newest: each is compared with each. */
const MOST_RECENT = 300;
const MOST_BEFORE = 5000;

/** An unmatched contact as it is kept. */
interface UnmatchedRow {
  readonly id: number;
  readonly projectId: number | null;
  readonly customerId: number | null;
  readonly channel: string;
  readonly text: string;
  readonly at: Date;
}

/** Words that users of an app wrote into its feedback form. */
export interface FeedbackRow {
  readonly id: number;
  readonly projectId: number;
  readonly customerId: number | null;
  readonly message: string;
  readonly at: Date;
}

/** A reply of a customer to a message of ours that says something to a person. */
export interface ReplyRow {
  readonly id: number;
  readonly customerId: number;
  readonly projectId: number | null;
  readonly channel: string;
  readonly locale: string | null;
  readonly text: string;
  readonly at: Date;
  /** Whether it is the provider's word for START as well, like YES. */
  readonly isStart: boolean;
  /** Whether matching found that it asks for help. */
  readonly needsHelp: boolean;
  /** Kind, audience and policy of the message that it answers; null where none is known. */
  readonly kind: CampaignKind | null;
  readonly audience: AudienceKind | null;
  readonly policy: string | null;
}

/** SQL on contacts that fit no incident, and on feedback that is to become contacts. */
@Injectable()
export class ContactFaultStore {
  /** Lists the contacts of a time that fit no incident and are part of no fault, newest first. */
  async unmatched(sql: Sql, from: Date, to: Date, isRecent: boolean): Promise<UnmatchedRow[]> {
    return sql.query<UnmatchedRow>(
      `SELECT id, project_id AS "projectId", customer_id AS "customerId", channel, text, at
       FROM contact
       WHERE at >= $1 AND at < $2 AND incident_id IS NULL AND fault IS NULL AND matched_by IS NULL
       ORDER BY at DESC
       LIMIT $3`,
      [from, to, isRecent ? MOST_RECENT : MOST_BEFORE],
    );
  }

  /** Notes of which fault these contacts are. */
  async mark(tx: Tx, ids: readonly number[], series: string): Promise<void> {
    await tx.query('UPDATE contact SET fault = $2 WHERE id = ANY ($1::bigint[])', [ids, series]);
  }

  /** Gives contacts of faults that were called the incident of the fault; returns how many. */
  async attach(tx: Tx): Promise<number> {
    const rows = await tx.query(
      `UPDATE contact c
       SET incident_id = d.incident_id, matched_by = 'words'
       FROM detection d
       WHERE c.fault IS NOT NULL
         AND c.incident_id IS NULL
         AND c.matched_by IS NULL
         AND d.series = c.fault
         AND d.incident_id IS NOT NULL
       RETURNING c.id`,
    );
    return rows.length;
  }

  /** Lists feedback that is no contact yet, oldest first; rows that others are taking are left out. */
  async feedback(tx: Tx, limit: number): Promise<FeedbackRow[]> {
    return tx.query<FeedbackRow>(
      `SELECT f.id, f.project_id AS "projectId", f.customer_id AS "customerId", f.message, f.at
       FROM user_feedback f
       WHERE f.id > (SELECT up_to FROM contact_feedback)
       ORDER BY f.id
       LIMIT $1`,
      [limit],
    );
  }

  /** Lists replies that are no contact yet and hold no key word alone but START, oldest first, and up to which row they were looked through. */
  async replies(tx: Tx, limit: number): Promise<{ upTo: number | null; rows: ReplyRow[] }> {
    const [seen] = await tx.query<{ upTo: number | null }>(
      `SELECT max(id) AS "upTo"
       FROM (
         SELECT id
         FROM reply
         WHERE id > (SELECT replies_up_to FROM contact_feedback)
         ORDER BY id
         LIMIT $1) x`,
      [limit],
    );
    const upTo = seen?.upTo ?? null;
    if (upTo === null) return { upTo, rows: [] };
    const rows = await tx.query<ReplyRow>(
      `SELECT r.id, r.customer_id AS "customerId", n.project_id AS "projectId", coalesce(m.channel, 'sms') AS channel,
         m.locale, r.text, r.at, r.wish = 'start' AS "isStart", r.wish = 'needsHelp' AS "needsHelp", m.kind, m.audience, c.policy
       FROM reply r
       LEFT JOIN message m ON m.id = r.message_id
       LEFT JOIN incident n ON n.id = m.incident_id
       LEFT JOIN campaign c ON c.id = m.campaign_id
       WHERE r.id > (SELECT replies_up_to FROM contact_feedback)
         AND r.id <= $1
         AND r.wish IN ('none', 'start', 'needsHelp', 'fixed', 'unclear')
         AND r.customer_id IS NOT NULL
         AND btrim(r.text) <> ''
       ORDER BY r.id`,
      [upTo],
    );
    return { upTo, rows };
  }

  /** Notes up to which row replies became contacts. */
  async repliesDone(tx: Tx, upTo: number): Promise<void> {
    await tx.query('UPDATE contact_feedback SET replies_up_to = greatest(replies_up_to, $1::bigint)', [upTo]);
  }

  /** Notes up to which row feedback became contacts. */
  async feedbackDone(tx: Tx, upTo: number): Promise<void> {
    await tx.query('UPDATE contact_feedback SET up_to = greatest(up_to, $1::bigint)', [upTo]);
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Confirmed, type Outcome } from './outcome.js';

const CONFIRMED = `SELECT o.id, o.incident_id AS "incidentId", n.project_id AS "projectId", n.area, o.customer_id AS "customerId", o.outcome, q.text, q.locale, o.at, o.removed_by AS "removedBy"
  FROM bot_outcome o
  JOIN bot_question q ON q.id = o.question_id
  JOIN incident n ON n.id = o.incident_id`;

/** An outcome as it is reported. */
interface Reported {
  /** Name of the answer without its proof. */
  readonly answer: string;
  readonly incidentId: number;
  readonly customerId: number | null;
  readonly questionId: number | null;
  readonly outcome: Outcome;
  readonly reportedBy: string;
}

/** Questions that were answered, and what came of it. */
@Injectable()
export class OutcomeStore {
  /** Keeps a question; returns its id. */
  async insertQuestion(
    sql: Sql,
    question: { readonly customerId: number | null; readonly locale: string | null; readonly text: string },
    now: Date,
  ): Promise<number> {
    const rows = await sql.query<{ id: number }>(
      {
        name: 'outcomes.question',
        text: 'INSERT INTO bot_question (customer_id, at, locale, text) VALUES ($1, $2, $3, $4) RETURNING id',
      },
      [question.customerId, now, question.locale, question.text],
    );
    return onlyRow(rows, 'the new question').id;
  }

  /** Notes an outcome; the last word about an answer counts. Says whether it differs from what was known. */
  async report(
    tx: Tx,
    { answer, incidentId, customerId, questionId, outcome, reportedBy }: Reported,
    now: Date,
  ): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO bot_outcome AS o (answer, incident_id, customer_id, question_id, outcome, reported_by, at)
       SELECT $1, $2, (SELECT id FROM customer WHERE id = $3), (SELECT id FROM bot_question WHERE id = $4), $5, $6, $7
       ON CONFLICT (answer) DO UPDATE SET outcome = $5, reported_by = $6, at = $7
       WHERE o.outcome <> $5
       RETURNING o.id`,
      [answer, incidentId, customerId, questionId, outcome, reportedBy, now],
    );
    return rows.length > 0;
  }

  /** Lists what came of questions about these incidents, and about earlier ones of the same areas; newest first, 1000 at most. */
  async confirmed(sql: Sql, incidentIds: readonly number[]): Promise<Confirmed[]> {
    return sql.query<Confirmed>(
      `${CONFIRMED}
       WHERE n.id = ANY ($1::bigint[])
         OR EXISTS (SELECT FROM incident c WHERE c.id = ANY ($1::bigint[]) AND c.project_id = n.project_id AND c.area = n.area)
       ORDER BY o.id DESC
       LIMIT 1000`,
      [incidentIds],
    );
  }

  /** Takes words out of the examples, for good; false if there are none of this id, or they are out already. */
  async remove(tx: Tx, incidentId: number, id: number, by: string): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE bot_outcome
       SET removed_by = $3
       WHERE id = $2 AND incident_id = $1 AND outcome = 'helped' AND question_id IS NOT NULL AND removed_by IS NULL
       RETURNING id`,
      [incidentId, id, by],
    );
    return rows.length > 0;
  }
}

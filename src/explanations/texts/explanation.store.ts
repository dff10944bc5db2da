import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Explanation, type ExplanationText, type ReviewState } from '../explanation.js';

const COLUMNS = `incident_id AS "incidentId", locale, version, review_state AS "reviewState", title, body, workaround, next_update AS "nextUpdate", author, created_at AS "createdAt"`;

/** The texts of incidents. */
@Injectable()
export class ExplanationStore {
  /** Appends a version and returns it. */
  async append(
    tx: Tx,
    incidentId: number,
    locale: string,
    text: ExplanationText,
    state: ReviewState,
    author: string,
    now: Date,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO explanation (incident_id, locale, version, review_state, title, body, workaround, next_update, author, created_at)
       SELECT $1, $2, 1 + coalesce(max(version), 0), $3, $4, $5, $6, $7, $8, $9 FROM explanation WHERE incident_id = $1 AND locale = $2`,
      [incidentId, locale, state, text.title, text.body, text.workaround, text.nextUpdate, author, now],
    );
  }

  /** The versions in force of these incidents, by incident and locale. */
  async current(sql: Sql, incidentIds: readonly number[]): Promise<Explanation[]> {
    return sql.query<Explanation>(
      {
        name: 'explanations.current',
        text: `SELECT DISTINCT ON (incident_id, locale) ${COLUMNS} FROM explanation WHERE incident_id = ANY ($1::bigint[]) ORDER BY incident_id, locale, version DESC`,
      },
      [incidentIds],
    );
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Explanation, type ExplanationText, type ExplanationUpdate, type ReviewState } from '../explanation.js';

const COLUMNS = `incident_id AS "incidentId", locale, version, review_state AS "reviewState", title, body, workaround, next_update AS "nextUpdate", fixed, author, created_at AS "createdAt"`;
const UPDATE = `id, incident_id AS "incidentId", at, author, texts, next_update_at AS "nextUpdateAt"`;

/** The texts of incidents. */
@Injectable()
export class ExplanationStore {
  /** Appends a version; undefined if one of this number is there already, so that of two who write at once one is refused. */
  async append(
    tx: Tx,
    incidentId: number,
    locale: string,
    version: number,
    text: ExplanationText & { readonly reviewState: ReviewState; readonly author: string },
    now: Date,
  ): Promise<Explanation | undefined> {
    const rows = await tx.query<Explanation>(
      `INSERT INTO explanation (incident_id, locale, version, review_state, title, body, workaround, next_update, fixed, author, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT DO NOTHING
       RETURNING ${COLUMNS}`,
      [
        incidentId,
        locale,
        version,
        text.reviewState,
        text.title,
        text.body,
        text.workaround,
        text.nextUpdate,
        text.fixed,
        text.author,
        now,
      ],
    );
    return rows[0];
  }

  /** Reads the versions in force of these incidents, by incident and locale. */
  async current(sql: Sql, incidentIds: readonly number[]): Promise<Explanation[]> {
    return sql.query<Explanation>(
      {
        name: 'explanations.current',
        text: `SELECT DISTINCT ON (incident_id, locale) ${COLUMNS}
          FROM explanation
          WHERE incident_id = ANY ($1::bigint[])
          ORDER BY incident_id, locale, version DESC`,
      },
      [incidentIds],
    );
  }

  /** Lists all versions in one language, newest first. */
  async versions(sql: Sql, incidentId: number, locale: string): Promise<Explanation[]> {
    return sql.query<Explanation>(
      `SELECT ${COLUMNS}
        FROM explanation
        WHERE incident_id = $1 AND locale = $2
        ORDER BY version DESC
        LIMIT 200`,
      [incidentId, locale],
    );
  }

  /** Appends news. */
  async appendUpdate(tx: Tx, update: Omit<ExplanationUpdate, 'id' | 'at'>, now: Date): Promise<ExplanationUpdate> {
    const rows = await tx.query<ExplanationUpdate>(
      `INSERT INTO explanation_update (incident_id, at, author, texts, next_update_at)
        VALUES ($1, $2, $3, $4, $5)
        RETURNING ${UPDATE}`,
      [update.incidentId, now, update.author, JSON.stringify(update.texts), update.nextUpdateAt],
    );
    return onlyRow(rows, 'the new update');
  }

  /** Lists the newest news about these incidents, newest first; at most 20 an incident. */
  async updates(sql: Sql, incidentIds: readonly number[]): Promise<ExplanationUpdate[]> {
    return sql.query<ExplanationUpdate>(
      `SELECT u.*
         FROM unnest($1::bigint[]) AS x (id),
         LATERAL (SELECT ${UPDATE} FROM explanation_update WHERE incident_id = x.id ORDER BY id DESC LIMIT 20) u
       ORDER BY u.id DESC`,
      [incidentIds],
    );
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** Incident that changed for bots. */
export interface Change {
  readonly incidentId: number;
  readonly projectId: number;
  readonly version: number;
}

/** Reads which incidents changed for bots. */
@Injectable()
export class ChangeReadModel {
  /** Lets a connection hear of changes, from its next transaction on. */
  async listen(connection: { query(text: string): Promise<unknown> }): Promise<void> {
    await connection.query('LISTEN forewarn_answers');
  }

  /** Lists what changed after one version up to another, in the order of the changes. */
  async between(sql: Sql, after: number, upTo: number): Promise<Change[]> {
    return sql.query<Change>(
      {
        name: 'answers.changes',
        text: `SELECT c.incident_id AS "incidentId", n.project_id AS "projectId", c.version
               FROM answer_change c
               JOIN incident n ON n.id = c.incident_id
               WHERE c.version > $1 AND c.version <= $2
               ORDER BY c.version, c.incident_id`,
      },
      [after, upTo],
    );
  }

  /**
   * Counts as changed what ended before `since` and was told until now; returns how many incidents. To be the last that a transaction does:
   * the version is locked before what it counts, as the triggers do, and nothing is waited for while it is.
   */
  async retire(tx: Tx, since: Date): Promise<number> {
    const over = await tx.query<{ id: number }>(
      `SELECT c.incident_id AS id
       FROM answer_change c
       JOIN incident n ON n.id = c.incident_id
       WHERE NOT c.retired AND n.status = 'resolved' AND n.resolved_at < $1`,
      [since],
    );
    if (over.length === 0) return 0;
    await tx.query('UPDATE answer_version SET version = version + 1');
    await tx.query(
      `UPDATE answer_change
       SET retired = true, version = (SELECT version FROM answer_version)
       WHERE incident_id = ANY ($1::bigint[])`,
      [over.map(({ id }) => id)],
    );
    await tx.query(`SELECT pg_notify('forewarn_answers', '')`);
    return over.length;
  }
}

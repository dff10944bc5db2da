import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type DetectionKind, type DetectionRow } from '../detection.js';

const COLUMNS = `d.id, d.project_id AS "projectId", d.issue_id AS "issueId", d.series, d.kind, d.since, d.detected_at AS "detectedAt", d.evidence,
  d.incident_id AS "incidentId", d.recovered_since AS "recoveredSince", d.silenced_by AS "silencedBy"`;

/** Stores verdicts, and whether the next step has taken them. */
@Injectable()
export class DetectionStore {
  /** Inserts a verdict. A `recovered` one also closes the earlier verdicts on its series. */
  async insert(
    tx: Tx,
    row: Pick<DetectionRow, 'projectId' | 'issueId' | 'series' | 'kind' | 'since' | 'detectedAt' | 'evidence'>,
  ): Promise<void> {
    if (row.kind === 'recovered')
      await tx.query(
        `UPDATE detection
         SET recovered_since = $3
         WHERE project_id = $1 AND series = $2 AND kind <> 'recovered' AND recovered_since IS NULL`,
        [row.projectId, row.series, row.since],
      );
    await tx.query(
      `INSERT INTO detection (project_id, issue_id, series, kind, since, detected_at, evidence)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [row.projectId, row.issueId, row.series, row.kind, row.since, row.detectedAt, JSON.stringify(row.evidence)],
    );
  }

  /** Finds when a series last got a verdict of this kind. */
  async lastOf(sql: Sql, projectId: number, series: string, kind: DetectionKind): Promise<Date | undefined> {
    const [row] = await sql.query<{ at: Date }>(
      `SELECT detected_at AS at
       FROM detection
       WHERE project_id = $1 AND series = $2 AND kind = $3
       ORDER BY id DESC
       LIMIT 1`,
      [projectId, series, kind],
    );
    return row?.at;
  }

  /** Lists the projects with verdicts that nobody has acted on and no silence holds back. */
  async projectsWaiting(sql: Sql, now: Date): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      {
        name: 'detection.waiting',
        text: `SELECT DISTINCT project_id AS id
          FROM detection
          WHERE handled_at IS NULL AND (silenced_until IS NULL OR silenced_until <= $1)
          ORDER BY 1`,
      },
      [now],
    );
    return rows.map(({ id }) => id);
  }

  /** Claims a project's verdicts that nobody has acted on, oldest first, until the end of the transaction. */
  async claim(tx: Tx, projectId: number, now: Date, limit: number): Promise<DetectionRow[]> {
    return tx.query<DetectionRow>(
      {
        name: 'detection.claim',
        text: `SELECT ${COLUMNS}
          FROM detection d
          WHERE d.handled_at IS NULL
            AND d.project_id = $1
            AND (d.silenced_until IS NULL OR d.silenced_until <= $2)
          ORDER BY d.id
          FOR UPDATE SKIP LOCKED
          LIMIT $3`,
      },
      [projectId, now, limit],
    );
  }

  /** Marks verdicts as acted on, and names the incident that they now belong to, if any. */
  async markHandled(tx: Tx, ids: readonly number[], incidentId: number | null, now: Date): Promise<void> {
    await tx.query(
      `UPDATE detection
       SET handled_at = $2, incident_id = $3, silenced_until = NULL
       WHERE id = ANY ($1::bigint[])`,
      [ids, now, incidentId],
    );
  }

  /** Holds verdicts back until a silence ends. */
  async silence(tx: Tx, ids: readonly number[], by: string, until: Date): Promise<void> {
    await tx.query(
      `UPDATE detection
      SET silenced_by = $2, silenced_until = $3
      WHERE id = ANY ($1::bigint[])`,
      [ids, by, until],
    );
  }

  /** Releases verdicts that a silence held back. */
  async release(tx: Tx, silence: string, now: Date): Promise<void> {
    await tx.query(
      `UPDATE detection
      SET silenced_until = $2
      WHERE silenced_by = $1 AND handled_at IS NULL`,
      [silence, now],
    );
  }

  /** Lists the verdicts of these incidents, oldest first. */
  async ofIncidents(sql: Sql, incidentIds: readonly number[]): Promise<DetectionRow[]> {
    return sql.query<DetectionRow>(
      {
        name: 'detection.of_incidents',
        text: `SELECT ${COLUMNS}
          FROM detection d
          WHERE d.incident_id = ANY ($1::bigint[])
          ORDER BY d.id`,
      },
      [incidentIds],
    );
  }

  /** Moves verdicts to another incident: all verdicts of `from`, or only those of one issue. */
  async move(tx: Tx, from: number, to: number | null, issueId?: number): Promise<void> {
    await tx.query(
      `UPDATE detection
       SET incident_id = $2
       WHERE incident_id = $1 AND ($3::bigint IS NULL OR issue_id = $3)`,
      [from, to, issueId ?? null],
    );
  }

  /** Lists verdicts by id, newest first. */
  async list(
    sql: Sql,
    filter: { projectId?: number; issueId?: number; before: number; limit: number },
  ): Promise<DetectionRow[]> {
    return sql.query<DetectionRow>(
      `SELECT ${COLUMNS}
       FROM detection d
       WHERE d.id < $1 AND ($2::int IS NULL OR d.project_id = $2) AND ($3::bigint IS NULL OR d.issue_id = $3)
       ORDER BY d.id DESC
       LIMIT $4`,
      [filter.before, filter.projectId ?? null, filter.issueId ?? null, filter.limit],
    );
  }
}

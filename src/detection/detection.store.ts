import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';
import { type DetectionKind } from './detection.js';

/** A verdict as it is written down. */
export interface DetectionRow {
  readonly id: number;
  readonly projectId: number;
  readonly issueId: number;
  readonly kind: DetectionKind;
  readonly since: Date;
  readonly detectedAt: Date;
  /** Expected, seen, how unlikely, and one line of words. */
  readonly evidence: Record<string, unknown>;
}

/** Verdicts and whether the next step has taken them. */
@Injectable()
export class DetectionStore {
  /** Of these issues, those that were called as new before. */
  async calledBefore(sql: Sql, issueIds: readonly number[]): Promise<Set<number>> {
    const rows = await sql.query<{ issue_id: number }>(
      `SELECT issue_id FROM detection WHERE kind = 'new' AND issue_id = ANY ($1::bigint[])`,
      [issueIds],
    );
    return new Set(rows.map((row) => row.issue_id));
  }

  /** Writes a verdict down; a second `new` for the same issue changes nothing. */
  async insert(tx: Tx, row: Omit<DetectionRow, 'id'>): Promise<void> {
    await tx.query(
      `INSERT INTO detection (project_id, issue_id, kind, since, detected_at, evidence) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
      [row.projectId, row.issueId, row.kind, row.since, row.detectedAt, JSON.stringify(row.evidence)],
    );
  }

  /** Takes verdicts that nobody has acted on, oldest first, until the end of the transaction. */
  async claim(tx: Tx, limit: number): Promise<DetectionRow[]> {
    return tx.query<DetectionRow>(
      {
        name: 'detection.claim',
        text: `SELECT id, project_id AS "projectId", issue_id AS "issueId", kind, since, detected_at AS "detectedAt", evidence
               FROM detection WHERE handled_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED LIMIT $1`,
      },
      [limit],
    );
  }

  /** Marks verdicts as acted on. */
  async markHandled(tx: Tx, ids: readonly number[], now: Date): Promise<void> {
    await tx.query('UPDATE detection SET handled_at = $2 WHERE id = ANY ($1::bigint[])', [ids, now]);
  }
}

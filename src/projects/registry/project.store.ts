import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Project } from '../project.js';

/** Projects. */
@Injectable()
export class ProjectStore {
  /** Creates or renames a project; returns its id. */
  async upsert(tx: Tx, slug: string, name: string, now: Date): Promise<number> {
    const sql = `INSERT INTO project (slug, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (slug) DO UPDATE SET name = $2, left_at = NULL RETURNING id`;
    const rows = await tx.query<{ id: number }>(sql, [slug, name, now]);
    return onlyRow(rows, 'the project').id;
  }

  /** Gives a new project its first key; one of which all keys were revoked gets none. */
  async ensureKey(tx: Tx, projectId: number, publicKey: string, now: Date): Promise<void> {
    const sql = `INSERT INTO project_key (public_key, project_id, created_at) SELECT $1, $2, $3
                 WHERE NOT EXISTS (SELECT FROM project_key WHERE project_id = $2)`;
    await tx.query(sql, [publicKey, projectId, now]);
  }

  /** Notes which projects are not among these. */
  async markLeft(tx: Tx, slugs: readonly string[], now: Date): Promise<void> {
    await tx.query('UPDATE project SET left_at = $2 WHERE left_at IS NULL AND slug <> ALL ($1::text[])', [slugs, now]);
  }

  /** All projects, oldest first, without their keys. */
  async list(sql: Sql): Promise<Omit<Project, 'keys'>[]> {
    return sql.query('SELECT id, slug, name FROM project ORDER BY id');
  }
}

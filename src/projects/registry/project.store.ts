import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Project } from '../project.js';

/** Projects and their keys. */
@Injectable()
export class ProjectStore {
  /** Creates or renames a project; returns its id. */
  async upsert(tx: Tx, slug: string, name: string, now: Date): Promise<number> {
    const sql = `INSERT INTO project (slug, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (slug) DO UPDATE SET name = $2 RETURNING id`;
    const rows = await tx.query<{ id: number }>(sql, [slug, name, now]);
    return onlyRow(rows, 'the project').id;
  }

  /** Gives a project its first key; does nothing when it has one. */
  async ensureKey(tx: Tx, projectId: number, publicKey: string, now: Date): Promise<void> {
    const sql = `INSERT INTO project_key (public_key, project_id, created_at) SELECT $1, $2, $3
                 WHERE NOT EXISTS (SELECT FROM project_key WHERE project_id = $2 AND revoked_at IS NULL)`;
    await tx.query(sql, [publicKey, projectId, now]);
  }

  /** All projects, each with its keys that work. */
  async list(sql: Sql): Promise<Project[]> {
    return sql.query<Project>(
      `SELECT p.id, p.slug, p.name, coalesce(array_agg(k.public_key ORDER BY k.created_at) FILTER (WHERE k.revoked_at IS NULL), '{}') AS keys
       FROM project p LEFT JOIN project_key k ON k.project_id = p.id GROUP BY p.id ORDER BY p.id`,
    );
  }
}

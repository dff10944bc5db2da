import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Directory, type Project } from '../project.js';

/** Projects. */
@Injectable()
export class ProjectStore {
  /** Creates or changes a project; returns its id. */
  async upsert(
    tx: Tx,
    { slug, name, directoryId }: { slug: string; name: string; directoryId: number },
    now: Date,
  ): Promise<number> {
    const sql = `INSERT INTO project (slug, name, directory_id, created_at)
      VALUES ($1, $2, $3, $4)
      ON CONFLICT (slug) DO UPDATE SET name = $2, directory_id = $3, left_at = NULL
      RETURNING id`;
    const rows = await tx.query<{ id: number }>(sql, [slug, name, directoryId, now]);
    return onlyRow(rows, 'the project').id;
  }

  /** The directory of this name, made when there is none; returns its id. */
  async ensureDirectory(tx: Tx, name: string): Promise<number> {
    const sql = `INSERT INTO directory (name)
      VALUES ($1)
      ON CONFLICT (name) DO UPDATE SET name = $1
      RETURNING id`;
    return onlyRow(await tx.query<{ id: number }>(sql, [name]), 'the directory').id;
  }

  /** Renames the directory of a project with all who are in it, unless another project uses it or the new name is taken. */
  async renameDirectory(tx: Tx, slug: string, name: string): Promise<void> {
    await tx.query(
      `UPDATE directory d
       SET name = $2
       FROM project p
       WHERE p.slug = $1
         AND d.id = p.directory_id
         AND NOT EXISTS (SELECT FROM directory WHERE name = $2)
         AND NOT EXISTS (
         SELECT
         FROM project o
         WHERE o.directory_id = d.id AND o.slug <> $1
       )`,
      [slug, name],
    );
  }

  /** All directories, also those that no project uses any more, by name. */
  async directories(sql: Sql): Promise<Directory[]> {
    return sql.query<Directory>('SELECT id, name FROM directory ORDER BY name');
  }

  /** Gives a new project its first key; one of which all keys were revoked gets none. */
  async ensureKey(tx: Tx, projectId: number, publicKey: string, now: Date): Promise<void> {
    const sql = `INSERT INTO project_key (public_key, project_id, created_at)
      SELECT $1, $2, $3
      WHERE NOT EXISTS (SELECT FROM project_key WHERE project_id = $2)`;
    await tx.query(sql, [publicKey, projectId, now]);
  }

  /** Notes which projects are not among these. */
  async markLeft(tx: Tx, slugs: readonly string[], now: Date): Promise<void> {
    await tx.query(
      `UPDATE project
      SET left_at = $2
      WHERE left_at IS NULL AND slug <> ALL ($1::text[])`,
      [slugs, now],
    );
  }

  /** All projects, oldest first, without their keys. */
  async list(sql: Sql): Promise<Omit<Project, 'keys'>[]> {
    return sql.query(
      `SELECT p.id, p.slug, p.name, jsonb_build_object('id', d.id, 'name', d.name) AS directory
       FROM project p
       JOIN directory d ON d.id = p.directory_id
       ORDER BY p.id`,
    );
  }
}

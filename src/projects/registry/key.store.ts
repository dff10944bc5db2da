import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type KeyKind, type LimitsChange } from '../project-key.js';

/** A row of a key that works, with what opens it. */
export interface KeyRow {
  readonly id: number;
  readonly projectId: number;
  readonly kind: KeyKind;
  readonly name: string | null;
  readonly publicKey: string | null;
  readonly keyHash: Buffer | null;
  readonly secret: string | null;
  readonly origins: readonly string[];
  readonly limits: LimitsChange;
  readonly createdAt: Date;
}

/** A row as people see it: without what opens it, but for a public key. */
export type ShownKeyRow = Omit<KeyRow, 'keyHash' | 'secret'> & { readonly revokedAt: Date | null };

/** Columns of a new key. */
export type NewKeyRow = Pick<
  KeyRow,
  'projectId' | 'kind' | 'name' | 'publicKey' | 'keyHash' | 'secret' | 'origins' | 'limits'
>;

const SHOWN = `k.id, k.project_id AS "projectId", k.kind, k.name, k.public_key AS "publicKey", k.origins, k.limits, k.created_at AS "createdAt", k.revoked_at AS "revokedAt"`;

/** SQL on the keys of projects. */
export class KeyStore {
  /** Keys that work: not revoked, of a project that is configured. Oldest first. */
  async working(sql: Sql): Promise<KeyRow[]> {
    return sql.query<KeyRow>(
      `SELECT ${SHOWN}, k.key_hash AS "keyHash", k.secret
       FROM project_key k
       JOIN project p ON p.id = k.project_id
       WHERE k.revoked_at IS NULL AND p.left_at IS NULL
       ORDER BY k.created_at, k.id`,
    );
  }

  /** All keys of a project, also revoked ones. Oldest first. */
  async ofProject(sql: Sql, projectId: number): Promise<ShownKeyRow[]> {
    return sql.query<ShownKeyRow>(
      `SELECT ${SHOWN}
       FROM project_key k
       WHERE k.project_id = $1
       ORDER BY k.created_at, k.id`,
      [projectId],
    );
  }

  /** Adds a key; returns it. */
  async insert(sql: Sql, key: NewKeyRow, now: Date): Promise<ShownKeyRow> {
    const rows = await sql.query<ShownKeyRow>(
      `INSERT INTO project_key AS k (project_id, kind, name, public_key, key_hash, secret, origins, limits, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       RETURNING ${SHOWN}`,
      [
        key.projectId,
        key.kind,
        key.name,
        key.publicKey,
        key.keyHash,
        key.secret,
        key.origins,
        JSON.stringify(key.limits),
        now,
      ],
    );
    return onlyRow(rows, 'the key');
  }

  /** Lets one transaction at a time change a project's keys, and returns the kinds of those that work. */
  async lockKinds(tx: Tx, projectId: number): Promise<KeyKind[]> {
    await tx.query(`SELECT id FROM project WHERE id = $1 FOR UPDATE`, [projectId]);
    const rows = await tx.query<{ kind: KeyKind }>(
      'SELECT kind FROM project_key WHERE project_id = $1 AND revoked_at IS NULL',
      [projectId],
    );
    return rows.map(({ kind }) => kind);
  }

  /** Ends a key that works; false when there is none of this id. */
  async revoke(sql: Sql, projectId: number, id: number, now: Date): Promise<boolean> {
    const text = `UPDATE project_key
       SET revoked_at = $3
       WHERE project_id = $1 AND id = $2 AND revoked_at IS NULL
       RETURNING id`;
    return (await sql.query(text, [projectId, id, now])).length > 0;
  }

  /** Changes a key that works; what is undefined stays. Undefined when there is none of this id. */
  async change(
    sql: Sql,
    projectId: number,
    id: number,
    change: { name?: string | null; origins?: readonly string[]; limits?: LimitsChange },
  ): Promise<ShownKeyRow | undefined> {
    const [row] = await sql.query<ShownKeyRow>(
      `UPDATE project_key k
       SET name = CASE WHEN $3::boolean THEN $4::text ELSE name END, origins = coalesce($5::text[], origins),
         limits = jsonb_strip_nulls(limits || $6::jsonb)
       WHERE project_id = $1 AND id = $2 AND revoked_at IS NULL
       RETURNING ${SHOWN}`,
      [
        projectId,
        id,
        change.name !== undefined,
        change.name ?? null,
        change.origins ?? null,
        JSON.stringify(change.limits ?? {}),
      ],
    );
    return row;
  }

  /** The salt of an hour, the same for all processes; `candidate` becomes it where there is none. Those of hours before are forgotten. */
  async salt(sql: Sql, hour: Date, candidate: Buffer): Promise<Buffer> {
    const [row] = await sql.query<{ salt: Buffer }>(
      `WITH old AS (
         DELETE FROM source_salt
         WHERE hour < $1
       )
       INSERT INTO source_salt (hour, salt)
       VALUES ($1, $2)
       ON CONFLICT (hour) DO UPDATE SET salt = source_salt.salt
       RETURNING salt`,
      [hour, candidate],
    );
    return row?.salt ?? candidate;
  }
}

import { hash, timingSafeEqual } from 'node:crypto';
import { type Clock } from '../clock.js';
import { StartError } from '../errors.js';
import { type Database } from '../db/database.js';
import { type Caller, type TokenRole } from './role.js';

interface TokenRow {
  readonly id: number;
  readonly name: string;
  readonly role: TokenRole;
  readonly project_id: number | null;
  readonly last_used_at: Date | null;
}

const PREFIX = 'fw_';
/** `last_used_at` is for finding forgotten tokens; a minute's precision spares a round trip a request. */
const TOUCHED_MS = 60_000;
const TOUCH = {
  name: 'token.touch',
  text: `UPDATE api_token
    SET last_used_at = $2
    WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - interval '1 minute')`,
};
const FIND = {
  name: 'token.find',
  text: `SELECT id, name, role, project_id, last_used_at
    FROM api_token
    WHERE token_hash = $1
      AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > $2)`,
};

/** The facts of a new token. */
export interface TokenRequest {
  readonly name: string;
  readonly role: TokenRole;
  /** Slug of the one project that it is for; all when omitted. */
  readonly project?: string;
  /** When it ends; never when omitted. */
  readonly expiresAt?: Date;
}

/** A token as people see it. */
export interface TokenView {
  readonly name: string;
  readonly role: TokenRole;
  /** Slug. */
  readonly project: string | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

/** API tokens; only their SHA-256 is kept (they carry 192 random bits, so a slow hash would add nothing). */
export class TokenStore {
  private readonly adminHash: Buffer | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    adminToken?: string,
  ) {
    this.adminHash = adminToken === undefined ? undefined : sha256(adminToken);
  }

  /**
   * Makes a token and returns it; it cannot be shown again. Replaces a token of the same name.
   * @throws StartError when there is no such project
   */
  async create({ name, role, project, expiresAt }: TokenRequest): Promise<string> {
    const token = PREFIX + this.clock.token(24);
    const rows = await this.database.query(
      `INSERT INTO api_token (name, role, token_hash, created_at, project_id, expires_at)
       SELECT $1, $2, $3, $4, (SELECT id FROM project WHERE slug = $5), $6::timestamptz
       WHERE $5::text IS NULL OR EXISTS (SELECT FROM project WHERE slug = $5)
       ON CONFLICT (name) DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash,
         created_at = excluded.created_at, project_id = excluded.project_id, expires_at = excluded.expires_at,
         revoked_at = NULL, last_used_at = NULL
       RETURNING id`,
      [name, role, sha256(token), this.clock.now(), project ?? null, expiresAt ?? null],
    );
    if (rows.length === 0) throw new StartError(`There is no project "${project}".`);
    return token;
  }

  /** Ends a token; false when there is none of that name that works. */
  async revoke(name: string): Promise<boolean> {
    const sql = `UPDATE api_token
      SET revoked_at = $2
      WHERE name = $1 AND revoked_at IS NULL
      RETURNING id`;
    return (await this.database.query(sql, [name, this.clock.now()])).length > 0;
  }

  /** All tokens without their secrets. */
  async list(): Promise<TokenView[]> {
    return this.database.query(
      `SELECT t.name, t.role, p.slug AS project, t.created_at, t.expires_at, t.last_used_at, t.revoked_at
       FROM api_token t
       LEFT JOIN project p ON p.id = t.project_id
       ORDER BY t.name`,
    );
  }

  /** Who holds this token; undefined for one that is wrong, revoked or past its end. */
  async find(token: string): Promise<Caller | undefined> {
    const tokenHash = sha256(token);
    if (this.adminHash && timingSafeEqual(tokenHash, this.adminHash))
      return { name: 'admin', role: 'admin', projectId: null };
    const now = this.clock.now();
    const [row] = await this.database.query<TokenRow>(FIND, [tokenHash, now]);
    if (!row) return undefined;
    if (row.last_used_at === null || now.getTime() - row.last_used_at.getTime() > TOUCHED_MS)
      await this.database.query(TOUCH, [row.id, now]);
    return { name: row.name, role: row.role, projectId: row.project_id };
  }
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

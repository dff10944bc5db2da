import { createHash, timingSafeEqual } from 'node:crypto';
import { type Clock } from '../clock.js';
import { type Database } from '../db/database.js';
import { type Caller, type TokenRole } from './role.js';

const PREFIX = 'fw_';
/** `last_used_at` is for finding forgotten tokens; a minute's precision spares a write a request. */
const TOUCH = {
  name: 'token.touch',
  text: `UPDATE api_token SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - interval '1 minute')`,
};
const FIND = {
  name: 'token.find',
  text: 'SELECT id, name, role FROM api_token WHERE token_hash = $1 AND revoked_at IS NULL',
};

/** API tokens; only their SHA-256 is kept (they carry 192 random bits, so a slow hash would add nothing). */
export class TokenStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly adminToken?: string,
  ) {}

  /** Makes a token and returns it; it cannot be shown again. Replaces a token of the same name. */
  async create(name: string, role: TokenRole): Promise<string> {
    const token = PREFIX + this.clock.token(24);
    await this.database.query(
      `INSERT INTO api_token (name, role, token_hash, created_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (name) DO UPDATE SET role = $2, token_hash = $3, created_at = $4, revoked_at = NULL, last_used_at = NULL`,
      [name, role, sha256(token), this.clock.now()],
    );
    return token;
  }

  /** Ends a token; false when there is none of that name that works. */
  async revoke(name: string): Promise<boolean> {
    const sql = 'UPDATE api_token SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING id';
    return (await this.database.query(sql, [name, this.clock.now()])).length > 0;
  }

  /** All tokens without their secrets. */
  async list(): Promise<
    { name: string; role: TokenRole; created_at: Date; last_used_at: Date | null; revoked_at: Date | null }[]
  > {
    return this.database.query('SELECT name, role, created_at, last_used_at, revoked_at FROM api_token ORDER BY name');
  }

  /** Who holds this token; undefined for one that is wrong or revoked. */
  async find(token: string): Promise<Caller | undefined> {
    const hash = sha256(token);
    if (this.adminToken !== undefined && timingSafeEqual(hash, sha256(this.adminToken)))
      return { name: 'admin', role: 'admin' };
    const [row] = await this.database.query<{ id: number; name: string; role: TokenRole }>(FIND, [hash]);
    if (!row) return undefined;
    await this.database.query(TOUCH, [row.id, this.clock.now()]);
    return { name: row.name, role: row.role };
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

import { type Clock } from '../platform/clock.js';
import { type Database, type Sql } from '../platform/db/database.js';
import { Problem } from '../platform/errors.js';
import { type KeyKind, type KeyLimits, keyHash, limitsOf, type LimitsChange, withoutNulls } from './project-key.js';
import { KeyStore, type ShownKeyRow } from './registry/key.store.js';

/** Signing keys of a project that work at once: the old and the new one while it is changed. */
const MOST_SIGNING = 2;
/** Keys of a project that work at once; each request looks among all of them, and a person must see through them. */
const MOST_KEYS = 100;

/** A key as people see it. `publicKey` is null of a key that is a secret. */
export interface ShownKey {
  readonly id: number;
  readonly projectId: number;
  readonly kind: KeyKind;
  readonly name: string | null;
  readonly publicKey: string | null;
  readonly origins: readonly string[];
  readonly limits: KeyLimits;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

/** A key that was just made; `secret` is the key itself, which cannot be shown again unless it is public. */
export interface MadeKey {
  readonly key: ShownKey;
  readonly secret: string;
}

/** The facts of a new key. */
export interface NewKey {
  readonly kind: KeyKind;
  readonly name?: string | null;
  readonly origins?: readonly string[];
  readonly limits?: LimitsChange;
}

/** Changes of a key; fields that are left out stay. */
export type KeyChange = Omit<NewKey, 'kind'>;

/** Makes, lists, changes and ends the keys of projects; processes notice within ten seconds. */
export class ProjectKeys {
  private readonly store = new KeyStore();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** All keys of a project, also revoked ones, oldest first. */
  async list(sql: Sql, projectId: number): Promise<ShownKey[]> {
    return (await this.store.ofProject(sql, projectId)).map(shown);
  }

  /**
   * Makes a key.
   * @throws Problem 409 when there are too many
   */
  async create(projectId: number, { kind, name = null, origins = [], limits = {} }: NewKey): Promise<MadeKey> {
    if (kind !== 'public' && origins.length > 0)
      throw new Problem(400, 'invalid', `origins: only a public key has them; this one is ${kind}.`);
    const secret = Buffer.from(this.clock.token(kind === 'signing' ? 32 : 16), 'base64url').toString('hex');
    const row = {
      ...{ projectId, kind, name, origins, limits: withoutNulls(limits) },
      publicKey: kind === 'public' ? secret : null,
      keyHash: kind === 'server' ? keyHash(secret) : null,
      secret: kind === 'signing' ? secret : null,
    };
    const key = await this.database.transaction(async (tx) => {
      const kinds = await this.store.lockKinds(tx, projectId);
      if (kinds.length >= MOST_KEYS)
        throw new Problem(409, 'conflict', `The project has ${MOST_KEYS} keys that work; revoke one first.`);
      if (kind === 'signing' && kinds.filter((one) => one === kind).length >= MOST_SIGNING)
        throw new Problem(409, 'conflict', `The project has ${MOST_SIGNING} signing keys; revoke the old one first.`);
      return this.store.insert(tx, row, this.clock.now());
    });
    return { key: shown(key), secret };
  }

  /** Changes a key; undefined when there is none of this id that works. */
  async change(projectId: number, id: number, change: KeyChange): Promise<ShownKey | undefined> {
    const row = await this.store.change(this.database, projectId, id, change);
    return row && shown(row);
  }

  /** Ends a key; false when there is none of this id that works. */
  async revoke(projectId: number, id: number): Promise<boolean> {
    return this.store.revoke(this.database, projectId, id, this.clock.now());
  }
}

function shown({ limits, ...row }: ShownKeyRow): ShownKey {
  return { ...row, limits: limitsOf(limits) };
}

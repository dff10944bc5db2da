import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts, timestamps } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type IdentityKind } from '../customer.js';

/** Kinds of names that can be linked; an id is a customer of its own. */
export const LINKED_KINDS = ['email', 'phone', 'username', 'device'] as const;
export type LinkedKind = (typeof LINKED_KINDS)[number];

/** A name to be linked. */
export interface LinkedName {
  readonly kind: LinkedKind;
  readonly value: string;
}

export const LINK_ACTIONS = ['linked', 'unlinked', 'refused'] as const;
export const LINK_CAUSES = ['login', 'person', 'shared_device', 'too_many_devices'] as const;

/** Something that happened between a name and a customer. */
export interface LinkEvent extends LinkedName {
  readonly customerId: number;
  /** The stranger who has what came under the name. */
  readonly strangerId: number;
  readonly action: (typeof LINK_ACTIONS)[number];
  readonly cause: (typeof LINK_CAUSES)[number];
  readonly actor: string;
  readonly reason: string | null;
  readonly at: Date;
}

/** A login of a customer on a device of a directory; `at` in epoch milliseconds. */
export interface Login {
  readonly directoryId: number;
  readonly device: string;
  readonly customerId: number;
  readonly at: number;
}

/** Whose a name is. */
export interface NameOwner {
  readonly ownerId: number;
  /** The customer into whom the owner is merged. */
  readonly mergedInto: number | null;
  readonly source: 'directory' | 'telemetry';
  /** All kinds of names that the owner has. */
  readonly kinds: readonly IdentityKind[];
}

/** A login on a device whose name somebody has. */
export interface DeviceState {
  readonly directoryId: number;
  readonly device: string;
  readonly customerId: number;
  readonly people: number;
  readonly devices: number;
  readonly strangerId: number;
  readonly linkedTo: number | null;
  readonly hasOther: boolean;
  readonly takenAway: boolean;
}

const OWNER = `SELECT i.customer_id AS "ownerId", c.merged_into AS "mergedInto", c.source,
    (SELECT array_agg(n.kind ORDER BY n.kind) FROM customer_identity n WHERE n.customer_id = c.id) AS kinds
  FROM customer_identity i
  JOIN customer c ON c.id = i.customer_id
  WHERE i.directory_id = $1 AND i.kind = $2 AND i.value = $3
  FOR UPDATE OF c`;

const DEVICES = `SELECT k.directory_id AS "directoryId", k.device, k.customer_id AS "customerId", i.customer_id AS "strangerId", c.merged_into AS "linkedTo",
    c.source = 'directory' OR i.customer_id = k.customer_id OR EXISTS (SELECT FROM customer_identity n WHERE n.customer_id = c.id AND n.kind <> 'device') AS "hasOther",
    (SELECT count(*)::int FROM device_login l WHERE l.directory_id = k.directory_id AND l.device = k.device AND l.last_at >= $4) AS people,
    (SELECT count(*)::int FROM identity_event e WHERE e.customer_id = k.customer_id AND e.kind = 'device' AND e.action = 'linked' AND e.at >= $5) AS devices,
    EXISTS (SELECT FROM identity_event e WHERE e.customer_id = k.customer_id AND e.kind = 'device' AND e.value = k.device AND e.action = 'unlinked' AND e.cause = 'person') AS "takenAway"
  FROM unnest($1::int[], $2::text[], $3::bigint[]) AS k (directory_id, device, customer_id),
    LATERAL (SELECT customer_id FROM customer_identity WHERE directory_id = k.directory_id AND kind = 'device' AND value = k.device OFFSET 0) i
  JOIN customer c ON c.id = i.customer_id`;

/** SQL on links between names and customers. */
@Injectable()
export class LinkStore {
  /** Writes who logged in where; customers are those that remain of merged ones, and those who are gone are left out. */
  async addLogins(tx: Tx, logins: readonly Login[]): Promise<Login[]> {
    return tx.query<Login>(
      `INSERT INTO device_login AS l (directory_id, device, customer_id, last_at)
       SELECT x.directory_id, x.device, coalesce(c.merged_into, c.id), max(x.at)
       FROM unnest($1::int[], $2::text[], $3::bigint[], $4::timestamptz[]) AS x (directory_id, device, customer_id, at)
       JOIN customer c ON c.id = x.customer_id
       GROUP BY 1, 2, 3
       ORDER BY 1, 2, 3
       ON CONFLICT (directory_id, device, customer_id) DO UPDATE SET last_at = greatest(l.last_at, EXCLUDED.last_at)
       RETURNING directory_id AS "directoryId", device, customer_id AS "customerId", (extract(epoch FROM last_at) * 1000)::float8 AS at`,
      [
        int4s(logins.map((one) => one.directoryId)),
        texts(logins.map((one) => one.device)),
        int8s(logins.map((one) => one.customerId)),
        timestamps(logins.map((one) => one.at)),
      ],
    );
  }

  /** Reads the devices of these logins whose name somebody has; of the others nothing came yet. */
  async devices(tx: Tx, logins: readonly Login[], peopleSince: Date, devicesSince: Date): Promise<DeviceState[]> {
    return tx.query<DeviceState>(DEVICES, [
      int4s(logins.map((one) => one.directoryId)),
      texts(logins.map((one) => one.device)),
      int8s(logins.map((one) => one.customerId)),
      peopleSince,
      devicesSince,
    ]);
  }

  /** Whose a name is; locks the owner. */
  async owner(tx: Tx, directoryId: number, { kind, value }: LinkedName): Promise<NameOwner | undefined> {
    return (await tx.query<NameOwner>(OWNER, [directoryId, kind, value]))[0];
  }

  /** Makes a stranger of this name who is merged into a customer; the name may have been somebody else's. */
  async makeAlias(tx: Tx, directoryId: number, into: number, { kind, value }: LinkedName, now: Date): Promise<number> {
    const rows = await tx.query<{ id: number }>(
      `INSERT INTO customer (directory_id, source, merged_into, created_at, updated_at)
        VALUES ($1, 'telemetry', $2, $3, $3)
        RETURNING id`,
      [directoryId, into, now],
    );
    const { id } = onlyRow(rows, 'the new alias');
    await tx.query(
      `INSERT INTO customer_identity (directory_id, kind, value, customer_id)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (directory_id, kind, value) DO UPDATE SET customer_id = $4`,
      [directoryId, kind, value, id],
    );
    return id;
  }

  /** Merges a stranger into a customer, with this name alone. */
  async merge(tx: Tx, strangerId: number, into: number, { kind, value }: LinkedName, now: Date): Promise<void> {
    await tx.query('UPDATE customer SET merged_into = $2, updated_at = $3 WHERE id = $1 OR merged_into = $1', [
      strangerId,
      into,
      now,
    ]);
    await tx.query('DELETE FROM customer_identity WHERE customer_id = $1 AND NOT (kind = $2 AND value = $3)', [
      strangerId,
      kind,
      value,
    ]);
  }

  /** Ends the merge of all strangers whom this name linked to the customer; returns them. */
  async unmerge(
    tx: Tx,
    customerId: number,
    { kind, value }: LinkedName,
    since: Date | null,
    now: Date,
  ): Promise<number[]> {
    const rows = await tx.query<{ id: number }>(
      `UPDATE customer
         SET merged_into = NULL, updated_at = $5
         WHERE merged_into = $1 AND id IN (
         SELECT stranger_id
         FROM identity_event
         WHERE customer_id = $1 AND kind = $2 AND value = $3 AND action = 'linked'
           AND ($4::timestamptz IS NULL OR cause = 'login' AND at >= $4))
       RETURNING id`,
      [customerId, kind, value, since, now],
    );
    return rows.map(({ id }) => id);
  }

  /** Customers to whom logins linked a device. */
  async linkedBy(tx: Tx, directoryId: number, device: string, since: Date): Promise<number[]> {
    const rows = await tx.query<{ id: number }>(
      `SELECT DISTINCT e.customer_id AS id
       FROM device_login l
       JOIN identity_event e ON e.customer_id = l.customer_id
       WHERE l.directory_id = $1 AND l.device = $2 AND e.kind = 'device' AND e.value = $2 AND e.action = 'linked' AND e.cause = 'login' AND e.at >= $3`,
      [directoryId, device, since],
    );
    return rows.map(({ id }) => id);
  }

  /** Takes a name away from whoever has it; what came under it stays. */
  async release(tx: Tx, directoryId: number, { kind, value }: LinkedName): Promise<void> {
    await tx.query('DELETE FROM customer_identity WHERE directory_id = $1 AND kind = $2 AND value = $3', [
      directoryId,
      kind,
      value,
    ]);
  }

  async record(tx: Tx, event: LinkEvent): Promise<void> {
    const { customerId, strangerId, kind, value, action, cause, actor, reason, at } = event;
    await tx.query(
      `INSERT INTO identity_event (customer_id, stranger_id, kind, value, action, cause, actor, reason, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [customerId, strangerId, kind, value, action, cause, actor, reason, at],
    );
  }

  /** Whether a link was refused for a cause since then, so that it is not told again at every login. */
  async wasRefused(tx: Tx, { customerId, kind, value, cause }: Omit<LinkEvent, 'at'>, since: Date): Promise<boolean> {
    const rows = await tx.query(
      `SELECT
        FROM identity_event
        WHERE customer_id = $1 AND kind = $2 AND value = $3 AND action = 'refused' AND cause = $4 AND at >= $5
        LIMIT 1`,
      [customerId, kind, value, cause, since],
    );
    return rows.length > 0;
  }

  /** How many names of a kind were linked to a customer since then. */
  async linkedSince(tx: Tx, customerId: number, kind: LinkedKind, since: Date): Promise<number> {
    const rows = await tx.query<{ count: number }>(
      `SELECT count(DISTINCT value)::int AS count
        FROM identity_event
        WHERE customer_id = $1 AND kind = $2 AND action = 'linked' AND at >= $3`,
      [customerId, kind, since],
    );
    return onlyRow(rows, 'the number of links').count;
  }

  /** Names of a customer: those that the directory gave, and those that are linked. */
  async names(sql: Sql, customerId: number): Promise<{ kind: IdentityKind; value: string; linked: boolean }[]> {
    return sql.query(
      `SELECT i.kind, i.value, c.id <> $1 AS linked
       FROM customer c
       JOIN customer_identity i ON i.customer_id = c.id
       WHERE c.id = $1 OR c.merged_into = $1
       ORDER BY 1, 2`,
      [customerId],
    );
  }

  /** Lists links and unlinks between names and a customer, oldest first. */
  async history(sql: Sql, customerId: number): Promise<Omit<LinkEvent, 'customerId' | 'strangerId'>[]> {
    return sql.query(
      'SELECT kind, value, action, cause, actor, reason, at FROM identity_event WHERE customer_id = $1 ORDER BY id',
      [customerId],
    );
  }

  /** Forgets logins before a moment, at most `limit` of them. */
  async forgetLogins(tx: Tx, before: Date, limit: number): Promise<void> {
    await tx.query(
      `DELETE FROM device_login
         WHERE (directory_id, device, customer_id) IN (
         SELECT directory_id, device, customer_id
         FROM device_login
         WHERE last_at < $1
         ORDER BY last_at
         LIMIT $2)`,
      [before, limit],
    );
  }
}

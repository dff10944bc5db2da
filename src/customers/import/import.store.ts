import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts, timestamps } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Channel, CHANNEL_ADDRESS, type Customer, type IdentityKind, type Purpose } from '../customer.js';
import { type Moved } from '../directory/customer.store.js';

/** Fields of a customer that a line gives, as bits. */
export const GIVEN = { name: 1, locale: 2, timeZone: 4, attributes: 8, account: 16, accountContact: 32 } as const;

/** A line's own fields; `given` says which of them it gives, the others are null. */
export interface Fields {
  readonly externalId: string;
  readonly given: number;
  readonly name: string | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly account: string | null;
  readonly accountContact: boolean;
  /** JSON. */
  readonly attributes: string | null;
}

/** Whose an id is. */
export interface Found {
  readonly externalId: string;
  readonly customerId: number;
  readonly source: Customer['source'];
}

/** A further name that a customer gets. */
export interface GivenName {
  readonly customerId: number;
  readonly kind: IdentityKind;
  readonly value: string;
}

/** An address that a customer gets on a channel, or null where it is taken away. */
export interface GivenAddress {
  readonly customerId: number;
  readonly channel: Channel;
  readonly address: string | null;
}

/** A customer's word on a channel; `givenAt` in epoch milliseconds where the line has a date. */
export interface GivenWord {
  readonly customerId: number;
  readonly channel: Channel;
  readonly purpose: Purpose;
  readonly granted: boolean;
  readonly givenAt: number | undefined;
}

// Each statement goes from the lines to the rows by key (OFFSET 0 keeps the planner from turning that round), whatever the planner thinks of the sizes.
const FIND = {
  name: 'import.find',
  text: `SELECT k.value AS "externalId", i.customer_id AS "customerId", c.source
    FROM unnest($2::text[]) AS k (value),
    LATERAL (SELECT customer_id FROM customer_identity WHERE directory_id = $1 AND kind = 'id' AND value = k.value OFFSET 0) i,
    LATERAL (SELECT source FROM customer WHERE id = i.customer_id OFFSET 0) c`,
};
const CREATE = {
  name: 'import.create',
  text: `WITH k AS MATERIALIZED (
      SELECT x.*, nextval(pg_get_serial_sequence('customer', 'id')) AS id
      FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[]) AS x (value, name, locale, time_zone, attributes, account, account_contact)
      ORDER BY value
    ), named AS (
      INSERT INTO customer_identity (directory_id, kind, value, customer_id)
      SELECT $1::int, 'id', value, id
      FROM k
      ON CONFLICT DO NOTHING
      RETURNING customer_id
    ), made AS (
      INSERT INTO customer (id, directory_id, name, locale, time_zone, attributes, account, account_contact, source, created_at, updated_at) OVERRIDING SYSTEM VALUE
      SELECT id, $1::int, name, locale, time_zone, coalesce(attributes::jsonb, '{}'), account, account_contact = 1, 'directory', $2, $2
      FROM k
      WHERE id IN (SELECT customer_id FROM named)
      RETURNING id
    )
    SELECT value AS "externalId", id AS "customerId", 'directory' AS source
    FROM k
    WHERE id IN (SELECT id FROM made)`,
};
const UPDATE = {
  name: 'import.update',
  text: `UPDATE customer c
      SET source = 'directory', updated_at = $1,
      name = CASE WHEN given & 1 > 0 THEN k.name ELSE c.name END, locale = CASE WHEN given & 2 > 0 THEN k.locale ELSE c.locale END,
      time_zone = CASE WHEN given & 4 > 0 THEN k.time_zone ELSE c.time_zone END,
      attributes = CASE WHEN given & 8 > 0 THEN k.attributes::jsonb ELSE c.attributes END,
      account = CASE WHEN given & 16 > 0 THEN k.account ELSE c.account END,
      account_contact = CASE WHEN given & 32 > 0 THEN k.account_contact = 1 ELSE c.account_contact END
    FROM unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[])
      AS k (id, given, name, locale, time_zone, attributes, account, account_contact)
    WHERE c.id = k.id AND (c.source <> 'directory' OR given & 1 > 0 AND c.name IS DISTINCT FROM k.name OR given & 2 > 0 AND c.locale IS DISTINCT FROM k.locale
      OR given & 4 > 0 AND c.time_zone IS DISTINCT FROM k.time_zone OR given & 8 > 0 AND c.attributes IS DISTINCT FROM k.attributes::jsonb
      OR given & 16 > 0 AND c.account IS DISTINCT FROM k.account OR given & 32 > 0 AND c.account_contact <> (k.account_contact = 1))`,
};
const NAME = {
  name: 'import.name',
  text: `WITH k AS MATERIALIZED (
      SELECT *
      FROM unnest($2::bigint[], $3::text[], $4::text[]) AS x (customer_id, kind, value)
      ORDER BY kind, value
    ), before AS MATERIALIZED (
      SELECT k.customer_id AS into_id, i.customer_id
      FROM k,
        LATERAL (SELECT customer_id FROM customer_identity WHERE directory_id = $1 AND kind = k.kind AND value = k.value OFFSET 0) i
      WHERE i.customer_id <> k.customer_id
    ), moved AS (
      INSERT INTO customer_identity AS i (directory_id, kind, value, customer_id)
      SELECT $1::int, kind, value, customer_id
      FROM k
      ON CONFLICT (directory_id, kind, value) DO UPDATE SET customer_id = EXCLUDED.customer_id
      WHERE i.customer_id <> EXCLUDED.customer_id
    )
    SELECT DISTINCT customer_id AS "fromId", into_id AS "intoId"
    FROM before`,
};
/** Adds what comes with customers who were made in the same transaction: they have no addresses and no words yet, so nothing is looked up. */
const FURNISH = {
  name: 'import.furnish',
  text: `WITH named AS (
      INSERT INTO customer_identity (directory_id, kind, value, customer_id)
      SELECT $1::int, kind, value, customer_id
      FROM unnest($3::bigint[], $4::text[], $5::text[]) AS x (customer_id, kind, value)
      ORDER BY kind, value
      ON CONFLICT (directory_id, kind, value) DO NOTHING
      RETURNING 1
    ), addressed AS (
      INSERT INTO contact_point (customer_id, channel, address, created_at)
      SELECT customer_id, channel, address, $2
      FROM unnest($6::bigint[], $7::text[], $8::text[]) AS x (customer_id, channel, address)
      WHERE address IS NOT NULL
    ), said AS (
      INSERT INTO consent_entry (customer_id, channel, purpose, granted, source, at)
      SELECT customer_id, channel, purpose, granted = 1, 'import', CASE WHEN dated = 1 THEN given_at ELSE $2 END
      FROM unnest($9::bigint[], $10::text[], $11::text[], $12::int[], $13::int[], $14::timestamptz[]) AS x (customer_id, channel, purpose, granted, dated, given_at)
    )
    SELECT count(*)::int AS named
    FROM named`,
};
const ADDRESS = {
  name: 'import.address',
  text: `INSERT INTO contact_point AS p (customer_id, channel, address, created_at)
    SELECT k.customer_id, k.channel, k.address, $1
    FROM unnest($2::bigint[], $3::text[], $4::text[]) AS k (customer_id, channel, address)
    WHERE k.address IS NOT NULL
    ON CONFLICT (customer_id, channel) DO UPDATE SET address = EXCLUDED.address, created_at = $1, suppressed_at = NULL, suppressed_reason = NULL
    WHERE p.address <> EXCLUDED.address`,
};
const DROP = {
  name: 'import.drop',
  text: `WITH k AS MATERIALIZED (SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS x (customer_id, channel, kind, address)
    ), gone AS (
      DELETE FROM contact_point p
      USING k
      WHERE p.customer_id = k.customer_id AND p.channel = k.channel AND k.address IS NULL
    ), dropped AS (
      DELETE FROM customer_identity i
      USING k
      WHERE i.customer_id = k.customer_id AND i.kind = k.kind AND i.value IS DISTINCT FROM k.address
      RETURNING 1
    )
    SELECT count(*)::int AS dropped
    FROM dropped`,
};
const CONSENT = {
  name: 'import.consent',
  text: `WITH k AS MATERIALIZED (
      SELECT x.customer_id, x.channel, x.purpose, x.granted = 1 AS granted, CASE WHEN x.dated = 1 THEN x.given_at END AS given_at, l.granted AS was, l.source, l.at
      FROM unnest($2::bigint[], $3::text[], $4::int[], $5::int[], $6::timestamptz[], $7::text[]) AS x (customer_id, channel, granted, dated, given_at, purpose)
      LEFT JOIN LATERAL (SELECT granted, source, at FROM consent_entry WHERE customer_id = x.customer_id AND channel = x.channel AND purpose = x.purpose ORDER BY id DESC LIMIT 1) l ON true
    ), judged AS MATERIALIZED (
      SELECT *, granted AND NOT was AND source NOT IN ('api', 'import') AND (given_at IS NULL OR given_at <= at) AS kept,
        was IS NULL OR granted <> was AND (given_at IS NULL OR given_at > at) AS news
        FROM k
    ), said AS (
      INSERT INTO consent_entry (customer_id, channel, purpose, granted, source, at)
      SELECT customer_id, channel, purpose, granted, 'import', coalesce(given_at, $1)
      FROM judged
      WHERE news AND kept IS NOT TRUE
    )
    SELECT count(*) FILTER (WHERE kept)::int AS kept
    FROM judged`,
};

/** The statements of an import: each takes many lines at once. */
@Injectable()
export class ImportStore {
  /** Keeps compiled plans out: a statement runs for some milliseconds, compiling it takes longer. */
  async prepare(tx: Tx): Promise<void> {
    await tx.query('SET LOCAL jit = off');
  }

  /** Whose these ids are; unknown ones are missing. */
  async find(sql: Sql, directoryId: number, externalIds: readonly string[]): Promise<Found[]> {
    return sql.query<Found>(FIND, [directoryId, texts(externalIds)]);
  }

  /** Makes customers; those whose id somebody else made meanwhile are missing from the answer. */
  async create(tx: Tx, directoryId: number, lines: readonly Fields[], now: Date): Promise<Found[]> {
    return tx.query<Found>(CREATE, [
      directoryId,
      now,
      texts(lines.map((one) => one.externalId)),
      texts(lines.map((one) => one.name)),
      texts(lines.map((one) => one.locale)),
      texts(lines.map((one) => one.timeZone)),
      texts(lines.map((one) => one.attributes)),
      texts(lines.map((one) => one.account)),
      int4s(lines.map((one) => Number(one.accountContact))),
    ]);
  }

  /** Writes the given fields of customers, where they differ. */
  async update(tx: Tx, lines: readonly (Fields & { readonly customerId: number })[], now: Date): Promise<void> {
    await tx.query(UPDATE, [
      now,
      int8s(lines.map((one) => one.customerId)),
      int4s(lines.map((one) => one.given)),
      texts(lines.map((one) => one.name)),
      texts(lines.map((one) => one.locale)),
      texts(lines.map((one) => one.timeZone)),
      texts(lines.map((one) => one.attributes)),
      texts(lines.map((one) => one.account)),
      int4s(lines.map((one) => Number(one.accountContact))),
    ]);
  }

  /**
   * Gives their names, addresses and words to customers who were just made, where nobody has the names.
   * @returns how many of the names nobody had
   */
  async furnish(
    tx: Tx,
    directoryId: number,
    given: {
      readonly names: readonly GivenName[];
      readonly addresses: readonly GivenAddress[];
      readonly words: readonly GivenWord[];
    },
    now: Date,
  ): Promise<number> {
    const { names, addresses, words } = given;
    const rows = await tx.query<{ named: number }>(FURNISH, [
      directoryId,
      now,
      int8s(names.map((one) => one.customerId)),
      texts(names.map((one) => one.kind)),
      texts(names.map((one) => one.value)),
      int8s(addresses.map((one) => one.customerId)),
      texts(addresses.map((one) => one.channel)),
      texts(addresses.map((one) => one.address)),
      int8s(words.map((one) => one.customerId)),
      texts(words.map((one) => one.channel)),
      texts(words.map((one) => one.purpose)),
      int4s(words.map((one) => Number(one.granted))),
      int4s(words.map((one) => Number(one.givenAt !== undefined))),
      timestamps(words.map((one) => one.givenAt ?? 0)),
    ]);
    return onlyRow(rows, 'the names given').named;
  }

  /** Gives names to customers, each name to one; returns who else had them. */
  async name(tx: Tx, directoryId: number, names: readonly GivenName[]): Promise<Moved[]> {
    return tx.query<Moved>(NAME, [
      directoryId,
      int8s(names.map((one) => one.customerId)),
      texts(names.map((one) => one.kind)),
      texts(names.map((one) => one.value)),
    ]);
  }

  /** Sets addresses; a new one starts without suppression. */
  async address(tx: Tx, given: readonly GivenAddress[], now: Date): Promise<void> {
    await tx.query(ADDRESS, [
      now,
      int8s(given.map((one) => one.customerId)),
      texts(given.map((one) => one.channel)),
      texts(given.map((one) => one.address)),
    ]);
  }

  /** Removes addresses that are null, and names that were other addresses; returns how many names. */
  async dropOthers(tx: Tx, given: readonly GivenAddress[]): Promise<number> {
    const rows = await tx.query<{ dropped: number }>(DROP, [
      int8s(given.map((one) => one.customerId)),
      texts(given.map((one) => one.channel)),
      texts(given.map((one) => CHANNEL_ADDRESS[one.channel].identity)),
      texts(given.map((one) => one.address)),
    ]);
    return onlyRow(rows, 'the names dropped').dropped;
  }

  /** Appends what customers said, as `CustomerStore.recordConsent` does; returns how many yeses their own no outranked. */
  async consent(tx: Tx, words: readonly GivenWord[], now: Date): Promise<number> {
    const rows = await tx.query<{ kept: number }>(CONSENT, [
      now,
      int8s(words.map((one) => one.customerId)),
      texts(words.map((one) => one.channel)),
      int4s(words.map((one) => Number(one.granted))),
      int4s(words.map((one) => Number(one.givenAt !== undefined))),
      timestamps(words.map((one) => one.givenAt ?? 0)),
      texts(words.map((one) => one.purpose)),
    ]);
    return onlyRow(rows, 'the opt-outs kept').kept;
  }
}

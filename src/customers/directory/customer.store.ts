import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts } from '../../platform/db/arrays.js';
import { type Bound, type Sql, type Tx } from '../../platform/db/database.js';
import { bind, onlyRow } from '../../platform/db/sql.js';
import { isHandedOn, purposesOf } from '../consent.js';
import { beginErasure } from '../erasure-lock.js';
import {
  type Channel,
  CHANNELS,
  type Customer,
  type CustomerEntry,
  type Identity,
  type Recipient,
  type ConsentRecord,
  type RecordedWord,
} from '../customer.js';

const FIND_IDENTITIES = {
  name: 'customers.find_identities',
  text: `SELECT k.directory_id, k.kind, k.value, i.customer_id, coalesce(c.merged_into, i.customer_id) AS person_id,
           CASE WHEN c.merged_into IS NULL THEN c.source ELSE 'directory' END AS source
         FROM unnest($1::int[], $2::text[], $3::text[]) AS k (directory_id, kind, value),
         LATERAL (SELECT customer_id FROM customer_identity WHERE directory_id = k.directory_id AND kind = k.kind AND value = k.value OFFSET 0) i,
         LATERAL (SELECT source, merged_into FROM customer WHERE id = i.customer_id OFFSET 0) c`,
};
const INSERT_SEEN = {
  name: 'customers.insert_seen',
  text: `WITH ids AS MATERIALIZED (SELECT nth, nextval(pg_get_serial_sequence('customer', 'id')) AS id FROM generate_series(1, $1) AS nth), made AS (
      INSERT INTO customer (id, directory_id, source, created_at, updated_at) OVERRIDING SYSTEM VALUE
      SELECT id, x.directory_id, 'telemetry', $2, $2
      FROM ids
      JOIN unnest($3::int[]) WITH ORDINALITY AS x (directory_id, nth) USING (nth)
    ), named AS (
      INSERT INTO customer_identity (directory_id, kind, value, customer_id)
      SELECT ($3::int[])[x.nth], x.kind, x.value, ids.id
      FROM unnest($4::text[], $5::text[], $6::int[]) AS x (kind, value, nth)
      JOIN ids USING (nth)
      ORDER BY 1, 2, 3
      ON CONFLICT DO NOTHING
      RETURNING 1
    )
    SELECT string_agg(id::text, ',' ORDER BY nth) AS ids, (SELECT count(*) FROM named) AS named
    FROM ids`,
};
const RECIPIENTS = {
  name: 'customers.recipients',
  text: `SELECT c.id, c.name, c.locale, c.time_zone, c.account, c.paused_until,
      (SELECT jsonb_object_agg(p.channel, p.address) FROM contact_point p WHERE p.customer_id = c.id) AS addresses,
      (SELECT jsonb_object_agg(p.channel, coalesce(p.suppressed_reason, s.reason)) FROM contact_point p LEFT JOIN suppression s ON s.channel = p.channel AND s.address = p.address
        WHERE p.customer_id = c.id AND (p.suppressed_at IS NOT NULL OR s.address IS NOT NULL)) AS suppressed,
      (SELECT jsonb_agg(e) FROM (SELECT DISTINCT ON (channel, purpose) channel, purpose, granted, source, at FROM consent_entry WHERE customer_id = c.id
        ORDER BY channel, purpose, id DESC) e) AS consents
    FROM customer c
    WHERE c.id = ANY ($1::bigint[])`,
};

const SHOWN = {
  name: 'customers.shown',
  text: `SELECT c.*, (SELECT name FROM directory d WHERE d.id = c.directory_id) AS directory,
      (SELECT value FROM customer_identity i WHERE i.customer_id = c.id AND i.kind = 'id') AS external_id
    FROM customer c
    WHERE c.id = ANY ($1::bigint[])`,
};
const ACCOUNT_CONTACTS = {
  name: 'customers.account_contacts',
  text: `SELECT k.account, array_agg(k.id ORDER BY k.id) AS ids
    FROM (SELECT DISTINCT directory_id, account FROM customer WHERE id = ANY ($1::bigint[]) AND account IS NOT NULL) a
    JOIN customer k ON k.directory_id = a.directory_id AND k.account = a.account AND k.account_contact AND k.merged_into IS NULL
    GROUP BY 1`,
};
const AFTER = `lower($4::text) || U&'\\+10FFFF'`;
const SEARCH = {
  name: 'customers.search',
  text: `SELECT id
      FROM (
      SELECT 1 AS rank, coalesce(c.merged_into, c.id) AS id, '' AS name
      FROM directory d, unnest($2::text[], $3::text[]) AS k (kind, value),
        LATERAL (SELECT customer_id FROM customer_identity WHERE directory_id = d.id AND kind = k.kind AND value = k.value OFFSET 0) i,
        LATERAL (SELECT id, merged_into FROM customer WHERE id = i.customer_id OFFSET 0) c
      WHERE $1::int IS NULL OR d.id = $1
      UNION ALL (SELECT 2, id, lower(name) COLLATE "C" FROM customer
        WHERE lower(name) COLLATE "C" >= lower($4::text) COLLATE "C" AND lower(name) COLLATE "C" < (${AFTER}) COLLATE "C"
          AND name IS NOT NULL AND ($1::int IS NULL OR directory_id = $1)
          ORDER BY lower(name) COLLATE "C"
          LIMIT $5)
      UNION ALL (SELECT 3, id, lower(substring(name from '\\S+$')) COLLATE "C" FROM customer
        WHERE lower(substring(name from '\\S+$')) COLLATE "C" >= lower($4::text) COLLATE "C" AND lower(substring(name from '\\S+$')) COLLATE "C" < (${AFTER}) COLLATE "C"
          AND name ~ '\\s' AND ($1::int IS NULL OR directory_id = $1)
          ORDER BY lower(substring(name from '\\S+$')) COLLATE "C"
          LIMIT $5)
      UNION ALL (SELECT 4, id, lower(name) COLLATE "C" FROM customer
        WHERE account = $4 AND ($1::int IS NULL OR directory_id = $1)
          ORDER BY NOT account_contact, id
          LIMIT $5)) x
    GROUP BY id
    ORDER BY min(rank), min(name), id
    LIMIT $5`,
};

/** A customer and the strangers who turned out to be them. */
const MERGED = '(SELECT id FROM customer WHERE id = $1 OR merged_into = $1)';
/**
 * Words by which events may have called a customer. Names of one word and short numbers stand in too many other texts to be looked for anywhere; ids,
 * user names and devices are looked for as whole values.
 */
const NOTE_TRACES = `
  INSERT INTO erased_trace (customer_id, texts, quoted)
  SELECT $1::bigint, coalesce(array_agg(DISTINCT word) FILTER (WHERE NOT whole), '{}'), coalesce(array_agg(DISTINCT word) FILTER (WHERE whole), '{}')
  FROM (
    SELECT name AS word, false AS whole
    FROM customer
    WHERE id = $1 AND name ~ '\\S\\s+\\S'
    UNION SELECT name, true
    FROM customer
    WHERE id = $1 AND name IS NOT NULL
    UNION SELECT ltrim(address, '+'), false
    FROM contact_point
    WHERE customer_id = $1
    UNION SELECT ltrim(value, '+'), false
    FROM customer_identity
    WHERE customer_id IN ${MERGED} AND kind IN ('email', 'phone')
    UNION SELECT value, true
    FROM customer_identity
    WHERE customer_id IN ${MERGED} AND kind NOT IN ('email', 'phone')
  ) x
  WHERE length(word) > 2 OR whole
  HAVING count(*) > 0
  ON CONFLICT DO NOTHING`;

const RECORD_CONSENT = `
  INSERT INTO consent_entry (customer_id, channel, purpose, granted, source, at)
  SELECT $1, $2, p.purpose, $3, $4, coalesce($5::timestamptz, $6)
  FROM unnest($8::text[]) AS p (purpose)
  WHERE NOT EXISTS (
    SELECT
    FROM (SELECT granted, source, at FROM consent_entry WHERE customer_id = $1 AND channel = $2 AND purpose = p.purpose ORDER BY id DESC LIMIT 1) last
    WHERE last.granted = $3 OR $5::timestamptz <= last.at
      OR $3 AND NOT $7 AND $5::timestamptz IS NULL AND last.source NOT IN ('api', 'import'))`;

const ASSERT_ERASURES = {
  name: 'customers.assert_erasures',
  text: 'SELECT require_unchanged((SELECT count FROM customer_erasure) = $1)',
};

/** An identity in the directory where it means something. */
export interface Name extends Identity {
  readonly directoryId: number;
}

/** Whose an identity is; `source` as in `Customer`, what is linked to a customer counting as given by the directory. */
export interface Owner {
  readonly customerId: number;
  /** The customer who remains, where the owner is merged into one. */
  readonly personId: number;
  readonly source: Customer['source'];
}

/** Terms of `search`: it finds whoever has one of these names, or whose own name begins so. */
export interface Search {
  readonly directoryId: number | null;
  readonly names: readonly Identity[];
  readonly beginning: string;
  readonly limit: number;
}

/** Whose a name was, and whose it became. */
export interface Moved {
  readonly fromId: number;
  readonly intoId: number;
}

/** One text for a name, different for different names. */
export function keyOf({ directoryId, kind, value }: Name): string {
  return `${directoryId}:${kind}:${value}`;
}

interface IdentityRow {
  directory_id: number;
  kind: Identity['kind'];
  value: string;
  customer_id: number;
  person_id: number;
  source: Customer['source'];
}

interface CustomerRow {
  id: number;
  directory: string;
  external_id: string | null;
  name: string | null;
  locale: string | null;
  time_zone: string | null;
  account: string | null;
  account_contact: boolean;
  attributes: Record<string, unknown>;
  source: Customer['source'];
}

/** All SQL on the directory's tables. */
@Injectable()
export class CustomerStore {
  /** Whose these names are, by `keyOf`; unknown ones are missing from the answer. */
  async findIdentities(sql: Sql, names: readonly Name[]): Promise<Map<string, Owner>> {
    if (names.length === 0) return new Map();
    const rows = await sql.query<IdentityRow>(FIND_IDENTITIES, [
      int4s(names.map((one) => one.directoryId)),
      texts(names.map((one) => one.kind)),
      texts(names.map((one) => one.value)),
    ]);
    return new Map(
      rows.map((row) => [
        keyOf({ directoryId: row.directory_id, kind: row.kind, value: row.value }),
        { customerId: row.customer_id, personId: row.person_id, source: row.source },
      ]),
    );
  }

  /** Those of these customers whom the directory lists. */
  async listed(sql: Sql, ids: readonly number[]): Promise<Set<number>> {
    if (ids.length === 0) return new Set();
    const text = `SELECT id
      FROM customer
      WHERE id = ANY ($1::bigint[]) AND (source = 'directory' OR merged_into IS NOT NULL)`;
    const rows = await sql.query<{ id: number }>({ name: 'customers.listed', text }, [ids]);
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Makes a customer that is known from telemetry only for each list of names; returns their ids, and how many of the names were
   * still free.
   */
  async insertSeen(
    tx: Tx,
    strangers: readonly (readonly Name[])[],
    now: Date,
  ): Promise<{ ids: number[]; named: number }> {
    const rows = strangers.flatMap((names, at) => names.map((one) => ({ ...one, nth: at + 1 })));
    const [made] = await tx.query<{ ids: string; named: number }>(INSERT_SEEN, [
      strangers.length,
      now,
      int4s(strangers.map(([first]) => first?.directoryId ?? 0)),
      texts(rows.map((row) => row.kind)),
      texts(rows.map((row) => row.value)),
      int4s(rows.map((row) => row.nth)),
    ]);
    return { ids: made?.ids.split(',').map(Number) ?? [], named: made?.named ?? 0 };
  }

  /** Removes customers that were made in vain, because another process made the same ones first. */
  async deleteUnused(tx: Tx, ids: readonly number[]): Promise<void> {
    const sql = `DELETE FROM customer c
      WHERE c.id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM customer_identity i WHERE i.customer_id = c.id)`;
    if (ids.length > 0) await tx.query(sql, [ids]);
  }

  /** Creates a directory entry and returns its id. */
  async insert(tx: Tx, directoryId: number, now: Date): Promise<number> {
    const rows = await tx.query<{ id: number }>(
      `INSERT INTO customer (directory_id, source, created_at, updated_at)
        VALUES ($1, 'directory', $2, $2)
        RETURNING id`,
      [directoryId, now],
    );
    return onlyRow(rows, 'the new customer').id;
  }

  /** Writes the given fields of one entry; those that are undefined stay. */
  async update(tx: Tx, id: number, entry: CustomerEntry, now: Date): Promise<void> {
    const sets = ["source = 'directory'", 'updated_at = $2'];
    const values: unknown[] = [id, now];
    const columns = {
      name: entry.name,
      locale: entry.locale,
      time_zone: entry.timeZone,
      account: entry.account,
      account_contact: entry.accountContact,
      attributes: entry.attributes && JSON.stringify(entry.attributes),
    };
    for (const [column, value] of Object.entries(columns)) {
      if (value !== undefined) sets.push(`${column} = $${values.push(value)}`);
    }
    await tx.query(`UPDATE customer SET ${sets.join(', ')} WHERE id = $1`, values);
  }

  /** Gives names to a customer, taking them from whoever has them; returns who else had them. */
  async moveIdentities(tx: Tx, id: number, names: readonly Name[]): Promise<Moved[]> {
    const before = await this.findIdentities(tx, names);
    const sql = `INSERT INTO customer_identity (directory_id, kind, value, customer_id)
                 SELECT DISTINCT k.directory_id, k.kind, k.value, $4::bigint
                 FROM unnest($1::int[], $2::text[], $3::text[]) AS k (directory_id, kind, value)
                 ORDER BY 1, 2, 3
                 ON CONFLICT (directory_id, kind, value) DO UPDATE SET customer_id = $4`;
    await tx.query(sql, [
      int4s(names.map((one) => one.directoryId)),
      texts(names.map((one) => one.kind)),
      texts(names.map((one) => one.value)),
      id,
    ]);
    const others = [...before.values()].filter((owner) => owner.customerId !== id);
    return others.map(({ customerId }) => ({ fromId: customerId, intoId: id }));
  }

  /**
   * Folds customers that telemetry alone had made into those whom the directory knows; what they were hit by counts for these from now on.
   * One who has an id is somebody else, whatever else an event said of them, and stays. Names that the directory did not give are dropped.
   */
  async mergeTelemetry(tx: Tx, moved: readonly Moved[]): Promise<void> {
    if (moved.length === 0) return;
    const merged = await tx.query<{ id: number }>(
      `UPDATE customer c
       SET merged_into = i.id, updated_at = i.updated_at
       FROM (SELECT DISTINCT ON (from_id) * FROM unnest($1::bigint[], $2::bigint[]) AS x (from_id, into_id) ORDER BY from_id, into_id) k
       JOIN customer i ON i.id = k.into_id
       WHERE c.id = k.from_id AND c.source = 'telemetry'
         AND NOT EXISTS (SELECT FROM customer_identity o WHERE o.customer_id = c.id AND o.kind = 'id')
         RETURNING c.id`,
      [int8s(moved.map((one) => one.fromId)), int8s(moved.map((one) => one.intoId))],
    );
    const ids = int8s(merged.map((row) => row.id));
    await tx.query('DELETE FROM customer_identity WHERE customer_id = ANY ($1::bigint[])', [ids]);
    await tx.query(
      `UPDATE customer c
       SET merged_into = m.merged_into
       FROM customer m
       WHERE c.merged_into = ANY ($1::bigint[]) AND m.id = c.merged_into AND m.merged_into IS NOT NULL`,
      [ids],
    );
  }

  /**
   * Takes strangers' other names away when the directory takes their ids over: they were learnt from events, which anybody can send.
   * Returns how many.
   */
  async dropLearntNames(tx: Tx, ids: readonly number[]): Promise<number> {
    const sql = "DELETE FROM customer_identity WHERE customer_id = ANY ($1::bigint[]) AND kind <> 'id' RETURNING 1";
    return (await tx.query(sql, [ids])).length;
  }

  /** Sets (text) or removes (null) the address of a channel; a new address starts without suppression. */
  async setAddress(tx: Tx, id: number, channel: Channel, address: string | null, now: Date): Promise<void> {
    if (address === null)
      return void (await tx.query('DELETE FROM contact_point WHERE customer_id = $1 AND channel = $2', [id, channel]));
    await tx.query(
      `INSERT INTO contact_point AS p (customer_id, channel, address, created_at)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (customer_id, channel) DO UPDATE SET address = $3, created_at = $4, suppressed_at = NULL, suppressed_reason = NULL
       WHERE p.address <> $3`,
      [id, channel, address, now],
    );
  }

  /** Removes identities of a kind other than `keep`, for an address that the directory replaced; returns how many. */
  async dropOtherIdentities(tx: Tx, id: number, kind: Identity['kind'], keep: string | null): Promise<number> {
    const sql =
      'DELETE FROM customer_identity WHERE customer_id = $1 AND kind = $2 AND value IS DISTINCT FROM $3 RETURNING 1';
    return (await tx.query(sql, [id, kind, keep])).length;
  }

  /**
   * Appends the customer's word on a channel, for each of its purposes unless it says what was said last, is older than that, or is a yes that
   * somebody hands on without a newer date although the customer's own act said no.
   */
  async recordConsent(
    tx: Tx,
    { customerId, channel, purpose, granted, source, givenAt }: ConsentRecord,
    now: Date,
  ): Promise<void> {
    const purposes = purpose === undefined ? purposesOf(source, granted) : [purpose];
    const values = [customerId, channel, granted, source, givenAt ?? null, now, !isHandedOn(source), [...purposes]];
    await tx.query(RECORD_CONSENT, values);
  }

  /** Notes until when a customer wants no messages. */
  async pause(sql: Sql, id: number, until: Date | null): Promise<void> {
    await sql.query('UPDATE customer SET paused_until = $2 WHERE id = $1', [id, until]);
  }

  /** Every word of a customer, oldest first. */
  async consentLedger(sql: Sql, id: number): Promise<RecordedWord[]> {
    const text = 'SELECT channel, purpose, granted, source, at FROM consent_entry WHERE customer_id = $1 ORDER BY id';
    return sql.query<RecordedWord>(text, [id]);
  }

  /** Marks an address that the provider refuses for good, so that nobody tries it again. */
  async suppress(tx: Tx, id: number, channel: Channel, reason: string, now: Date): Promise<void> {
    await tx.query(
      'UPDATE contact_point SET suppressed_at = $4, suppressed_reason = $3 WHERE customer_id = $1 AND channel = $2',
      [id, channel, reason, now],
    );
  }

  /** Outreach's view of these customers; ids that are gone are missing. */
  async recipients(sql: Sql, ids: readonly number[]): Promise<Recipient[]> {
    type Row = CustomerRow & {
      addresses: Recipient['addresses'] | null;
      suppressed: Recipient['suppressed'] | null;
      paused_until: Date | null;
      consents: readonly (Omit<RecordedWord, 'at'> & { readonly at: string })[] | null;
    };
    const rows = await sql.query<Row>(RECIPIENTS, [int8s(ids)]);
    return rows.map((row) => ({
      customerId: row.id,
      name: row.name,
      locale: row.locale,
      timeZone: row.time_zone,
      account: row.account,
      addresses: row.addresses ?? {},
      suppressed: row.suppressed ?? {},
      pausedUntil: row.paused_until,
      consents: (row.consents ?? []).map((one) => ({ ...one, at: new Date(one.at) })),
    }));
  }

  /** Of these customers, those from whom a name was unlinked since a moment. */
  async unlinkedSince(sql: Sql, ids: readonly number[], since: Date): Promise<Set<number>> {
    const text = `SELECT DISTINCT customer_id AS id
        FROM identity_event
        WHERE action = 'unlinked' AND at >= $2 AND customer_id = ANY ($1::bigint[])`;
    const rows = await sql.query<{ id: number }>({ name: 'customers.unlinked_since', text }, [int8s(ids), since]);
    return new Set(rows.map(({ id }) => id));
  }

  /** The contacts of the accounts of these customers, by account, the one who was entered first at the front; an account without a contact is missing. */
  async accountContacts(sql: Sql, ids: readonly number[]): Promise<Map<string, number[]>> {
    const rows = await sql.query<{ account: string; ids: number[] }>(ACCOUNT_CONTACTS, [int8s(ids)]);
    return new Map(rows.map((row) => [row.account, row.ids.map(Number)]));
  }

  /** The account of each of these customers that has one. */
  async accounts(sql: Sql, ids: readonly number[]): Promise<Map<number, string>> {
    const text = `SELECT id, account
      FROM customer
      WHERE id = ANY ($1::bigint[]) AND account IS NOT NULL`;
    const rows = await sql.query<{ id: number; account: string }>({ name: 'customers.accounts', text }, [int8s(ids)]);
    return new Map(rows.map(({ id, account }) => [id, account]));
  }

  /** The attributes of each of these customers. */
  async attributes(sql: Sql, ids: readonly number[]): Promise<Map<number, Readonly<Record<string, unknown>>>> {
    const rows = await sql.query<{ id: number; attributes: Record<string, unknown> }>(
      `SELECT id, attributes
        FROM customer
        WHERE id = ANY ($1::bigint[])`,
      [int8s(ids)],
    );
    return new Map(rows.map(({ id, attributes }) => [id, attributes]));
  }

  /** The external id of each of these customers that has one. */
  async externalIds(sql: Sql, ids: readonly number[]): Promise<Map<number, string>> {
    const rows = await sql.query<{ customer_id: number; value: string }>(
      `SELECT customer_id, value
        FROM customer_identity
        WHERE kind = 'id' AND customer_id = ANY ($1::bigint[])`,
      [ids],
    );
    return new Map(rows.map((row) => [row.customer_id, row.value]));
  }

  /** Customers as the API shows them, in the order of the ids; those who are gone are missing. */
  async show(sql: Sql, ids: readonly number[]): Promise<Customer[]> {
    const [rows, recipients] = await Promise.all([
      sql.query<CustomerRow>(SHOWN, [int8s(ids)]),
      this.recipients(sql, ids),
    ]);
    const byId = new Map(recipients.map((one) => [one.customerId, one]));
    const shown = rows.flatMap((row) => {
      const recipient = byId.get(row.id);
      return recipient ? [customerOf(row, recipient)] : [];
    });
    return shown.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  }

  /**
   * Customers of these names, then those whose name, or its last word, begins with a text.
   * @param directoryId of one directory, or null for all
   */
  async search(sql: Sql, { directoryId, names, beginning, limit }: Search): Promise<number[]> {
    const values = [directoryId, names.map((one) => one.kind), names.map((one) => one.value), beginning, limit];
    const rows = await sql.query<{ id: number }>(SEARCH, values);
    return rows.map((row) => row.id);
  }

  /** Erases a customer and those that were folded into it; addresses, consent and audiences go with the row. */
  async erase(tx: Tx, id: number): Promise<void> {
    await beginErasure(tx);
    await tx.query(NOTE_TRACES, [id]);
    const rows = await tx.query<{ id: number }>('DELETE FROM customer WHERE id = $1 OR merged_into = $1 RETURNING id', [
      id,
    ]);
    const ids = rows.map((row) => row.id);
    await tx.query('DELETE FROM customer_identity WHERE customer_id = ANY ($1::bigint[])', [ids]);
    await this.countErasure(tx);
    await tx.query('INSERT INTO customer_erased (customer_id) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING', [
      ids,
    ]);
  }

  /** Tells every process that what it remembers of who is who may be wrong. */
  async countErasure(tx: Tx): Promise<void> {
    await tx.query('UPDATE customer_erasure SET count = count + 1');
  }

  /** A number that grows with every erasure, and whenever a name goes over to somebody else, by any process. */
  async erasures(sql: Sql): Promise<number> {
    const rows = await sql.query<{ count: number }>({
      name: 'customers.erasures',
      text: 'SELECT count FROM customer_erasure',
    });
    return onlyRow(rows, 'the count of erasures').count;
  }

  /** Makes sure that there were no other erasures; fails with SQLSTATE FW001 when there were. */
  assertErasures(count: number): Bound {
    return bind(ASSERT_ERASURES, [count]);
  }

  /** Takes ids of erased customers off the list of those whose traces elsewhere are still to be removed. */
  async takeErased(tx: Tx, limit: number): Promise<number[]> {
    const sql = `DELETE FROM customer_erased
      WHERE customer_id IN (SELECT customer_id FROM customer_erased ORDER BY 1 FOR UPDATE SKIP LOCKED LIMIT $1)
      RETURNING customer_id`;
    return (await tx.query<{ customer_id: number }>(sql, [limit])).map((row) => row.customer_id);
  }
}

function customerOf(row: CustomerRow, { addresses, consents }: Recipient): Customer {
  return {
    id: row.id,
    directory: row.directory,
    externalId: row.external_id,
    name: row.name,
    locale: row.locale,
    timeZone: row.time_zone,
    account: row.account,
    accountContact: row.account_contact,
    attributes: row.attributes,
    email: addresses.email ?? null,
    phone: addresses.sms ?? null,
    consent: Object.fromEntries(
      CHANNELS.flatMap((channel) => {
        const word = consents.find((one) => one.channel === channel && one.purpose === 'service');
        return word ? [[channel, word.granted]] : [];
      }),
    ),
    source: row.source,
  };
}

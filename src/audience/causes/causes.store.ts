import { Injectable } from '@nestjs/common';
import { int8s, texts } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Trust } from '../../projects/project-key.js';
import { type AtRiskMember, type Beyond, type Stretch } from '../audience.js';
import { type Marks } from './marks.js';
import { type AtRiskStated, type FoundCauses, type Measured, type StatedCause } from './stated.js';

/** A customer who counts as active, and whether the incident has hit them, and how that is known. */
export interface ActiveCustomer {
  readonly id: number;
  readonly hit: boolean;
  readonly trust: Trust | null;
  /** Customers whom the incident has hit, or has not, as this one: all of them, also beyond the limit of what was read. */
  readonly alike: number;
}

/** Knowledge of a customer: single values by name, and the features used. */
export interface CustomerTraitsRow {
  readonly id: number;
  readonly locale: string | null;
  readonly zone: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Names of traits that telemetry saw, the one seen last at the end. */
  readonly names: readonly string[];
  /** The value of each of `names`. */
  readonly values: readonly string[];
}

/** Traits under one of the ids that a customer has had: lines of text, the trait seen last at the end. */
type TraitSet = Omit<CustomerTraitsRow, 'names' | 'values'> & {
  readonly names: string | null;
  readonly values: string | null;
};
/** Different lines remembered while customers are read: most customers have what many have. */
const MOST_LINES = 20_000;

/** Customers of a project seen lately, and when: once for each table that knows of it. */
const SEEN = `
      SELECT customer_id, last_at AS at
      FROM customer_activity
      WHERE project_id = $1 AND last_at >= $2
      UNION ALL SELECT customer_id, last_seen
      FROM trait_set
      WHERE project_id = $1 AND last_seen >= $2`;
/** Customers whom the incident has hit, and how that is known. */
const HIT = `
      SELECT customer_id, trust
      FROM audience_member
      WHERE incident_id = $3 AND kind = 'affected'`;
/**
 * Memory of a step of a statement over all active customers. Of a million it takes three steps of some 30 MB at once; with PostgreSQL's 4 MB
 * they go to disk, and who is active is known after 4.3 s in place of 3.1.
 */
const ROOM_TO_SORT = "SET LOCAL work_mem = '32MB'";
/** The customer who remains of a merged one. */
const REMAINING = 'LEFT JOIN customer c ON c.merged_into IS NOT NULL AND c.id = s.customer_id';
/** Half of what is read at most is hit, so that there are others to compare with. */
const ACTIVE = `
  WITH people AS MATERIALIZED (
    SELECT coalesce(c.merged_into, s.customer_id) AS id, bool_or(s.hit) AS hit, max(s.trust) AS trust, max(s.at) AS at
    FROM (
      SELECT customer_id, at, false AS hit, NULL AS trust
      FROM (${SEEN}
      ) seen
      UNION ALL SELECT customer_id, 'infinity', true, trust
      FROM (${HIT}
      ) hit
    ) s
    ${REMAINING}
    GROUP BY 1
  ), sizes AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE hit) AS hits, count(*) FILTER (WHERE NOT hit) AS others
    FROM people
  )
  (SELECT id, hit, trust, (SELECT hits FROM sizes)::int AS alike FROM people WHERE hit ORDER BY id LIMIT $4::int / 2)
  UNION ALL
  (SELECT id, hit, trust, (SELECT others FROM sizes)::int FROM people WHERE NOT hit ORDER BY at DESC, id
   LIMIT $4::int - (SELECT least(hits, $4::int / 2) FROM sizes))`;
/** From those who have a mark, who are fewer than the active. One text, since each of them would be an object otherwise. */
const OTHERS = `
  SELECT string_agg(id::text, ',') AS ids
  FROM (
    (
      SELECT id
      FROM customer
      WHERE attributes @> ANY ($4::text[]::jsonb[]) OR locale = ANY ($5::text[]) OR time_zone = ANY ($6::text[])
      UNION SELECT coalesce(c.merged_into, c.id)
      FROM trait_set t
      JOIN customer c ON c.id = t.customer_id
      WHERE t.project_id = $1 AND t.vals && $7::text[]
    )
    INTERSECT
    SELECT coalesce(c.merged_into, s.customer_id)
    FROM (${SEEN}
    ) s
    ${REMAINING}
    EXCEPT
    SELECT coalesce(c.merged_into, s.customer_id)
    FROM (${HIT}
    ) s
    ${REMAINING}
  ) x`;

/** Use of a trait by a customer: how often, since when, until when, and by whose word. */
export interface TraitUse {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly trust: number;
}

/** A customer at risk as the stage found them. */
export interface FoundAtRisk {
  readonly id: number;
  readonly trust: Trust;
  readonly soonness: number;
}

const USES = {
  name: 'causes.uses',
  text: `SELECT coalesce(c.merged_into, c.id) AS id, t.name, t.value, sum(t.count)::float8 AS count, min(coalesce(t.first_seen, t.last_seen)) AS "firstAt",
      max(t.last_seen) AS "lastAt", max(t.trust) AS trust
    FROM customer c
    JOIN customer_trait t ON t.customer_id = c.id
    JOIN unnest($3::text[], $4::text[]) AS w (name, value) ON w.name = t.name AND w.value = t.value
    WHERE t.project_id = $1 AND (c.id = ANY ($2::bigint[]) OR c.merged_into = ANY ($2::bigint[]))
    GROUP BY 1, 2, 3`,
};
const AT_RISK_COLUMNS = `m.customer_id AS "customerId", 'at_risk' AS kind, m.trust, m.expected AS "expectedHitRate", m.since AS "addedAt", m.seq`;
/** Looked up for each of a page: joined, all the affected would be read for each page. */
const NOT_HIT = `NOT EXISTS (SELECT FROM audience_member a WHERE a.incident_id = $1 AND a.customer_id = m.customer_id AND a.kind = 'affected' OFFSET 0)`;
const TRAITS = {
  name: 'causes.traits',
  text: `
    WITH asked AS MATERIALIZED (
      SELECT id AS root, id AS part
      FROM unnest($2::bigint[]) AS x (id)
      UNION ALL
      SELECT merged_into, id
      FROM customer
      WHERE merged_into = ANY ($2::bigint[])
    )
    SELECT c.id, c.locale, c.time_zone AS zone, c.attributes, array_to_string(t.names, E'\\n') AS names, array_to_string(t.vals, E'\\n') AS values
    FROM asked a
    JOIN customer c ON c.id = a.root
    LEFT JOIN trait_set t ON t.project_id = $1 AND t.customer_id = a.part
    ORDER BY t.last_seen NULLS FIRST`,
};

/** Trust as a number, weakest first. */
function trustRank(column: string): string {
  return `array_position('{claimed,signed,server}'::text[], ${column})`;
}

/** SQL on what the affected share and who is at risk. */
@Injectable()
export class CausesStore {
  /** Counts the affected. */
  async affected(sql: Sql, incidentId: number): Promise<number> {
    const text = "SELECT count(*)::int AS count FROM audience_member WHERE incident_id = $1 AND kind = 'affected'";
    return onlyRow(await sql.query<{ count: number }>(text, [incidentId]), 'the count of affected').count;
  }

  /** Reads what was found last; undefined before the first time. */
  async find(sql: Sql, incidentId: number): Promise<FoundCauses | undefined> {
    const [row] = await sql.query<FoundCauses>(
      `SELECT computed_at AS "computedAt", affected, causes, at_risk AS "atRisk", offered_at AS "offeredAt", others
        FROM incident_cause
        WHERE incident_id = $1`,
      [incidentId],
    );
    return row;
  }

  /** Customers of a project seen at `since` or later, and the affected: those seen last, `limit` at most. Of more affected than half of it some. */
  async active(
    tx: Tx,
    about: { projectId: number; incidentId: number; since: Date },
    limit: number,
  ): Promise<ActiveCustomer[]> {
    await tx.query(ROOM_TO_SORT);
    return tx.query<ActiveCustomer>(ACTIVE, [about.projectId, about.since, about.incidentId, limit]);
  }

  /** Ids of the customers of a project seen at `since` or later whom the incident has not hit and who have one of these marks, in no order. */
  async others(
    tx: Tx,
    about: { projectId: number; incidentId: number; since: Date },
    { attributes, locales, zones, values }: Marks,
  ): Promise<number[]> {
    const marks = [attributes, locales, zones, values].map((one) => texts([...one]));
    const given = [about.projectId, about.since, about.incidentId, ...marks];
    await tx.query(ROOM_TO_SORT);
    const [row] = await tx.query<{ ids: string | null }>(OTHERS, given);
    return row?.ids?.split(',').map(Number) ?? [];
  }

  /**
   * Reads what is known of these customers, in no order.
   * @param lines remembers lists from one call to the next, so that customers who have the same share them
   */
  async traits(
    sql: Sql,
    projectId: number,
    ids: readonly number[],
    lines: Map<string, readonly string[]>,
  ): Promise<CustomerTraitsRow[]> {
    const rows = await sql.query<TraitSet>(TRAITS, [projectId, int8s(ids)]);
    const known = new Map<number, CustomerTraitsRow>();
    for (const row of rows) {
      const own = { ...row, names: linesOf(row.names, lines), values: linesOf(row.values, lines) };
      const before = known.get(row.id);
      known.set(row.id, before ? together(before, own) : own);
    }
    return [...known.values()];
  }

  /** Keeps what was found, in place of what was found before; `others` is how many were neither affected nor at risk. */
  async save(
    tx: Tx,
    incidentId: number,
    found: { affected: number; causes: readonly StatedCause[]; atRisk: AtRiskStated | null; others: number },
    now: Date,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO incident_cause AS i (incident_id, computed_at, affected, causes, at_risk, offered_at, others)
       VALUES ($1, $2, $3, $4, $5::jsonb, CASE WHEN $5::jsonb IS NOT NULL THEN $2::timestamptz END, CASE WHEN $5::jsonb IS NOT NULL THEN $6::int END)
       ON CONFLICT (incident_id) DO UPDATE SET computed_at = $2, affected = $3, causes = $4, at_risk = $5::jsonb,
         offered_at = coalesce(i.offered_at, EXCLUDED.offered_at), others = coalesce(i.others, EXCLUDED.others)`,
      [
        incidentId,
        now,
        found.affected,
        JSON.stringify(found.causes),
        found.atRisk === null ? null : JSON.stringify(found.atRisk),
        found.others,
      ],
    );
  }

  /** Reads how these customers use these traits. */
  async uses(
    sql: Sql,
    projectId: number,
    ids: readonly number[],
    terms: readonly { readonly trait: string; readonly value: string }[],
  ): Promise<TraitUse[]> {
    const [names, values] = [texts(terms.map(({ trait }) => trait)), texts(terms.map(({ value }) => value))];
    return sql.query<TraitUse>(USES, [projectId, int8s(ids), names, values]);
  }

  /**
   * Makes exactly these customers those who are at risk now; who was at risk before stays known, for measuring. Who comes, comes back or is known
   * better than before gets a number behind all others, in the order given.
   */
  async replaceAtRisk(
    tx: Tx,
    incidentId: number,
    found: readonly FoundAtRisk[],
    expected: number,
    now: Date,
  ): Promise<void> {
    const members = int8s(found.map(({ id }) => id));
    await tx.query(
      'UPDATE at_risk_member SET left_at = $3 WHERE incident_id = $1 AND left_at IS NULL AND NOT (customer_id = ANY ($2::bigint[]))',
      [incidentId, members, now],
    );
    await tx.query(
      `INSERT INTO at_risk_member AS m (incident_id, customer_id, since, expected, trust, soonness)
       SELECT $1, c.id, $3, $4, x.trust, x.soonness
       FROM unnest($2::bigint[], $5::text[], $6::float8[]) WITH ORDINALITY AS x (id, trust, soonness, nth)
       JOIN customer c ON c.id = x.id
       ORDER BY x.nth
       ON CONFLICT (incident_id, customer_id) DO UPDATE SET left_at = NULL, trust = EXCLUDED.trust, soonness = EXCLUDED.soonness,
         seq = CASE WHEN m.left_at IS NOT NULL OR ${trustRank('EXCLUDED.trust')} > ${trustRank('m.trust')} THEN nextval(pg_get_serial_sequence('at_risk_member', 'seq')) ELSE m.seq END`,
      [incidentId, members, now, expected, texts(found.map(({ trust }) => trust)), found.map((one) => one.soonness)],
    );
  }

  /** Has PostgreSQL look at what those at risk are found by: until it has, it plans for a few of them. */
  async analyze(sql: Sql): Promise<void> {
    await sql.query('ANALYZE at_risk_member (incident_id, customer_id, left_at, seq)');
  }

  /** Of all who were ever called at risk and of the others, how many were hit afterwards; undefined where nobody was called so. */
  async measure(sql: Sql, incidentId: number): Promise<Measured | undefined> {
    const [row] = await sql.query<Measured>(
      `SELECT (SELECT count(*)::int FROM at_risk_member WHERE incident_id = $1) AS of,
         (SELECT count(*)::int FROM at_risk_member m JOIN audience_member a USING (incident_id, customer_id)
          WHERE m.incident_id = $1 AND a.kind = 'affected' AND a.added_at > m.since) AS hit,
         (SELECT count(*)::int FROM audience_member a WHERE a.incident_id = $1 AND a.kind = 'affected' AND a.added_at > i.offered_at
          AND NOT EXISTS (SELECT FROM at_risk_member m WHERE m.incident_id = $1 AND m.customer_id = a.customer_id)) AS "restHit",
         i.others AS "ofRest"
       FROM incident_cause i
       WHERE i.incident_id = $1 AND i.offered_at IS NOT NULL`,
      [incidentId],
    );
    return row;
  }

  /** Customers at risk who were not hit, in the order of their numbers after `seq`: of those who came together, the likeliest to be hit soon first. */
  async atRisk(sql: Sql, incidentId: number, seq: number, limit: number): Promise<AtRiskMember[]> {
    return sql.query<AtRiskMember>(
      `SELECT ${AT_RISK_COLUMNS}
       FROM at_risk_member m
       WHERE m.incident_id = $1 AND m.left_at IS NULL AND m.seq > $2 AND ${NOT_HIT}
       ORDER BY m.seq
       LIMIT $3`,
      [incidentId, seq, limit],
    );
  }

  /** The newest of those at risk after the one numbered `seq`, up to `upTo`, and how many of these are known by such trust. */
  async beyond(sql: Sql, incidentId: number, { seq, upTo, trusts }: Stretch): Promise<Beyond> {
    const text = `SELECT coalesce(max(m.seq), $2) AS newest, count(*) FILTER (WHERE m.trust = ANY ($4::text[]) AND ${NOT_HIT}) AS count
      FROM at_risk_member m
      WHERE m.incident_id = $1 AND m.left_at IS NULL AND m.seq > $2 AND m.seq <= $3`;
    return onlyRow(await sql.query<Beyond>(text, [incidentId, seq, upTo, trusts]), 'the rest of an audience');
  }
}

/** Lines of a text; names and values of traits hold no line feed. */
function linesOf(text: string | null, known: Map<string, readonly string[]>): readonly string[] {
  if (text === null) return [];
  const found = known.get(text);
  if (found) return found;
  const lines = text.split('\n');
  if (known.size < MOST_LINES) known.set(text, lines);
  return lines;
}

function together(one: CustomerTraitsRow, later: CustomerTraitsRow): CustomerTraitsRow {
  return { ...one, names: [...one.names, ...later.names], values: [...one.values, ...later.values] };
}

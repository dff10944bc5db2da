import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts, timestamps } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Trust, TRUSTS } from '../../projects/project-key.js';
import { MOST_TRAITS } from '../trait.js';

/** One value of one trait of a customer, seen `count` times, first at `firstAt` and last at `at` (epoch milliseconds), and the best trust of who said so. */
export interface TraitRow {
  readonly projectId: number;
  readonly customerId: number;
  readonly name: string;
  readonly value: string;
  readonly firstAt: number;
  readonly at: number;
  readonly count: number;
  readonly trust: Trust;
}

const ADD = {
  name: 'traits.add',
  text: `INSERT INTO customer_trait AS t (project_id, customer_id, name, value, last_seen, count, first_seen, trust)
    SELECT x.project_id, coalesce(c.merged_into, c.id), x.name, x.value, max(x.at), sum(x.count), min(x.first_at), max(x.trust)
    FROM unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[], $7::timestamptz[], $8::int[])
      AS x (project_id, customer_id, name, value, at, count, first_at, trust)
    JOIN customer c ON c.id = x.customer_id
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (project_id, customer_id, name, value) DO UPDATE SET last_seen = greatest(t.last_seen, EXCLUDED.last_seen), count = t.count + EXCLUDED.count,
      first_seen = least(t.first_seen, EXCLUDED.first_seen), trust = greatest(t.trust, EXCLUDED.trust)
    RETURNING project_id, customer_id, xmax = 0 AS added`,
};
const TRIM = {
  name: 'traits.trim',
  text: `DELETE FROM customer_trait t
      USING unnest($1::int[], $2::bigint[]) AS x (project_id, customer_id),
      LATERAL (SELECT name, value FROM customer_trait o WHERE o.project_id = x.project_id AND o.customer_id = x.customer_id
               ORDER BY last_seen DESC, name, value
               OFFSET $3) old
    WHERE t.project_id = x.project_id AND t.customer_id = x.customer_id AND t.name = old.name AND t.value = old.value`,
};

/** SQL on what customers use. */
@Injectable()
export class TraitStore {
  /** Adds what was seen; those who are gone are left out, and of each customer and project the newest traits are kept. */
  async add(tx: Tx, rows: readonly TraitRow[]): Promise<void> {
    if (rows.length === 0) return;
    const written = await tx.query<{ project_id: number; customer_id: number; added: boolean }>(ADD, [
      int4s(rows.map((row) => row.projectId)),
      int8s(rows.map((row) => row.customerId)),
      texts(rows.map((row) => row.name)),
      texts(rows.map((row) => row.value)),
      timestamps(rows.map((row) => row.at)),
      int8s(rows.map((row) => row.count)),
      timestamps(rows.map((row) => row.firstAt)),
      int4s(rows.map((row) => TRUSTS.indexOf(row.trust))),
    ]);
    const grown = new Map(
      written.filter((row) => row.added).map((row) => [`${row.project_id} ${row.customer_id}`, row]),
    );
    if (grown.size === 0) return;
    const of = [...grown.values()];
    await tx.query(TRIM, [
      int4s(of.map((row) => row.project_id)),
      int8s(of.map((row) => row.customer_id)),
      MOST_TRAITS,
    ]);
  }

  /** Traits of one customer in a project, newest first. */
  async of(
    sql: Sql,
    projectId: number,
    customerId: number,
  ): Promise<{ name: string; value: string; lastSeen: Date; count: number }[]> {
    return sql.query(
      `SELECT name, value, max(last_seen) AS "lastSeen", sum(count)::bigint AS count
       FROM customer_trait
       WHERE project_id = $1 AND customer_id IN (SELECT id FROM customer WHERE id = $2 OR merged_into = $2)
       GROUP BY 1, 2
       ORDER BY 3 DESC, 1, 2`,
      [projectId, customerId],
    );
  }
}

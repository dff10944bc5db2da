import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts, timestamps } from '../../platform/db/arrays.js';
import { type Sql } from '../../platform/db/database.js';
import { MOST_TRAITS, type TraitPair, VOUCHED_TRAITS } from '../trait.js';

/** Different values of traits that a customer of a project was seen with, each once. Moments in epoch milliseconds, `trusts` as places in TRUSTS. */
export interface TraitSetRow {
  readonly projectId: number;
  readonly customerId: number;
  readonly traits: readonly TraitPair[];
  /** `traits` as PostgreSQL writes arrays of text, where the caller has that at hand: names and values. */
  readonly literals?: readonly [names: string, values: string] | undefined;
  readonly firsts: readonly number[];
  readonly lasts: readonly number[];
  readonly counts: readonly number[];
  readonly trusts: readonly number[];
}

const MERGED = `
  SELECT *
  FROM (
    SELECT name, value, min(first) AS first, max(last) AS last, sum(count)::bigint AS count, max(trust) AS trust,
      row_number() OVER (PARTITION BY max(trust) > 0 ORDER BY max(last) DESC, name DESC, value DESC) AS nth
    FROM (
      SELECT * FROM unnest(t.names, t.vals, t.firsts, t.lasts, t.counts, t.trusts)
      UNION ALL
      SELECT * FROM unnest(EXCLUDED.names, EXCLUDED.vals, EXCLUDED.firsts, EXCLUDED.lasts, EXCLUDED.counts, EXCLUDED.trusts)
    ) u (name, value, first, last, count, trust)
    GROUP BY name, value
  ) v
  ORDER BY (trust > 0 AND nth <= $11) DESC, last DESC, name DESC, value DESC
  LIMIT $10`;
const ADD = {
  name: 'traits.add',
  text: `
    INSERT INTO trait_set AS t (customer_id, project_id, last_seen, names, vals, firsts, lasts, counts, trusts)
    SELECT x.customer_id, x.project_id, x.last_seen, x.names::text[], x.vals::text[], x.firsts::bigint[], x.lasts::bigint[], x.counts::bigint[], x.trusts::smallint[]
    FROM unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
      AS x (customer_id, project_id, last_seen, names, vals, firsts, lasts, counts, trusts)
    WHERE EXISTS (SELECT FROM customer c WHERE c.id = x.customer_id)
    ORDER BY 1, 2
    ON CONFLICT (customer_id, project_id) DO UPDATE SET last_seen = greatest(t.last_seen, EXCLUDED.last_seen),
      (names, vals, firsts, lasts, counts, trusts) = (
        SELECT array_agg(name ORDER BY last, name, value), array_agg(value ORDER BY last, name, value), array_agg(first ORDER BY last, name, value),
          array_agg(last ORDER BY last, name, value), array_agg(count ORDER BY last, name, value), array_agg(trust ORDER BY last, name, value)
        FROM (${MERGED}) k
      )`,
};

/** SQL on what customers use. */
@Injectable()
export class TraitStore {
  /**
   * Adds what was seen; those who are gone are left out, and of each customer and project the newest traits are kept, those with a better word than a claim first.
   * @param rows each with `MOST_TRAITS` values at most
   */
  async add(sql: Sql, rows: readonly TraitSetRow[]): Promise<void> {
    // One statement changes a row only once.
    const later: TraitSetRow[] = [];
    const first = new Map<string, TraitSetRow>();
    for (const row of rows) {
      const key = `${row.projectId} ${row.customerId}`;
      if (first.has(key)) later.push(row);
      else first.set(key, row);
    }
    if (rows.length === 0) return;
    await this.addOnce(sql, [...first.values()]);
    await this.add(sql, later);
  }

  private async addOnce(sql: Sql, rows: readonly TraitSetRow[]): Promise<void> {
    const literals = rows.map(({ traits, literals: known }) => known ?? literalsOf(traits));
    await sql.query(ADD, [
      int8s(rows.map((row) => row.customerId)),
      int4s(rows.map((row) => row.projectId)),
      timestamps(rows.map((row) => Math.max(...row.lasts))),
      texts(literals.map(([names]) => names)),
      texts(literals.map(([, values]) => values)),
      texts(rows.map((row) => numberArray(row.firsts))),
      texts(rows.map((row) => numberArray(row.lasts))),
      texts(rows.map((row) => numberArray(row.counts))),
      texts(rows.map((row) => numberArray(row.trusts))),
      MOST_TRAITS,
      VOUCHED_TRAITS,
    ]);
  }
}

/** Names and values of traits as PostgreSQL writes arrays of text. */
export function literalsOf(traits: readonly TraitPair[]): readonly [names: string, values: string] {
  return [textArray(traits.map(([name]) => name)), textArray(traits.map(([, value]) => value))];
}

function textArray(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

function numberArray(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}

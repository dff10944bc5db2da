import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** Names of an erased customer that texts may hold. */
export interface Trace {
  /** Looked for anywhere, whatever the case. */
  readonly texts: readonly string[];
  /** Looked for as whole values only, since short ones stand in other words. */
  readonly quoted: readonly string[];
}

/** Columns whose texts come from events; what is found in them is replaced. */
const TEXTS = [
  ['cell', 'title'],
  ['cell', 'culprit'],
  ['issue', 'title'],
  ['issue', 'culprit'],
  ['incident', 'title'],
  ['fingerprint', 'masked'],
  ['user_feedback', 'message'],
  ['contact', 'text'],
  ['hand_over', 'text'],
] as const;
const DOCUMENTS = [
  ['fingerprint', 'parts'],
  ['incident_timeline', 'details'],
  ['detection', 'evidence'],
] as const;

/** Removal of what events said of customers who were erased, over all tables into which they come: also those of later rooms, so that one place knows them all. */
@Injectable()
export class TracesStore {
  /** Takes the traces of these customers off the list. */
  async take(tx: Tx, ids: readonly number[]): Promise<Trace[]> {
    return tx.query<Trace>(
      `DELETE FROM erased_trace
      WHERE customer_id = ANY ($1::bigint[])
      RETURNING texts, quoted`,
      [ids],
    );
  }

  /** Removes the payloads of these customers' events, whatever they say. */
  async removePayloadsOf(sql: Sql, customerIds: readonly number[]): Promise<void> {
    await sql.query('DELETE FROM event_sample WHERE customer_id = ANY ($1::bigint[])', [customerIds]);
  }

  /** Removes payloads that hold any of these. */
  async removePayloads(sql: Sql, texts: readonly string[], quoted: readonly string[]): Promise<void> {
    const parts = [...texts, ...quoted.map((one) => JSON.stringify(one))];
    const patterns = parts.map((one) => `%${one.replaceAll(/[\\%_]/g, '\\$&')}%`);
    await sql.query('DELETE FROM event_sample WHERE payload ILIKE ANY ($1::text[])', [patterns]);
    await sql.query(
      "DELETE FROM poison_event WHERE EXISTS (SELECT FROM unnest($1::text[]) AS t WHERE position(convert_to(t, 'UTF8') IN body) > 0)",
      [parts],
    );
  }

  /** Replaces these texts wherever else events may have brought them. A sketch keeps words apart, so it goes as a whole. */
  async hide(sql: Sql, texts: readonly string[]): Promise<void> {
    if (texts.length === 0) return;
    const pattern = texts.map((one) => one.replaceAll(/[^\p{L}\p{N} ]/gu, '\\$&')).join('|');
    const titled = `SELECT id
       FROM cell
       WHERE title ~* $1
       UNION
       SELECT cell_id
       FROM fingerprint
       WHERE masked ~* $1 OR parts::text ~* $1`;
    await sql.query(`DELETE FROM cell_sketch WHERE cell_id IN (${titled})`, [pattern]);
    for (const [table, column] of TEXTS)
      await sql.query(
        `UPDATE ${table}
         SET ${column} = regexp_replace(${column}, $1, '[erased]', 'gi')
         WHERE ${column} ~* $1`,
        [pattern],
      );
    for (const [table, column] of DOCUMENTS)
      await sql.query(
        `UPDATE ${table}
         SET ${column} = regexp_replace(${column}::text, $1, '[erased]', 'gi')::jsonb
         WHERE ${column}::text ~* $1`,
        [pattern],
      );
  }
}

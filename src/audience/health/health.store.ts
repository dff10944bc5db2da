import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Health, type HealthBand, type HealthFacts } from '../algorithm/health.v1.js';

/** Facts about one customer. */
export interface HealthRow extends HealthFacts {
  readonly customerId: number;
}

/** A customer's last score. */
export interface ScoredCustomer {
  readonly customerId: number;
  readonly score: number;
  readonly band: HealthBand;
  readonly parts: Health['parts'];
  readonly activeDays: Health['activeDays'];
  readonly scoredAt: Date;
}

/** Of those called to be in a band and looked at again later, how many used the app no more. */
export interface Calibration {
  readonly called: number;
  readonly silent: number;
}

const FACTS = `SELECT c.id AS "customerId", use.use,
    coalesce((SELECT json_agg(x) FROM (
      SELECT max(h.severity) AS severity, (extract(epoch FROM max(h.last_at)) * 1000)::float8 AS "lastAt", sum(h.events)::int AS events
      FROM customer o
      JOIN health_hit h ON h.customer_id = o.id
      WHERE (o.id = c.id OR o.merged_into = c.id) AND h.last_at >= $2
      GROUP BY h.issue_id) x), '[]') AS hits,
    (SELECT count(*)::int FROM user_feedback f WHERE f.customer_id = c.id AND f.at >= $3) AS contacts
  FROM (SELECT id FROM customer WHERE id > $1 AND merged_into IS NULL ORDER BY id LIMIT $4) c,
    LATERAL (SELECT (SELECT json_build_object('lastAt', (extract(epoch FROM a.last_at) * 1000)::float8, 'days', a.days)
      FROM customer_activity a
      WHERE a.customer_id = c.id
      ORDER BY a.last_at DESC
      LIMIT 1) AS use
      OFFSET 0) use`;

/** SQL on the health of customers. */
@Injectable()
export class HealthStore {
  /** The next customers by id, with what is known of them. */
  async next(sql: Sql, after: number, since: { hits: Date; contacts: Date }, limit: number): Promise<HealthRow[]> {
    type Row = Omit<HealthRow, 'use'> & { use: HealthRow['use'] | null };
    const rows = await sql.query<Row>({ name: 'health.next', text: FACTS }, [after, since.hits, since.contacts, limit]);
    return rows.map(({ use, ...row }) => ({ ...row, use: use ?? undefined }));
  }

  /** Writes scores. */
  async write(tx: Tx, scored: readonly (Health & { readonly customerId: number })[], now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO customer_health AS h (customer_id, score, band, parts, scored_at)
       SELECT x.id, x.score, x.band, x.parts::jsonb, $1
       FROM unnest($2::bigint[], $3::int[], $4::text[], $5::text[]) AS x (id, score, band, parts)
       WHERE EXISTS (SELECT FROM customer WHERE id = x.id)
       ON CONFLICT (customer_id) DO UPDATE SET score = EXCLUDED.score, band = EXCLUDED.band, parts = EXCLUDED.parts, scored_at = $1`,
      [
        now,
        int8s(scored.map((one) => one.customerId)),
        int4s(scored.map((one) => one.score)),
        texts(scored.map((one) => one.band)),
        texts(scored.map(({ parts, activeDays }) => JSON.stringify({ ...parts, activeDays }))),
      ],
    );
  }

  /**
   * Calls the bands of those who used the app lately: of the poor all, of the rest one in twenty by id; each at most once in the time after which it is
   * looked at again.
   */
  async call(tx: Tx, now: Date, since: Date): Promise<void> {
    await tx.query(
      `INSERT INTO health_call (customer_id, called_at, band)
       SELECT h.customer_id, $1, h.band
       FROM customer_health h
       WHERE h.scored_at = $1 AND (h.band = 'poor' OR h.customer_id % 20 = 0)
         AND EXISTS (SELECT FROM customer_activity a WHERE a.customer_id = h.customer_id AND a.last_at >= $2)
         AND NOT EXISTS (SELECT FROM health_call k WHERE k.customer_id = h.customer_id AND k.called_at >= $2)
       ON CONFLICT DO NOTHING`,
      [now, since],
    );
  }

  /** Looks at calls before a moment again: whether the customer used the app since. */
  async settle(tx: Tx, before: Date): Promise<void> {
    await tx.query(
      `UPDATE health_call k
       SET silent = NOT EXISTS (SELECT FROM customer_activity a WHERE a.customer_id = k.customer_id AND a.last_at > k.called_at)
       WHERE k.silent IS NULL AND k.called_at < $1`,
      [before],
    );
  }

  /** Removes scores that are older than a moment, and calls before another. */
  async forget(tx: Tx, scoredBefore: Date, calledBefore: Date): Promise<void> {
    await tx.query('DELETE FROM customer_health WHERE scored_at < $1', [scoredBefore]);
    await tx.query('DELETE FROM health_call WHERE called_at < $1', [calledBefore]);
  }

  /** Customers from the worst, after one of a score and id. */
  async worst(
    sql: Sql,
    bands: readonly HealthBand[],
    after: { readonly score: number; readonly customerId: number },
    limit: number,
  ): Promise<ScoredCustomer[]> {
    const rows = await sql.query<
      Omit<ScoredCustomer, 'activeDays'> & { parts: Health['parts'] & Pick<Health, 'activeDays'> }
    >(
      `SELECT customer_id AS "customerId", score, band, parts, scored_at AS "scoredAt"
       FROM customer_health
       WHERE (score, customer_id) > ($2, $3) AND band = ANY ($1::text[])
       ORDER BY score, customer_id
       LIMIT $4`,
      [bands, after.score, after.customerId, limit],
    );
    return rows.map(({ parts: { activeDays, ...parts }, ...row }) => ({ ...row, parts, activeDays }));
  }

  /** How the calls came out: of those called poor, and of the rest. */
  async calibration(sql: Sql): Promise<{ poor: Calibration; rest: Calibration }> {
    const rows = await sql.query<{ poor: number; poorSilent: number; rest: number; restSilent: number }>(
      `SELECT count(*) FILTER (WHERE band = 'poor')::int AS poor, count(*) FILTER (WHERE band = 'poor' AND silent)::int AS "poorSilent",
         count(*) FILTER (WHERE band <> 'poor')::int AS rest, count(*) FILTER (WHERE band <> 'poor' AND silent)::int AS "restSilent"
       FROM health_call
       WHERE silent IS NOT NULL`,
    );
    const { poor, poorSilent, rest, restSilent } = onlyRow(rows, 'the calibration');
    return { poor: { called: poor, silent: poorSilent }, rest: { called: rest, silent: restSilent } };
  }

  /** The band of each of these customers that has a score. */
  async bands(sql: Sql, ids: readonly number[]): Promise<Map<number, HealthBand>> {
    const rows = await sql.query<{ id: number; band: HealthBand }>(
      'SELECT customer_id AS id, band FROM customer_health WHERE customer_id = ANY ($1::bigint[])',
      [int8s(ids)],
    );
    return new Map(rows.map((row) => [row.id, row.band]));
  }
}

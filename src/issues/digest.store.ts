import { Injectable } from '@nestjs/common';
import { type Tx } from '../platform/db/database.js';
import { ARRIVAL_GAP_MINUTES, type CellTotals, type CustomerTotals } from './totals.js';

const COUNT_CUSTOMERS = {
  name: 'issues.count_customers',
  text: `WITH hit AS (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::uuid[]) AS h (cell_id, customer_id, events, first_at, last_at, last_event_id)
    ), before AS (
      SELECT c.cell_id, c.customer_id, c.last_minute FROM issue_customer c JOIN hit USING (cell_id, customer_id)
    ), saved AS (
      INSERT INTO issue_customer AS c (cell_id, customer_id, first_at, last_at, events, last_event_id, last_minute)
      SELECT cell_id, customer_id, first_at, last_at, events, last_event_id, $7 FROM hit ORDER BY cell_id, customer_id
      ON CONFLICT (cell_id, customer_id) DO UPDATE SET
        events = c.events + EXCLUDED.events,
        first_at = least(c.first_at, EXCLUDED.first_at),
        last_event_id = CASE WHEN EXCLUDED.last_at >= c.last_at THEN EXCLUDED.last_event_id ELSE c.last_event_id END,
        last_at = greatest(c.last_at, EXCLUDED.last_at),
        last_minute = greatest(c.last_minute, EXCLUDED.last_minute)
    )
    SELECT hit.cell_id, count(*) FILTER (WHERE before.cell_id IS NULL OR before.last_minute <= $7::timestamptz - make_interval(mins => $8)) AS arrivals,
      count(*) FILTER (WHERE before.cell_id IS NULL OR before.last_minute < $7) AS customers
    FROM hit LEFT JOIN before USING (cell_id, customer_id) GROUP BY hit.cell_id`,
};
const COUNT_MINUTES = {
  name: 'issues.count_minutes',
  text: `INSERT INTO issue_minute AS m (cell_id, minute, events, customers, arrivals)
         SELECT cell_id, $2, events, customers, arrivals FROM unnest($1::bigint[], $3::int[], $4::int[], $5::int[]) AS x (cell_id, events, customers, arrivals) ORDER BY cell_id
         ON CONFLICT (cell_id, minute) DO UPDATE SET events = m.events + EXCLUDED.events, customers = m.customers + EXCLUDED.customers, arrivals = m.arrivals + EXCLUDED.arrivals`,
};
const TOUCH_CELLS = {
  name: 'issues.touch_cells',
  text: `WITH mine AS (SELECT id FROM cell WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE)
         UPDATE cell c SET event_count = c.event_count + x.events, last_seen = greatest(c.last_seen, x.last_seen), first_seen = least(c.first_seen, x.first_seen),
           last_release = coalesce(x.release, c.last_release), blocking = c.blocking OR x.blocking, changed_at = $9, ruled_by = $10,
           severity = CASE WHEN c.ruled_by IS NOT DISTINCT FROM $10 THEN greatest(c.severity, x.severity) ELSE x.severity END,
           area = CASE WHEN c.ruled_by IS NOT DISTINCT FROM $10 THEN coalesce(c.area, x.area) ELSE x.area END
         FROM mine JOIN unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::boolean[], $7::smallint[], $8::text[])
           AS x (id, events, first_seen, last_seen, release, blocking, severity, area) USING (id)
         WHERE c.id = mine.id`,
};
const SAMPLED = {
  name: 'issues.sampled',
  text: `SELECT h.root_id AS issue_id, count(*) AS kept FROM issue h JOIN cell c ON c.issue_id = h.id JOIN event_sample s ON s.cell_id = c.id
         WHERE h.root_id = ANY ($1::bigint[]) AND s.received_at >= $2 GROUP BY h.root_id`,
};

/** The SQL of the hot path: one statement for all rows of a batch. */
@Injectable()
export class DigestStore {
  /** Adds customers' hits; returns by cell how many of them arrived (first hit, or first after a long quiet) and how many were not yet counted in this minute. */
  async countCustomers(
    tx: Tx,
    rows: readonly CustomerTotals[],
    minute: Date,
  ): Promise<{ cell_id: number; arrivals: number; customers: number }[]> {
    if (rows.length === 0) return [];
    return tx.query(COUNT_CUSTOMERS, [
      rows.map((r) => r.cellId),
      rows.map((r) => r.customerId),
      rows.map((r) => r.events),
      rows.map((r) => new Date(r.firstAt)),
      rows.map((r) => new Date(r.lastAt)),
      rows.map((r) => r.lastEventId),
      minute,
      ARRIVAL_GAP_MINUTES,
    ]);
  }

  /** Adds events and customers to the minute's counts. */
  async countMinutes(
    tx: Tx,
    minute: Date,
    rows: readonly { cellId: number; events: number; customers: number; arrivals: number }[],
  ): Promise<void> {
    await tx.query(COUNT_MINUTES, [
      rows.map((r) => r.cellId),
      minute,
      rows.map((r) => r.events),
      rows.map((r) => r.customers),
      rows.map((r) => r.arrivals),
    ]);
  }

  /**
   * Adds to cells' totals; takes their rows in order of id, so that two processes cannot wait for each other.
   * @param ruledBy stands for the rules in force: what other rules said before is replaced
   */
  async touchCells(tx: Tx, rows: readonly CellTotals[], ruledBy: string | null, now: Date): Promise<void> {
    await tx.query(TOUCH_CELLS, [
      rows.map((r) => r.cellId),
      rows.map((r) => r.events),
      rows.map((r) => new Date(r.firstSeen)),
      rows.map((r) => new Date(r.lastSeen)),
      rows.map((r) => r.release),
      rows.map((r) => r.blocking),
      rows.map((r) => r.severity),
      rows.map((r) => r.area),
      now,
      ruledBy,
    ]);
  }

  /** How many samples each issue has since `from`. */
  async sampledSince(tx: Tx, issueIds: readonly number[], from: Date): Promise<Map<number, number>> {
    const rows = await tx.query<{ issue_id: number; kept: number }>(SAMPLED, [issueIds, from]);
    return new Map(rows.map((row) => [row.issue_id, row.kept]));
  }
}

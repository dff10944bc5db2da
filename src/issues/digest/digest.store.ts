import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts, timestamps, uuids } from '../../platform/db/arrays.js';
import { type Bound, type Tx } from '../../platform/db/database.js';
import { bind } from '../../platform/db/sql.js';
import { ARRIVAL_GAP_MINUTES, type CellTotals, type CustomerTotals, type ReleaseTotals } from './totals.js';

const MINUTE = 60_000;
/** Length of one bit of `moments`, milliseconds: arrivals within it may be one script with several accounts. */
const MOMENT = 10_000;

const COUNT_HITS = {
  name: 'issues.count_hits',
  text: `
    WITH hit AS MATERIALIZED (
      SELECT *
      FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::uuid[], $11::text[],
          $14::int[], $15::int[], $16::bigint[])
        AS h (cell_id, customer_id, events, first_at, last_at, last_event_id, release, signed, server, source)
    ), saved AS (
      INSERT INTO issue_customer AS c
        (cell_id, customer_id, first_at, last_at, events, last_event_id, last_minute, signed_events, server_events, source)
      SELECT cell_id, customer_id, first_at, last_at, events, last_event_id, $7, signed, server, nullif(source, 0)
      FROM hit
      ORDER BY cell_id, customer_id
      ON CONFLICT (cell_id, customer_id) DO UPDATE SET
        events = c.events + EXCLUDED.events,
        signed_events = c.signed_events + EXCLUDED.signed_events,
        server_events = c.server_events + EXCLUDED.server_events,
        source = coalesce(c.source, EXCLUDED.source),
        first_at = least(c.first_at, EXCLUDED.first_at),
        last_event_id = CASE WHEN EXCLUDED.last_at >= c.last_at THEN EXCLUDED.last_event_id ELSE c.last_event_id END,
        last_at = greatest(c.last_at, EXCLUDED.last_at),
        last_minute = greatest(c.last_minute, EXCLUDED.last_minute)
    ), met AS (
      SELECT hit.cell_id, hit.release,
        count(*) FILTER (
          WHERE b.last_minute IS NULL OR b.last_minute <= $7::timestamptz - make_interval(mins => $8)
        ) AS arrivals,
        count(*) FILTER (WHERE b.last_minute IS NULL OR b.last_minute < $7) AS customers
      FROM hit
      LEFT JOIN LATERAL (
        SELECT last_minute
        FROM issue_customer c
        WHERE c.cell_id = hit.cell_id AND c.customer_id = hit.customer_id
        OFFSET 0
      ) b ON true
      GROUP BY hit.cell_id, hit.release
    )
    INSERT INTO issue_minute AS m (cell_id, minute, release, events, customers, arrivals, moments)
    SELECT x.cell_id, $7, x.release, x.events, coalesce(met.customers, 0), coalesce(met.arrivals, 0),
      CASE WHEN met.arrivals > 0 THEN $13::smallint ELSE 0 END
    FROM unnest($9::bigint[], $10::int[], $12::text[]) AS x (cell_id, events, release)
    LEFT JOIN met USING (cell_id, release)
    ORDER BY 1, 3
    ON CONFLICT (cell_id, minute, release) DO UPDATE SET
      events = m.events + EXCLUDED.events,
      customers = m.customers + EXCLUDED.customers,
      arrivals = m.arrivals + EXCLUDED.arrivals,
      moments = m.moments | EXCLUDED.moments`,
};
const TOUCH_CELLS = {
  name: 'issues.touch_cells',
  text: `
    WITH mine AS (
      SELECT id
      FROM cell
      WHERE id = ANY ($1::bigint[])
      ORDER BY id
      FOR UPDATE
    )
    UPDATE cell c
    SET
      event_count = c.event_count + x.events,
      last_seen = greatest(c.last_seen, x.last_seen),
      first_seen = least(c.first_seen, x.first_seen),
      last_release = coalesce(x.release, c.last_release),
      blocking = c.blocking OR x.blocking,
      changed_at = $9,
      ruled_by = $10,
      severity = CASE WHEN c.ruled_by IS NOT DISTINCT FROM $10 THEN greatest(c.severity, x.severity) ELSE x.severity END,
      area = CASE WHEN c.ruled_by IS NOT DISTINCT FROM $10 THEN coalesce(c.area, x.area) ELSE x.area END
    FROM mine
    JOIN unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::boolean[], $7::smallint[], $8::text[])
      AS x (id, events, first_seen, last_seen, release, blocking, severity, area) USING (id)
    WHERE c.id = mine.id`,
};
const SAMPLED = {
  name: 'issues.sampled',
  text: `
    SELECT h.root_id AS "issueId", count(*) AS kept
    FROM issue h
    JOIN cell c ON c.issue_id = h.id
    JOIN event_sample s ON s.cell_id = c.id
    WHERE h.root_id = ANY ($1::bigint[]) AND s.received_at >= $2
    GROUP BY h.root_id`,
};

/** The SQL of the hot path: one statement for all rows of a batch. */
@Injectable()
export class DigestStore {
  /**
   * Statement that adds hits by cell and customer, and counts by cell, release and minute: events, customers who are new in that minute,
   * arrivals (a first hit, or the first after `ARRIVAL_GAP_MINUTES`), and the ten seconds in which they came.
   */
  countHits(rows: readonly CustomerTotals[], releases: readonly ReleaseTotals[], now: Date): Bound {
    const minute = new Date(Math.floor(now.getTime() / MINUTE) * MINUTE);
    return bind(COUNT_HITS, [
      int8s(rows.map((r) => r.cellId)),
      int8s(rows.map((r) => r.customerId)),
      int4s(rows.map((r) => r.events)),
      timestamps(rows.map((r) => r.firstAt)),
      timestamps(rows.map((r) => r.lastAt)),
      uuids(rows.map((r) => r.lastEventId)),
      minute,
      ARRIVAL_GAP_MINUTES,
      int8s(releases.map((r) => r.cellId)),
      int4s(releases.map((r) => r.events)),
      texts(rows.map((r) => r.release)),
      texts(releases.map((r) => r.release)),
      1 << Math.floor((now.getTime() - minute.getTime()) / MOMENT),
      int4s(rows.map((r) => r.signed)),
      int4s(rows.map((r) => r.server)),
      int8s(rows.map((r) => r.source)),
    ]);
  }

  /**
   * Statement that adds to the totals of cells. It takes their rows in order of id, so that two processes cannot wait for each other.
   * @param ruledBy names the rules in force; it replaces what other rules said before
   */
  touchCells(rows: readonly CellTotals[], ruledBy: string | null, now: Date): Bound {
    return bind(TOUCH_CELLS, [
      int8s(rows.map((r) => r.cellId)),
      int4s(rows.map((r) => r.events)),
      timestamps(rows.map((r) => r.firstSeen)),
      timestamps(rows.map((r) => r.lastSeen)),
      texts(rows.map((r) => r.release)),
      rows.map((r) => r.blocking),
      rows.map((r) => r.severity),
      texts(rows.map((r) => r.area)),
      now,
      ruledBy,
    ]);
  }

  /** How many samples each issue has since `from`. */
  async sampledSince(tx: Tx, issueIds: readonly number[], from: Date): Promise<Map<number, number>> {
    const rows = await tx.query<{ issueId: number; kept: number }>(SAMPLED, [issueIds, from]);
    return new Map(rows.map(({ issueId, kept }) => [issueId, kept]));
  }
}

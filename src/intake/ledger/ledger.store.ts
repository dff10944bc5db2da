import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts, timestamps, uuids } from '../../platform/db/arrays.js';
import { type Bound, type Sql, type Tx } from '../../platform/db/database.js';
import { bind, runAll } from '../../platform/db/sql.js';
import { type Outcome } from '../outcome.js';

const CLAIM = {
  name: 'intake.claim_events',
  text: `
    WITH fresh AS (
      INSERT INTO event_seen (project_id, event_id, seen_at, mark)
      SELECT p, e, $3, m
      FROM unnest($1::int[], $2::uuid[], $4::bigint[]) WITH ORDINALITY AS x (p, e, m, nth)
      ORDER BY p, e, nth
      ON CONFLICT DO NOTHING
      RETURNING project_id, event_id, mark
    )
    SELECT CASE WHEN count(*) < cardinality($2::uuid[])
      THEN coalesce(array_agg(project_id || ':' || replace(event_id::text, '-', '') || ':' || mark), '{}') END AS keys
    FROM fresh`,
};
const CLAIM_ALL = {
  name: 'intake.claim_all_events',
  text: `
    INSERT INTO event_seen (project_id, event_id, seen_at, mark)
    SELECT p, e, $3, m
    FROM unnest($1::int[], $2::uuid[], $4::bigint[]) AS x (p, e, m)
    ORDER BY p, e`,
};
const TAKEN = {
  name: 'intake.taken_ids',
  text: `
    SELECT s.project_id || ':' || replace(s.event_id::text, '-', '') || ':' || x.m AS key
    FROM unnest($1::int[], $2::uuid[], $3::bigint[]) AS x (p, e, m)
    JOIN event_seen s ON s.project_id = x.p AND s.event_id = x.e
    WHERE s.mark <> x.m`,
};
const COUNT = {
  name: 'intake.count_outcomes',
  text: `INSERT INTO intake_outcome AS o (project_id, minute, outcome, count, nobody)
    SELECT *
    FROM unnest($1::int[], $2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[])
    ORDER BY 1, 2, 3
    ON CONFLICT (project_id, minute, outcome) DO UPDATE SET
      count = o.count + EXCLUDED.count,
      nobody = o.nobody + EXCLUDED.nobody`,
};
const SAVE_SAMPLES = {
  name: 'intake.save_samples',
  text: `
    INSERT INTO event_sample (project_id, event_id, cell_id, received_at, payload, customer_id)
    SELECT project_id, event_id, cell_id, received_at, payload, nullif(customer_id, 0)
    FROM unnest($1::int[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::bigint[])
      AS s (project_id, event_id, cell_id, received_at, payload, customer_id)
    ON CONFLICT DO NOTHING`,
};

/** A number of inputs that ended alike in one minute; project 0 stands for "not known". */
export interface OutcomeCount {
  readonly projectId: number;
  readonly minute: Date;
  readonly outcome: Outcome;
  readonly count: number;
  /** Of these, events that named no customer; none if left out. */
  readonly nobody?: number;
}

/** An event that is to count once. */
export interface Claim {
  readonly projectId: number;
  /** 32 hex digits. */
  readonly eventId: string;
  /** Tells a resend from another event with the same id: `markOf`. */
  readonly mark: number;
}

/** A scrubbed payload that is kept. */
export interface StoredSample {
  readonly projectId: number;
  readonly eventId: string;
  /** The part of an issue that the event counted for. */
  readonly cellId: number;
  readonly receivedAt: Date;
  /** Whose event it is. */
  readonly customerId: number | undefined;
  /** JSON text. */
  readonly payload: string;
}

/** SQL on what came in: ids seen, outcomes, samples. */
@Injectable()
export class LedgerStore {
  /** Marks events as seen; returns the keys `projectId:eventId:mark` that were new, or null where all of them were. */
  async claimEvents(tx: Tx, claims: readonly Claim[], now: Date): Promise<Set<string> | null> {
    const [row] = await tx.query<{ keys: string[] | null }>(CLAIM, claimValues(claims, now));
    return row?.keys ? new Set(row.keys) : null;
  }

  /** The keys `projectId:eventId:mark` of those under whose id another event was seen. */
  async takenByOthers(tx: Tx, claims: readonly Claim[]): Promise<Set<string>> {
    const [projectIds, eventIds, , marks] = claimValues(claims);
    const rows = await tx.query<{ key: string }>(TAKEN, [projectIds, eventIds, marks]);
    return new Set(rows.map(({ key }) => key));
  }

  /**
   * Marks events as seen, all or none; fails with a unique violation when one of them was seen before, or two are the same.
   */
  claimAllEvents(claims: readonly Claim[], now: Date): Bound {
    return bind(CLAIM_ALL, claimValues(claims, now));
  }

  /** Adds to the counts of outcomes. */
  async countOutcomes(sql: Sql, counts: readonly OutcomeCount[]): Promise<void> {
    await runAll(sql, this.addOutcomes(counts));
  }

  /** The statement that adds to the counts of outcomes; none for no counts. */
  addOutcomes(counts: readonly OutcomeCount[]): Bound[] {
    if (counts.length === 0) return [];
    const columns = [
      counts.map((c) => c.projectId),
      counts.map((c) => c.minute),
      counts.map((c) => c.outcome),
      counts.map((c) => c.count),
      counts.map((c) => c.nobody ?? 0),
    ];
    return [bind(COUNT, columns)];
  }

  /** The statement that keeps samples; none for no samples. */
  saveSamples(samples: readonly StoredSample[]): Bound[] {
    if (samples.length === 0) return [];
    const columns = [
      int4s(samples.map((s) => s.projectId)),
      uuids(samples.map((s) => s.eventId)),
      int8s(samples.map((s) => s.cellId)),
      timestamps(samples.map((s) => s.receivedAt.getTime())),
      texts(samples.map((s) => s.payload)),
      int8s(samples.map((s) => s.customerId ?? 0)),
    ];
    return [bind(SAVE_SAMPLES, columns)];
  }

  /** The newest samples of these cells. */
  async samplesOf(
    sql: Sql,
    cellIds: readonly number[],
    limit: number,
  ): Promise<{ eventId: string; receivedAt: Date; payload: unknown }[]> {
    const rows = await sql.query<{ event_id: string; received_at: Date; payload: string }>(
      `SELECT event_id, received_at, payload
       FROM event_sample
       WHERE cell_id = ANY ($1::bigint[])
       ORDER BY received_at DESC
       LIMIT $2`,
      [cellIds, limit],
    );
    return rows.map((row) => ({
      eventId: row.event_id.replaceAll('-', ''),
      receivedAt: row.received_at,
      payload: JSON.parse(row.payload) as unknown,
    }));
  }

  /** The newest samples of one project, or of all. */
  async recentSamples(
    sql: Sql,
    projectId: number | undefined,
    limit: number,
  ): Promise<{ cellId: number; receivedAt: Date; payload: unknown }[]> {
    const rows = await sql.query<{ cell_id: number; received_at: Date; payload: string }>(
      `SELECT cell_id, received_at, payload
       FROM event_sample
       WHERE $1::int IS NULL OR project_id = $1
       ORDER BY received_at DESC
       LIMIT $2`,
      [projectId ?? null, limit],
    );
    return rows.map((row) => ({
      cellId: row.cell_id,
      receivedAt: row.received_at,
      payload: JSON.parse(row.payload) as unknown,
    }));
  }

  /** Sums of outcomes over all time. */
  async totals(sql: Sql): Promise<{ project_id: number; outcome: Outcome; count: number }[]> {
    return sql.query(
      `SELECT project_id, outcome, sum(count)::bigint AS count
       FROM intake_outcome
       GROUP BY 1, 2
       ORDER BY 1, 2`,
    );
  }
}

function claimValues(claims: readonly Claim[], now?: Date): [Buffer, Buffer, Date | undefined, Buffer] {
  return [
    int4s(claims.map((one) => one.projectId)),
    uuids(claims.map((one) => one.eventId)),
    now,
    int8s(claims.map((one) => one.mark)),
  ];
}

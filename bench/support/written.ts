import { setTimeout as pause } from 'node:timers/promises';
import { type Database } from '../../src/platform/db/database.js';

/** Counts of what a daemon has taken and written since its database was made. */
export interface Written {
  /** Errors that are counted on issues. */
  readonly events: number;
  /** Inputs by the outcome in which each ended; written every two seconds. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Bytes that the database takes. */
  readonly bytes: number;
  /** Bytes of the write-ahead log: all that was written, also where it replaced something. */
  readonly logged: number;
  /** Rows inserted, updated and deleted. */
  readonly rows: number;
  /** Traits that customers have. */
  readonly traits: number;
}

interface Row {
  readonly events: number;
  readonly bytes: number;
  readonly logged: number;
  readonly rows: number;
  readonly traits: number;
  readonly outcomes: Readonly<Record<string, number>> | null;
}

/** Looks at the database now. */
export async function written(database: Database): Promise<Written> {
  const [row] = await database.query<Row>(
    `SELECT (SELECT coalesce(sum(event_count), 0)::bigint FROM cell) AS events,
      pg_database_size(current_database()) AS bytes,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS logged,
      (SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = current_database()) AS rows,
      (SELECT coalesce(sum(cardinality(names)), 0)::bigint FROM trait_set) AS traits,
      (SELECT jsonb_object_agg(outcome, count) FROM (SELECT outcome, sum(count) AS count FROM intake_outcome GROUP BY 1) o) AS outcomes`,
  );
  return { events: 0, bytes: 0, logged: 0, rows: 0, traits: 0, ...row, outcomes: row?.outcomes ?? {} };
}

/** Stages that gather in memory what they write down. */
const GATHERING = ['outcome-flush', 'telemetry-flush', 'trait-flush'];

/** Looks once the stages that gather have written all that they had by now: when each has ended two more runs, of which the second began after. */
export async function settled(database: Database, port: number): Promise<Written> {
  const ends = new Map(GATHERING.map((stage) => [stage, new Set<string>()]));
  while ([...ends.values()].some((times) => times.size < 3)) {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const [stage, times] of ends) times.add(lastSuccess(metrics, stage));
    await pause(200);
  }
  return written(database);
}

function lastSuccess(metrics: string, stage: string): string {
  const found = new RegExp(`^forewarn_stage_last_success_timestamp_seconds\\{stage="${stage}"\\} (.*)$`, 'm').exec(
    metrics,
  );
  if (found?.[1] === undefined) throw new Error(`the daemon has no metric of the stage ${stage}`);
  return found[1];
}

/** Outcomes that were added between two looks. */
export function outcomesBetween(before: Written, after: Written): Record<string, number> {
  const counts = Object.entries(after.outcomes).map(([outcome, count]) => [
    outcome,
    count - (before.outcomes[outcome] ?? 0),
  ]);
  return Object.fromEntries(counts.filter(([, count]) => count !== 0)) as Record<string, number>;
}

/** All counts together. */
export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

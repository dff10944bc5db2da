import { type TestDaemon } from './test-daemon.js';

/** One minute of stored history; a test sets the fields that it is about. */
export interface HistoryMinute {
  /** Sessions started and crashed, by release. */
  sessions?: Record<string, readonly [started: number, crashed: number]>;
  /** Customers who used the app. */
  active?: number;
  /** Customers whom each issue hit, by release. */
  hits?: readonly { issue: number; release?: string; customers: number }[];
}

/**
 * Writes minutes down as intake and digest would have, from `from` on; returns the moment after them. Something was heard in each of
 * them, if only that nothing was wrong.
 */
export async function history(
  forewarn: Pick<TestDaemon, 'rows'>,
  from: Date,
  minutes: number,
  at: (minute: number) => HistoryMinute | null,
): Promise<Date> {
  const rows = Array.from({ length: minutes }, (_, minute) => ({ minute: timeOf(from, minute), ...at(minute) }));
  const heard = rows.filter((_, minute) => at(minute) !== null);
  await forewarn.rows(
    `INSERT INTO intake_outcome (project_id, minute, outcome, count) SELECT 1, x, 'accepted', 1 FROM unnest($1::timestamptz[]) AS x ON CONFLICT DO NOTHING`,
    [heard.map(({ minute }) => minute)],
  );
  await forewarn.rows(
    `INSERT INTO project_minute (project_id, minute, active_customers) SELECT 1, (x ->> 'minute')::timestamptz, (x ->> 'active')::int
     FROM jsonb_array_elements($1) AS x WHERE x ? 'active' ON CONFLICT (project_id, minute) DO UPDATE SET active_customers = EXCLUDED.active_customers`,
    [JSON.stringify(rows)],
  );
  await forewarn.rows(
    `INSERT INTO release_session (project_id, minute, release, environment, started, exited, errored, crashed, abnormal, crashed_devices)
     SELECT 1, (x ->> 'minute')::timestamptz, s.key, 'production', (s.value ->> 0)::int, 0, 0, (s.value ->> 1)::int, 0, (s.value ->> 1)::int
     FROM jsonb_array_elements($1) AS x, jsonb_each(x -> 'sessions') AS s`,
    [JSON.stringify(rows)],
  );
  await forewarn.rows(
    `INSERT INTO issue_minute (cell_id, minute, release, events, customers, arrivals)
     SELECT (h ->> 'issue')::int, (x ->> 'minute')::timestamptz, coalesce(h ->> 'release', ''), (h ->> 'customers')::int, (h ->> 'customers')::int, (h ->> 'customers')::int
     FROM jsonb_array_elements($1) AS x, jsonb_array_elements(x -> 'hits') AS h ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
  return timeOf(from, minutes);
}

/** A day of history that ends now, taken over by detection, and two hours more: from here on what is usual is known. */
export async function aDayOf(forewarn: TestDaemon, at: (minute: number) => HistoryMinute | null): Promise<void> {
  const now = forewarn.clock.now();
  const from = timeOf(now, -23 * 60);
  await history(forewarn, from, 25 * 60 + 10, at);
  await forewarn.runStages('detect');
  forewarn.clock.advance('2h');
  forewarn.clock.advance('10m');
  await forewarn.runStages('detect');
}

/** Lets `minutes` of such history pass, detection looking every `step` minutes. */
export async function pass(
  forewarn: TestDaemon,
  minutes: number,
  at: (minute: number) => HistoryMinute | null,
  step = 1,
): Promise<void> {
  for (let from = 0; from < minutes; from += step) {
    await history(forewarn, forewarn.clock.now(), step, (minute) => at(from + minute));
    forewarn.clock.advance(`${step}m`);
    await forewarn.runStages('detect', 'incident-open');
  }
}

function timeOf(from: Date, minutes: number): Date {
  return new Date(Math.floor(from.getTime() / 60_000) * 60_000 + minutes * 60_000);
}

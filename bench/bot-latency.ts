import { type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/platform/config/settings.js';
import { openDatabase } from '../src/platform/db/open-database.js';
import { type Database } from '../src/platform/db/database.js';
import { startDaemon, TOKEN } from './support/daemon-process.js';
import { pace } from './support/paced-load.js';

const INCIDENTS = 100;
/** Seconds of load before the measuring: the compiler learns from running code, and the stages of the start write a hundred drafts. */
const WARM_S = 30;

/**
 * How long bots wait: 100 active incidents, a million customers, of whom each hundredth was hit by one incident. `explanationsAtStart` is the first
 * five seconds after the start of the daemon, all else is measured once it is warm.
 */
export async function measureLatency(options: {
  readonly customers: number;
  readonly seconds: number;
  readonly perSecond: number;
}): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'fw-bench-bot-'));
  let daemon: ChildProcess | undefined;
  try {
    const { database, close } = await openDatabase(readSettings({ ...process.env, FOREWARN_DATA_DIR: folder }));
    try {
      await fill(database, options.customers);
    } finally {
      await close();
    }
    const port = 21_000 + (process.pid % 1000);
    daemon = await startDaemon(folder, port);
    const target = { port, token: TOKEN };
    const { seconds, perSecond } = options;
    let asked = 0; // goes on over the phases, so that no customer asks twice
    const customer = () => `c-${(asked++ * 7919) % options.customers}`;
    const explanations = () => ({ path: `/v1/bot/explanations?customer=${customer()}` });
    const first = await pace(target, explanations, { seconds: 5, perSecond });
    await pace(target, explanations, { seconds: WARM_S, perSecond });
    const listed = await pace(target, explanations, { seconds, perSecond });
    const context = () => ({ path: `/v1/customers/${customer()}/context` });
    await pace(target, context, { seconds: 5, perSecond: 50 });
    const contexts = await pace(target, context, { seconds, perSecond: 50 });
    const match = (nth: number) => ({
      path: '/v1/bot/match',
      body: JSON.stringify({ text: `the payment of order ${nth} fails at step ${nth % 100}`, customer: customer() }),
    });
    // Until all explanations are embedded, questions wait.
    await pace(target, match, { seconds: 15, perSecond: 5 });
    const matched = await pace(target, match, { seconds, perSecond: 10 });
    const outcome = await answerIds(port, customer);
    const reported = await pace(target, outcome, { seconds, perSecond: 50 });
    console.table({
      explanationsAtStart: first,
      explanations: listed,
      context: contexts,
      match: matched,
      outcomes: reported,
    });
    return {
      explanationsPerSecond: perSecond,
      explanationsAtStartP99Ms: first.p99Ms,
      explanationsP50Ms: listed.p50Ms,
      explanationsP99Ms: listed.p99Ms,
      explanationsRefused: listed.refused,
      contextP50Ms: contexts.p50Ms,
      contextP99Ms: contexts.p99Ms,
      matchP50Ms: matched.p50Ms,
      matchP95Ms: matched.p95Ms,
      outcomesP95Ms: reported.p95Ms,
    };
  } finally {
    daemon?.kill('SIGTERM');
    if (daemon) await new Promise((done) => daemon?.once('exit', done));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ids of answers to report on, each once. */
async function answerIds(port: number, customer: () => string) {
  const ids: string[] = [];
  for (let round = 0; round < 50; round++) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/bot/explanations?customer=${customer()}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    ids.push(...((await answer.json()) as { items: { answerId: string }[] }).items.map(({ answerId }) => answerId));
  }
  return (nth: number) => ({
    path: '/v1/bot/outcomes',
    body: JSON.stringify({ answerId: ids[nth % ids.length], outcome: 'helped' }),
  });
}

async function fill(database: Database, customers: number): Promise<void> {
  const sql = (text: string, values: unknown[] = []) => database.query(text, values);
  await sql(`INSERT INTO directory (name) VALUES ('app') ON CONFLICT DO NOTHING`);
  await sql(
    `INSERT INTO project (slug, name, created_at, directory_id) SELECT 'app', 'App', now(), id FROM directory ON CONFLICT DO NOTHING`,
  );
  await sql(
    `INSERT INTO customer (directory_id, source, locale, time_zone, created_at, updated_at)
     SELECT d.id, 'directory', (ARRAY['en', 'zh-CN'])[1 + n % 2], (ARRAY['Europe/Berlin', 'Asia/Shanghai', 'America/New_York'])[1 + n % 3], now(), now()
     FROM directory d, generate_series(0, $1::int - 1) n ORDER BY n`,
    [customers],
  );
  await sql(
    `INSERT INTO customer_identity (directory_id, kind, value, customer_id)
     SELECT directory_id, 'id', 'c-' || (id - (SELECT min(id) FROM customer)), id FROM customer`,
  );
  await sql(
    `INSERT INTO issue (project_id, kind, title, level, environment, changed_at, root_id, opened_at)
     SELECT p.id, 'exception', 'Fault ' || n, 'error', 'production', now(), n, now() FROM project p, generate_series(1, ${INCIDENTS}) n ORDER BY n`,
  );
  await sql(
    `INSERT INTO cell (issue_id, kind, title, level, first_seen, last_seen, changed_at) SELECT id, 'exception', title, 'error', now(), now(), now() FROM issue ORDER BY id`,
  );
  await sql(
    `INSERT INTO incident (project_id, status, severity, title, area, started_at, opened_at)
     SELECT i.project_id, 'detected', 'major', i.title, 'step ' || i.id % 100, now() - interval '1 hour', now() FROM issue i ORDER BY id`,
  );
  await sql(
    `INSERT INTO incident_issue (incident_id, issue_id, attached_at, reason) SELECT id, id, now(), 'bench' FROM incident`,
  );
  await sql(
    `INSERT INTO issue_customer (cell_id, customer_id, first_at, last_at, events, last_event_id, last_minute)
     SELECT 1 + (c.id / 100) % ${INCIDENTS}, c.id, now(), now(), 1, gen_random_uuid(), date_trunc('minute', now()) FROM customer c WHERE c.id % 100 = 0`,
  );
  await sql('VACUUM ANALYZE');
}

import { type ChildProcess } from 'node:child_process';
import { Agent, request as send } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { readSettings } from '../src/platform/config/settings.js';
import { openDatabase } from '../src/platform/db/open-database.js';
import { type Database } from '../src/platform/db/database.js';

const TOKEN = 'bench-admin-token-0123456789';
const INCIDENTS = 100;

/** Latencies of one call at an even pace. */
interface Pace {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
}

/** How long bots wait: 100 active incidents, a million customers, of whom each hundredth was hit by one incident. */
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
    daemon = await start(folder, port);
    const customer = (nth: number) => `c-${(nth * 7919) % options.customers}`;
    const explanations = (nth: number) => ({ path: `/v1/bot/explanations?customer=${customer(nth)}` });
    await pace(port, explanations, { seconds: 3, perSecond: options.perSecond });
    const listed = await pace(port, explanations, options);
    const match = (nth: number) => ({
      path: '/v1/bot/match',
      body: JSON.stringify({ text: `the payment of order ${nth} fails at step ${nth % 100}`, customer: customer(nth) }),
    });
    await pace(port, match, { seconds: 5, perSecond: 5 });
    const matched = await pace(port, match, { seconds: options.seconds, perSecond: 10 });
    const outcome = await answerIds(port, customer);
    const reported = await pace(port, outcome, { seconds: options.seconds, perSecond: 50 });
    console.table({ explanations: listed, match: matched, outcomes: reported });
    return {
      explanationsPerSecond: options.perSecond,
      explanationsP50Ms: listed.p50Ms,
      explanationsP99Ms: listed.p99Ms,
      explanationsRefused: listed.refused,
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
async function answerIds(port: number, customer: (nth: number) => string) {
  const ids: string[] = [];
  for (let nth = 0; nth < 50; nth++) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/bot/explanations?customer=${customer(nth)}`, {
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

async function start(folder: string, port: number): Promise<ChildProcess> {
  const env = {
    ...process.env,
    FOREWARN_DATA_DIR: folder,
    PORT: String(port),
    FOREWARN_ADMIN_TOKEN: TOKEN,
    LOG_LEVEL: 'warn',
  };
  const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
  const daemon = spawn(process.execPath, [cli, 'start'], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  process.once('exit', () => daemon.kill('SIGTERM'));
  for (let attempt = 0; attempt < 600; attempt++) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return daemon;
    await pause(100);
  }
  throw new Error('the daemon did not become ready');
}

/** Calls at an even pace, each with a latency of its own: one that waits does not keep the next from being made. */
async function pace(
  port: number,
  call: (nth: number) => { readonly path: string; readonly body?: string },
  { seconds, perSecond }: { readonly seconds: number; readonly perSecond: number },
): Promise<Pace> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const latencies: number[] = [];
  let refused = 0;
  const underWay: Promise<void>[] = [];
  const began = performance.now();
  for (let nth = 0; nth < seconds * perSecond; nth++) {
    const wait = began + (nth * 1000) / perSecond - performance.now();
    if (wait > 0.5) await pause(wait);
    const at = performance.now();
    underWay.push(
      ask(agent, port, call(nth)).then((status) => {
        latencies.push(performance.now() - at);
        if (status !== 200) refused++;
      }),
    );
  }
  await Promise.all(underWay);
  agent.destroy();
  latencies.sort((one, other) => one - other);
  const quantile = (share: number) => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 100) / 100;
  return { p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99), refused };
}

function ask(
  agent: Agent,
  port: number,
  { path, body }: { readonly path: string; readonly body?: string },
): Promise<number> {
  return new Promise((done, fail) => {
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const method = body === undefined ? 'GET' : 'POST';
    const sent = send({ agent, host: '127.0.0.1', port, path, method, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => done(answer.statusCode ?? 0));
    });
    sent.once('error', fail);
    sent.end(body);
  });
}

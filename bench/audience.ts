import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AudienceStore } from '../src/audience/affected/audience.store.js';
import { CustomerStore } from '../src/customers/directory/customer.store.js';
import { namesOfText } from '../src/customers/algorithm/cells.js';
import { ChunkWriter } from '../src/customers/import/chunk.writer.js';
import { CustomerImporter } from '../src/customers/import/customer.importer.js';
import { ImportStore } from '../src/customers/import/import.store.js';
import { SystemClock } from '../src/platform/clock.js';
import { startDaemon } from '../src/daemon/daemon.js';
import { loadConfig } from '../src/forewarn-config.js';
import { readSettings } from '../src/platform/config/settings.js';
import { Database } from '../src/platform/db/database.js';
import { createLogger } from '../src/platform/logging/logger.js';
import { type StageName } from '../src/platform/stages/stage.js';
import { StageRunner } from '../src/platform/stages/stage-runner.js';
import { Projects } from '../src/projects/project.registry.js';

/**
 * Customers, `--customers N`; a tenth and a hundredth of it run before, so that growth shows. Each has twelve attributes and five hits of two hundred
 * issues. One incident hit a tenth of them: seven of ten who have one value of one attribute.
 */
const CUSTOMERS = Number(option('customers') ?? 1_000_000);
/** Lines in one piece of the stream, as a file's reader or a socket hands them over. */
const PIECE = 300;
const LOOK_UPS = 200;
const ISSUES = 200;
const HITS_OF_A_CUSTOMER = 5;
const STAGES: readonly StageName[] = ['audience', 'causes'];

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

interface Row {
  readonly customers: number;
  readonly importSeconds: number;
  readonly perSecond: number;
  readonly againSeconds: number;
  readonly longestHoldMs: number;
  readonly rssMb: number;
  readonly bytesPerCustomer: number;
  readonly lookUpMs: number;
  readonly hits: number;
  readonly affected: number;
  readonly affectedSeconds: number;
  /** Causes and cohort: they are found in one look. */
  readonly causesSeconds: number;
  readonly atRisk: number;
  /** Until the waves of both audiences began, each with a snapshot of all of its audience, and the first messages of each were planned. */
  readonly snapshotSeconds: number;
  /** Customers in the snapshots. */
  readonly frozen: number;
  /** Affected, causes, cohort and snapshot together. */
  readonly frozenSeconds: number;
  readonly planned: number;
  /** Every message of both waves planned, snapshot included. */
  readonly plannedSeconds: number;
  /** One customer of the audience, and a page of it, by the API's own queries. */
  readonly audiencePageMs: number;
}

/** Lines of customers who differ in everything, with twelve traits beside what every entry has. */
async function* customers(count: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < count; at += PIECE) {
    const lines = [];
    for (let nth = at; nth < Math.min(count, at + PIECE); nth++) lines.push(lineOf(nth));
    yield Buffer.from(`${lines.join('\n')}\n`);
  }
}

function lineOf(nth: number): string {
  const traits = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`trait${at}`, (nth * (at + 7)) % (at + 3)]));
  return JSON.stringify({
    externalId: `c-${nth}`,
    name: `Given${nth % 9973} Family${nth % 99_991}`,
    locale: ['en', 'de', 'zh-CN', 'pt_BR'][nth % 4],
    timeZone: ['Europe/Berlin', 'Asia/Shanghai', 'America/New_York'][nth % 3],
    email: `c${nth}@customers.example`,
    phone: `+4915${String(100_000_000 + nth)}`,
    consent: { sms: nth % 3 > 0, email: true },
    attributes: traits,
  });
}

async function* nothings(count: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < count; at += 20_000) yield Buffer.from('{}\n'.repeat(Math.min(20_000, count - at)));
}

async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const count of [CUSTOMERS / 100, CUSTOMERS / 10, CUSTOMERS]) {
    rows.push(await inDaemon((world) => measure(world, count)));
    console.log(JSON.stringify(rows.at(-1)));
  }
  const emptyHoldMs = await inDaemon(({ database, directory }) =>
    held(() => importOf(database, directory, nothings(CUSTOMERS))),
  );
  console.table(rows);
  const last = rows.at(-1);
  console.log(
    JSON.stringify({
      bench: 'audience',
      ...last,
      emptyLinesHoldMs: Math.round(emptyHoldMs),
      importSecondsBySize: Object.fromEntries(rows.map((row) => [row.customers, row.importSeconds])),
      frozenSecondsBySize: Object.fromEntries(rows.map((row) => [row.customers, row.frozenSeconds])),
    }),
  );
}

/** A daemon on a database of its own that runs no stage by itself. */
interface World {
  readonly database: Database;
  readonly directory: { readonly id: number; readonly name: string };
  readonly projectId: number;
  readonly run: (stage: StageName) => Promise<{ readonly worked: number }>;
}

async function inDaemon<T>(work: (world: World) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'fw-bench-audience-'));
  await cp(join(import.meta.dirname, '..', '..', 'config', 'templates'), join(folder, 'templates'), {
    recursive: true,
  });
  await writeFile(join(folder, 'forewarn.yaml'), CONFIG);
  const settings = readSettings({
    ...process.env,
    PORT: '0',
    FOREWARN_DATA_DIR: join(folder, 'data'),
    FOREWARN_ROLES: 'intake,api',
  });
  const clock = new SystemClock();
  const config = loadConfig(join(folder, 'forewarn.yaml'));
  const daemon = await startDaemon(settings, config, { clock, logger: createLogger('silent') });
  try {
    const [projects, runner] = [daemon.app.get(Projects), daemon.app.get(StageRunner)];
    const run = (stage: StageName) => runner.stage(stage).runOnce(clock.now(), new AbortController().signal);
    const directory = projects.directory();
    const projectId = projects.list()[0]?.id ?? 0;
    return await work({ database: daemon.app.get(Database), directory, projectId, run });
  } finally {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const CONFIG = `
projects: [{ slug: shop, name: Shop }]
locales: [en]
policies: [{ name: all, audience: [affected, atRisk], channels: [sms, email] }]
`;

async function importOf(
  database: Database,
  directory: World['directory'],
  source: AsyncIterable<Buffer>,
): Promise<void> {
  const writer = new ChunkWriter(new ImportStore(), new CustomerStore());
  await new CustomerImporter(writer, database, new SystemClock()).import(source, { directory });
}

/** Hits in bulk, as digest would have left them: the first issue hit seven of ten of those whose attribute is zero, the others anybody. */
const LOAD = [
  `INSERT INTO issue (id, project_id, kind, title, level, environment, changed_at, root_id, opened_at) OVERRIDING SYSTEM VALUE
   SELECT n, $1, 'exception', 'Fault ' || n, 'error', 'production', now(), n, now() FROM generate_series(1, ${ISSUES}) n`,
  `INSERT INTO cell (id, issue_id, kind, title, level, first_seen, last_seen, changed_at)
   SELECT n, n, 'exception', 'Fault ' || n, 'error', now(), now(), now() FROM generate_series(1, ${ISSUES}) n`,
  `INSERT INTO issue_customer (cell_id, customer_id, first_at, last_at, events, last_event_id, last_minute, server_events)
   SELECT 1, id, now() - interval '10 minutes', now(), 1, gen_random_uuid(), now(), 1 FROM customer
   WHERE (attributes ->> 'trait4')::int = 0 AND id % 10 < 7`,
  `INSERT INTO issue_customer (cell_id, customer_id, first_at, last_at, events, last_event_id, last_minute, server_events)
   SELECT 2 + (id * 31 + n * 37) % ${ISSUES - 1}, id, now() - interval '10 minutes', now(), 1, gen_random_uuid(), now(), 1
   FROM customer, generate_series(1, ${HITS_OF_A_CUSTOMER}) n WHERE (n < ${HITS_OF_A_CUSTOMER} OR (attributes ->> 'trait4')::int <> 0 OR id % 10 >= 7)`,
  `INSERT INTO customer_activity (project_id, customer_id, last_at) SELECT $1, id, now() - (id % 1400) * interval '1 minute' FROM customer`,
  `INSERT INTO incident (id, project_id, status, severity, title, started_at, opened_at) OVERRIDING SYSTEM VALUE
   VALUES (1, $1, 'detected', 'major', 'Fault 1', now() - interval '20 minutes', now() - interval '10 minutes')`,
  `INSERT INTO incident_issue (incident_id, issue_id, attached_at, reason) SELECT 1, 1, now(), 'detection'`,
];

async function measure(world: World, count: number): Promise<Row> {
  const { database, directory, projectId } = world;
  const before = await sizeOf(database);
  const from = performance.now();
  const longestHoldMs = await held(() => importOf(database, directory, customers(count)));
  const importSeconds = (performance.now() - from) / 1000;
  const bytes = (await sizeOf(database)) - before;
  const again = performance.now();
  await importOf(database, directory, customers(count));
  const againSeconds = (performance.now() - again) / 1000;
  await load(database, projectId);
  const incident = await freeze(world);
  return {
    customers: count,
    importSeconds: round(importSeconds),
    perSecond: Math.round(count / importSeconds),
    againSeconds: round(againSeconds),
    longestHoldMs: Math.round(longestHoldMs),
    rssMb: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    bytesPerCustomer: Math.round(bytes / count),
    lookUpMs: round(await lookUps(database, count)),
    hits: await countOf(database, 'SELECT count(*) AS count FROM issue_customer'),
    ...incident,
  };
}

/**
 * Without the limit of a statement, since five million hits take longer on a slow machine. Vacuumed, as PostgreSQL does by itself while hits come over
 * days; here it would do so while the rest is measured.
 */
async function load(database: Database, projectId: number): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('SET LOCAL statement_timeout = 0');
    for (const statement of LOAD) await tx.query(statement, statement.includes('$1') ? [projectId] : []);
  });
  const client = await database.session();
  await client.query('SET statement_timeout = 0');
  await client.query('VACUUM (ANALYZE)');
  client.release(true);
}

const IN_SNAPSHOTS = `SELECT count(*) AS count
  FROM campaign c
  JOIN (SELECT 'affected' AS audience, seq FROM audience_member WHERE kind = 'affected' UNION ALL SELECT 'at_risk', seq FROM at_risk_member WHERE left_at IS NULL) m
    ON m.audience = c.audience AND m.seq <= c.frozen_seq`;

/** One incident from its hits to the planned messages of everybody whom it concerns. */
async function freeze({ database, run }: World) {
  const seconds: Record<string, number> = {};
  for (const stage of STAGES) {
    const from = performance.now();
    await run(stage);
    seconds[stage] = (performance.now() - from) / 1000;
  }
  await run('draft');
  const from = performance.now();
  await run('campaign');
  const snapshotSeconds = (performance.now() - from) / 1000;
  const frozen = await countOf(database, IN_SNAPSHOTS);
  while ((await run('campaign')).worked > 0);
  const plannedSeconds = (performance.now() - from) / 1000;
  const { audience = 0, causes = 0 } = seconds;
  return {
    affected: await countOf(database, `SELECT count(*) AS count FROM audience_member WHERE kind = 'affected'`),
    affectedSeconds: round(audience),
    causesSeconds: round(causes),
    atRisk: await countOf(database, 'SELECT count(*) AS count FROM at_risk_member'),
    snapshotSeconds: round(snapshotSeconds),
    frozen,
    frozenSeconds: round(audience + causes + snapshotSeconds),
    planned: await countOf(database, 'SELECT count(*) AS count FROM message'),
    plannedSeconds: round(plannedSeconds),
    audiencePageMs: round(await audiencePages(database)),
  };
}

/** The slower half of pages of fifty of the audience: their median, milliseconds. */
async function audiencePages(database: Database): Promise<number> {
  const store = new AudienceStore();
  const took = [];
  for (let at = 0; at < LOOK_UPS; at++) {
    const from = performance.now();
    await store.list(database, 1, at * 400, 50);
    took.push(performance.now() - from);
  }
  return took.toSorted((a, b) => a - b)[Math.floor(LOOK_UPS * 0.75)] ?? 0;
}

async function countOf(database: Database, sql: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(sql);
  return Number(row?.count ?? 0);
}

/** Longest time that the main thread was held while `work` ran, milliseconds. */
async function held(work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
}

/** The slower half of look-ups by id, name, e-mail address and phone number: their median, milliseconds. */
async function lookUps(database: Database, count: number): Promise<number> {
  await database.query('ANALYZE customer, customer_identity');
  const store = new CustomerStore();
  const took = [];
  for (let at = 0; at < LOOK_UPS; at++) {
    const nth = (at * 7919) % count;
    const texts = [`c-${nth}`, `Family${nth % 99_991}`, `c${nth}@customers.example`, `+4915${100_000_000 + nth}`];
    const text = texts[at % texts.length] ?? '';
    const from = performance.now();
    await store.search(database, { directoryId: null, names: namesOfText(text), beginning: text, limit: 20 });
    took.push(performance.now() - from);
  }
  return took.toSorted((a, b) => a - b)[Math.floor(LOOK_UPS * 0.75)] ?? 0;
}

async function sizeOf(database: Database): Promise<number> {
  const [row] = await database.query<{ size: number }>('SELECT pg_database_size(current_database()) AS size');
  return row?.size ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

await main();

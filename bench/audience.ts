import { mkdtemp, rm } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CustomerStore } from '../src/customers/directory/customer.store.js';
import { namesOfText } from '../src/customers/algorithm/cells.js';
import { ChunkWriter } from '../src/customers/import/chunk.writer.js';
import { CustomerImporter } from '../src/customers/import/customer.importer.js';
import { ImportStore } from '../src/customers/import/import.store.js';
import { SystemClock } from '../src/platform/clock.js';
import { readSettings } from '../src/platform/config/settings.js';
import { type Database } from '../src/platform/db/database.js';
import { openDatabase } from '../src/platform/db/open-database.js';
import { ProjectStore } from '../src/projects/registry/project.store.js';

/** Customers of the import, `--customers N`; a tenth and a hundredth of it run before, so that growth shows. */
const CUSTOMERS = Number(option('customers') ?? 1_000_000);
/** Lines in one piece of the stream, as a file's reader or a socket hands them over. */
const PIECE = 300;
const LOOK_UPS = 200;

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
  const folder = await mkdtemp(join(tmpdir(), 'fw-bench-audience-'));
  const settings = readSettings({ ...process.env, FOREWARN_DATA_DIR: folder });
  const { database, close } = await openDatabase(settings);
  try {
    const rows = [];
    for (const count of [CUSTOMERS / 100, CUSTOMERS / 10, CUSTOMERS]) rows.push(await measure(database, count));
    const emptyHoldMs = await held(() => importOf(database, 'empty', nothings(CUSTOMERS)));
    console.table(rows);
    const last = rows.at(-1);
    console.log(
      JSON.stringify({
        bench: 'audience',
        ...last,
        emptyLinesHoldMs: Math.round(emptyHoldMs),
        importSecondsBySize: Object.fromEntries(rows.map((row) => [row.customers, row.importSeconds])),
      }),
    );
  } finally {
    await close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function importOf(database: Database, directory: string, source: AsyncIterable<Buffer>): Promise<void> {
  const store = new ProjectStore();
  const id = await database.transaction((tx) => store.ensureDirectory(tx, directory));
  const importer = new CustomerImporter(
    new ChunkWriter(new ImportStore(), new CustomerStore()),
    database,
    new SystemClock(),
  );
  await importer.import(source, { directory: { id, name: directory } });
}

async function measure(database: Database, count: number): Promise<Row> {
  const directory = `size-${count}`;
  const before = await sizeOf(database);
  const from = performance.now();
  const longestHoldMs = await held(() => importOf(database, directory, customers(count)));
  const importSeconds = (performance.now() - from) / 1000;
  const bytes = (await sizeOf(database)) - before;
  const again = performance.now();
  await importOf(database, directory, customers(count));
  const againSeconds = (performance.now() - again) / 1000;
  return {
    customers: count,
    importSeconds: round(importSeconds),
    perSecond: Math.round(count / importSeconds),
    againSeconds: round(againSeconds),
    longestHoldMs: Math.round(longestHoldMs),
    rssMb: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    bytesPerCustomer: Math.round(bytes / count),
    lookUpMs: round(await lookUps(database, count)),
  };
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

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../src/platform/db/open-database.js';
import { type Database } from '../src/platform/db/database.js';
import { readSettings } from '../src/platform/config/settings.js';
import { KINDS, type LoadKind } from './support/bodies.js';
import { cpuSeconds } from './support/cpu-time.js';
import { firstProject, importCustomers, letOneAddressBeMany, rssMb, startDaemon } from './support/daemon-process.js';
import { type LoadOrder, type LoadReport } from './support/load.js';
import { outcomesBetween, settled, sumOf, written } from './support/written.js';

/**
 * Seconds of load on the daemon for each kind, `--seconds N`. A campaign's waves are that far apart, so that planning weighs in every
 * run what it weighs in the long run.
 */
const SECONDS = Number(option('seconds') ?? 15);
/** Seconds of load on the bare server before and again after; the daemon is halted, longer than ten would end connections it is opening. */
const BARE_SECONDS = 5;
/** Seconds of load that are not measured, so that a compiler that learns from running code has done so. */
const WARM_UP_SECONDS = 15;
/** Only this kind of load, `--kind NAME`. */
const KIND = option('kind');

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

interface Row {
  readonly accepted: number;
  readonly drained: number;
  readonly bare: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
  /** Growth of the resident memory since the end of the warm-up. */
  readonly rssGrowthMb: number;
  readonly bytesPerEvent: number;
  /** Bytes of the write-ahead log and rows written, an event. */
  readonly loggedPerEvent: number;
  readonly rowsPerEvent: number;
  /** CPU time of the daemon and of its PostgreSQL, microseconds an event; says more than seconds on a busy machine. */
  readonly nodeUs: number;
  readonly pgUs: number;
  readonly lost: number;
  /** Traits that customers have when it is over. */
  readonly traits: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

async function load(order: LoadOrder): Promise<LoadReport> {
  const child = fork(path('support/load.js'));
  child.send(order);
  return new Promise((done, failed) => {
    let report: LoadReport | undefined;
    child.on('message', (message) => (report = message as LoadReport));
    child.on('exit', (code, signal) =>
      report ? done(report) : failed(new Error(`the load process ended without a report (${code ?? signal})`)),
    );
  });
}

/**
 * Measures one kind. What digest commits is there when the load ends; where sessions and transactions come beside, whatever gathers them is waited for
 * before and after, so that its writing weighs in full, and an event is any of the inputs.
 */
async function measure(
  { name: kind, beside }: LoadKind,
  captures: string,
  target: { port: number; project: string; key: string },
  bare: { port: number },
  daemon: ChildProcess,
  database: Database,
): Promise<Row> {
  const order = { captures, kind, seconds: SECONDS };
  const run = () => randomBytes(6).toString('hex');
  const pid = daemon.pid ?? 0;
  const bareRate = async () => {
    daemon.kill('SIGSTOP'); // what it still does in the background would slow the bare server
    const { accepted, seconds } = await load({
      ...order,
      seconds: BARE_SECONDS,
      port: bare.port,
      project: '1',
      key: 'x',
      run: '',
    });
    daemon.kill('SIGCONT');
    return accepted / seconds;
  };
  const bareBefore = await bareRate();
  await load({ ...order, ...target, seconds: WARM_UP_SECONDS, run: run() });
  const rssBefore = rssMb(pid);
  const look = () => (beside ? settled(database, target.port) : written(database));
  const before = await look();
  const cpuBefore = cpuSeconds(pid);
  const report = await load({ ...order, ...target, run: run() });
  const after = await look();
  const cpuAfter = cpuSeconds(pid);
  const rssAfter = rssMb(pid);
  const outcomes = outcomesBetween(before, after);
  const errors = after.events - before.events;
  const counted = beside ? errors + (outcomes.used ?? 0) : errors;
  const events = Math.max(1, counted);
  const drained = counted / report.seconds;
  const bareMean = (bareBefore + (await bareRate())) / 2;
  return {
    accepted: report.accepted / report.seconds,
    drained,
    bare: bareMean,
    ratio: drained / bareMean,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    rssMb: rssAfter,
    rssGrowthMb: rssAfter - rssBefore,
    bytesPerEvent: (after.bytes - before.bytes) / events,
    loggedPerEvent: (after.logged - before.logged) / events,
    rowsPerEvent: (after.rows - before.rows) / events,
    nodeUs: ((cpuAfter.own - cpuBefore.own) * 1e6) / events,
    pgUs: ((cpuAfter.below - cpuBefore.below) * 1e6) / events,
    lost: report.accepted - (beside ? sumOf(outcomes) : errors),
    traits: after.traits,
    outcomes,
  };
}

async function main(): Promise<void> {
  const captures = join(process.env.BENCH_DATA ?? '', 'sdk-captures');
  if (!process.env.BENCH_DATA || !existsSync(captures)) {
    process.stderr.write(
      'bench:intake needs captured requests: set BENCH_DATA to a folder that holds sdk-captures/.\n',
    );
    process.exitCode = 2;
    return;
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'fw-bench-'));
  const port = 20_000 + (process.pid % 12_000); // below those that Linux takes for outgoing connections
  const daemon = await startDaemon(dataDir, port);
  const bareServer = fork(path('support/bare-server.js'));
  const [barePort] = (await once(bareServer, 'message')) as [number];
  const { database, close } = await openDatabase(readSettings({ FOREWARN_DATA_DIR: dataDir }), { share: true });
  const { id: project, key } = await firstProject(port);
  await letOneAddressBeMany(port, project);
  const rows: Record<string, Row> = {};
  for (const kind of KINDS.filter((one) => KIND === undefined || one.name === KIND)) {
    if (kind.beside) await importCustomers(port, kind.customers);
    rows[kind.name] = await measure(kind, captures, { port, project, key }, { port: barePort }, daemon, database);
  }
  report(rows);
  await close();
  bareServer.disconnect();
  const ended = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  await ended;
  await rm(dataDir, { recursive: true, force: true });
}

function report(rows: Readonly<Record<string, Row>>): void {
  console.log(
    'kind         accepted/s  drained/s   bare/s  ratio  p50 ms  p99 ms  RSS MB  bytes/event  lost  node us  pg us  log bytes  rows  traits',
  );
  for (const [name, row] of Object.entries(rows)) {
    const cells = [
      row.accepted.toFixed(0).padStart(10),
      row.drained.toFixed(0).padStart(10),
      row.bare.toFixed(0).padStart(8),
      row.ratio.toFixed(2).padStart(6),
    ];
    const rest = [
      row.p50Ms.toFixed(1).padStart(7),
      row.p99Ms.toFixed(1).padStart(7),
      row.rssMb.toFixed(0).padStart(7),
      row.bytesPerEvent.toFixed(0).padStart(12),
      String(row.lost).padStart(5),
      row.nodeUs.toFixed(0).padStart(8),
      row.pgUs.toFixed(0).padStart(6),
      row.loggedPerEvent.toFixed(0).padStart(10),
      row.rowsPerEvent.toFixed(1).padStart(5),
      String(row.traits).padStart(7),
    ];
    console.log([name.padEnd(11), ...cells, ...rest].join(' '));
  }
  for (const [name, { outcomes }] of Object.entries(rows)) console.log(`${name}: ${wordsOf(outcomes)}`);
  const pick = (field: Exclude<keyof Row, 'outcomes'>, digits: number) =>
    Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, Number(row[field].toFixed(digits))]));
  console.log(
    JSON.stringify({
      bench: 'intake',
      ratio: pick('ratio', 3),
      acceptedPerSecond: pick('accepted', 0),
      drainedPerSecond: pick('drained', 0),
      barePerSecond: pick('bare', 0),
      p50Ms: pick('p50Ms', 1),
      p99Ms: pick('p99Ms', 1),
      rssMb: pick('rssMb', 0),
      rssGrowthMb: pick('rssGrowthMb', 0),
      bytesPerEvent: pick('bytesPerEvent', 0),
      loggedBytesPerEvent: pick('loggedPerEvent', 0),
      rowsPerEvent: pick('rowsPerEvent', 2),
      traits: pick('traits', 0),
      outcomes: Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row.outcomes])),
      lost: pick('lost', 0),
      nodeCpuUsPerEvent: pick('nodeUs', 0),
      postgresCpuUsPerEvent: pick('pgUs', 0),
    }),
  );
}

function wordsOf(outcomes: Readonly<Record<string, number>>): string {
  return Object.entries(outcomes)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}

await main();

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/db/embedded-postgres.js';
import { type ProviderBooks } from './support/chaos-providers.js';

/*
 * Kills workers while they send, restarts PostgreSQL under them, and lets the providers misbehave; then compares the providers' books with ours.
 * usage: chaos-delivery [--seed 1] [--messages 10000] [--workers 4] [--kills 50] [--restarts 2] [--latency 150] [--quick]
 * Ends with one JSON line, and with code 1 when the books do not balance.
 */
const SEED = Number(option('seed') ?? 1);
const MESSAGES = Number(option('messages') ?? 10_000);
const WORKERS = Number(option('workers') ?? 4);
const KILLS = Number(option('kills') ?? 50);
const RESTARTS = Number(option('restarts') ?? 2);
const LATENCY = option('latency') ?? '150';
const QUICK = process.argv.includes('--quick');

const ADMIN = 'chaos-admin-token-0123456789';
const ACCOUNT = `AC${'0123456789abcdef'.repeat(2)}`;
const TWILIO_TOKEN = 'fedcba9876543210fedcba9876543210';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url));

const POLICY = `
projects: [{ slug: shop, name: Shop }]
locales: [en, zh]
detection: { newFault: { customers: 1, within: 10m } }
outreach: { limits: { sms: { perHour: 1000000, perDay: 1000000 }, email: { perHour: 1000000, perDay: 1000000 } } }
policies:
  - { name: all, channels: [sms, email], approval: automatic, blastLimit: 10000000, trust: [claimed, signed, server] }
`;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Draws of this run, the same for the same seed. */
let state = SEED;
function draw(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/** Processes that must not outlive this one. */
const CHILDREN = new Set<ChildProcess>();
process.once('exit', () => CHILDREN.forEach((child) => child.kill('SIGKILL')));

/** A process of the daemon. */
class Worker {
  ready = false;
  /** The end of what it said. */
  said = '';
  constructor(readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk: Buffer) => {
      this.said = (this.said + chunk.toString()).slice(-4000);
      this.ready ||= this.said.includes('Forewarn listens');
    });
    process.stderr?.on('data', (chunk: Buffer) => global.process.stderr.write(chunk));
  }

  static start(env: Record<string, string>): Worker {
    const child = spawn(process.execPath, [CLI, 'start'], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    CHILDREN.add(child);
    child.once('exit', () => CHILDREN.delete(child));
    return new Worker(child);
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.process, 'exit');
    this.process.kill(signal);
    await ended;
  }
}

class Chaos {
  workers: Worker[] = [];
  kills = 0;
  restarts = 0;
  longestOverdueMs = 0;

  constructor(
    private postgres: EmbeddedPostgres,
    private readonly dataDir: string,
    readonly env: Record<string, string>,
    private readonly base: string,
    private readonly providers: ChildProcess,
  ) {}

  async sql<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async api(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<unknown> {
    const answer = await fetch(this.base + path, {
      method,
      body,
      headers: { authorization: `Bearer ${ADMIN}`, ...headers },
    });
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  async books(): Promise<ProviderBooks> {
    const told = once(this.providers, 'message');
    this.providers.send('books');
    return (await told)[0] as ProviderBooks;
  }

  /** Messages whose outcome is known. */
  async done(): Promise<number> {
    const [row] = await this.sql<{ done: number; overdue: number }>(
      `SELECT count(*) FILTER (WHERE state NOT IN ('pending', 'claimed', 'sending'))::int AS done,
         coalesce(extract(epoch FROM max(now() - lease_until) FILTER (WHERE state IN ('claimed', 'sending'))) * 1000, 0)::float8 AS overdue FROM message`,
    );
    this.longestOverdueMs = Math.max(this.longestOverdueMs, row?.overdue ?? 0);
    return row?.done ?? 0;
  }

  startWorker(): void {
    this.workers.push(Worker.start({ ...this.env, PORT: '0', FOREWARN_ROLES: 'stages' }));
  }

  /** Starts others for those that ended by themselves, as a supervisor does: a daemon does not start without its database. */
  replaceEnded(): void {
    const running = this.workers.filter((worker) => !worker.hasEnded);
    const missing = this.workers.length - running.length;
    this.workers = running;
    for (let nth = 0; nth < missing; nth++) this.startWorker();
  }

  /** Kills one of those that work, and starts another in its place. */
  async kill(): Promise<void> {
    const working = this.workers.filter(({ ready }) => ready);
    const victim = working[draw(working.length)];
    if (!victim) return;
    await pause(draw(200));
    await victim.end('SIGKILL');
    this.workers.splice(this.workers.indexOf(victim), 1);
    this.startWorker();
    this.kills++;
  }

  async restartPostgres(): Promise<void> {
    await this.postgres.stop();
    await pause(500 + draw(1500));
    this.postgres = await startEmbeddedPostgres(this.dataDir);
    this.restarts++;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end('SIGTERM')));
    await this.postgres.stop();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Customers of whom seven in ten are reached by SMS, and the fault that hits them all. */
async function seed(chaos: Chaos): Promise<void> {
  const people = Array.from({ length: MESSAGES }, (_, at) => ({
    externalId: `c${at}`,
    locale: at % 3 ? 'en' : 'zh',
    ...(at % 10 < 7
      ? { phone: `+49151${10_000_000 + at}`, consent: { sms: true } }
      : { email: `c${at}@customers.example`, consent: { email: true } }),
  }));
  const lines = people.map((one) => JSON.stringify(one)).join('\n');
  await chaos.api('POST', '/v1/customers/import', lines, { 'content-type': 'application/x-ndjson' });
  const { items } = (await chaos.api('GET', '/v1/projects')) as { items: { key: string }[] };
  for (let at = 0; at < people.length; at += 200) {
    const events = people.slice(at, at + 200).map(({ externalId }) => ({
      type: 'TypeError',
      message: 'total is undefined',
      stack: 'TypeError: total\n    at pay (/srv/pay.js:1:1)',
      customer: externalId,
    }));
    await chaos.api('POST', '/v1/events', JSON.stringify(events), {
      authorization: `Bearer ${items[0]?.key}`,
      'content-type': 'application/json',
    });
  }
}

async function until(what: string, seconds: number, check: () => Promise<boolean>): Promise<void> {
  for (const began = performance.now(); performance.now() - began < seconds * 1000; await pause(200))
    if (await check().catch(() => false)) return;
  throw new Error(`${what} did not come about in ${seconds} s`);
}

/** Kills and restarts spread evenly over the messages, so that they meet a worker at work however fast it is. */
async function disturb(chaos: Chaos): Promise<void> {
  const restartAt = Array.from({ length: RESTARTS }, (_, at) => ((at + 1) * MESSAGES) / (RESTARTS + 1));
  const killAt = Array.from({ length: KILLS }, (_, at) => ((at + 0.5) * MESSAGES * 0.95) / KILLS);
  const began = performance.now();
  while (chaos.kills < KILLS || chaos.restarts < RESTARTS) {
    const done = await chaos.done().catch(() => 0);
    chaos.replaceEnded();
    if (chaos.restarts < RESTARTS && done >= restartAt[chaos.restarts]!) await chaos.restartPostgres();
    if (chaos.kills < KILLS && done >= killAt[chaos.kills]!) await chaos.kill();
    await pause(50);
    if (performance.now() - began > 1_800_000) throw new Error('the workers do not get on');
  }
}

/** Brings what only time can bring: waits between attempts, and the five minutes after which Twilio's list is believed. */
async function age(chaos: Chaos): Promise<void> {
  // Rows that a worker holds are left alone: waiting for thousands of them in any order would make deadlocks that no product of ours has.
  await chaos.sql(
    `UPDATE message SET next_at = now() WHERE id IN (SELECT id FROM message WHERE state IN ('pending', 'in_doubt') FOR UPDATE SKIP LOCKED)`,
  );
  await chaos.sql(
    `UPDATE attempt SET started_at = started_at - interval '10 minutes' WHERE message_id IN (SELECT id FROM message WHERE state = 'in_doubt')`,
  );
}

interface Row {
  readonly address: string | null;
  readonly channel: string;
  readonly state: string;
  readonly reason: string | null;
  readonly name: string;
}

async function judge(chaos: Chaos): Promise<Record<string, number>> {
  const books = await chaos.books();
  const rows = await chaos.sql<Row>(
    "SELECT m.address, m.channel, m.state, m.state_reason AS reason, i.value AS name FROM message m JOIN customer_identity i ON i.customer_id = m.customer_id AND i.kind = 'id'",
  );
  const listed = new Set<string>();
  for (let cursor = ''; ;) {
    const page = (await chaos.api('GET', `/v1/messages?state=in_doubt&limit=200${cursor}`)) as {
      items: { address: string | null }[];
      nextCursor: string | null;
    };
    for (const { address } of page.items) listed.add(address ?? '');
    if (!page.nextCursor) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  const taken = (row: Row) => (row.channel === 'sms' ? books.sms : books.mail)[row.address ?? ''] ?? 0;
  const accepted = rows.filter(({ state }) => state === 'sent' || state === 'delivered');
  const failed = rows.filter(({ state }) => state === 'failed');
  const doubtful = rows.filter(({ state }) => state === 'in_doubt');
  const undelivered = new Set(books.undelivered);
  const twice = (all: Record<string, number>) => Object.values(all).filter((one) => one > 1).length;
  return {
    messages: rows.length,
    accepted: accepted.length,
    failed: failed.length,
    inDoubt: doubtful.length,
    smsTaken: Object.values(books.sms).reduce((sum, one) => sum + one, 0),
    mailTaken: Object.values(books.mail).reduce((sum, one) => sum + one, 0),
    faults: Object.values(books.faults).reduce((sum, one) => sum + one, 0),
    smsTwice: twice(books.sms),
    mailTwice: twice(books.mail),
    neverPlanned: MESSAGES - rows.length,
    unfinished: rows.length - accepted.length - failed.length - doubtful.length,
    saidSentButLost: accepted.filter((row) => taken(row) === 0).length,
    saidFailedButTaken: failed.filter((row) => taken(row) > 0 && !undelivered.has(row.address ?? '')).length,
    failedWithoutReason: failed.filter(({ reason }) => reason === null).length,
    doubtNotListed: doubtful.filter(({ address }) => !listed.has(address ?? '')).length,
    smsInDoubt: doubtful.filter(({ channel }) => channel === 'sms').length,
    kills: chaos.kills,
    restarts: chaos.restarts,
    longestOverdueMs: Math.round(chaos.longestOverdueMs),
  };
}

/** Figures that must be zero. */
const FAULTS_OF_OURS = [
  'smsTwice',
  'mailTwice',
  'neverPlanned',
  'unfinished',
  'saidSentButLost',
  'saidFailedButTaken',
  'failedWithoutReason',
  'doubtNotListed',
];

async function main(): Promise<number> {
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'fw-chaos-'));
  await cp(join(ROOT, 'config', 'templates'), join(folder, 'templates'), { recursive: true });
  await writeFile(join(folder, 'forewarn.yaml'), POLICY);
  const args = [String(SEED), ACCOUNT, TWILIO_TOKEN, LATENCY, QUICK ? '3000' : '20000', QUICK ? 'quick' : 'hang'];
  const providers = fork(fileURLToPath(new URL('support/chaos-providers.js', import.meta.url)), args);
  const [ports] = (await once(providers, 'message')) as [{ twilio: number; smtp: number }];
  const dataDir = join(folder, 'db');
  const postgres = await startEmbeddedPostgres(dataDir);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const env = {
    DATABASE_URL: postgres.url,
    FOREWARN_CONFIG: join(folder, 'forewarn.yaml'),
    FOREWARN_DATA_DIR: join(folder, 'data'),
    FOREWARN_ADMIN_TOKEN: ADMIN,
    LOG_LEVEL: 'info',
    PUBLIC_URL: base,
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    MAIL_FROM: 'Shop <care@shop.example>',
    TWILIO_ACCOUNT_SID: ACCOUNT,
    TWILIO_AUTH_TOKEN: TWILIO_TOKEN,
    TWILIO_FROM: '+15005550006',
    TWILIO_BASE_URL: `http://127.0.0.1:${ports.twilio}`,
  };
  const front = Worker.start({ ...env, PORT: String(port), FOREWARN_ROLES: 'intake,api' });
  const chaos = new Chaos(postgres, dataDir, env, base, providers);
  try {
    await until('the front door', 120, () => Promise.resolve(front.ready)).catch((error: unknown) => {
      throw new Error(front.said || 'the front door said nothing', { cause: error });
    });
    await seed(chaos);
    for (let at = 0; at < WORKERS; at++) chaos.startWorker();
    await disturb(chaos);
    const settled = async (what: string, seconds: number) =>
      until(what, seconds, async () => (await chaos.done()) === MESSAGES);
    for (let round = 0; round < 4; round++) {
      await age(chaos);
      await pause(QUICK ? 2500 : 10_000);
    }
    await until('an end of every message', 600, async () => {
      chaos.replaceEnded();
      if ((await chaos.done()) === MESSAGES) return true;
      await age(chaos);
      await pause(1000);
      return false;
    });
    await age(chaos);
    await pause(QUICK ? 3500 : 25_000); // the last reports
    await settled('an end of every message', 60);
    const books = await judge(chaos);
    const wrong = FAULTS_OF_OURS.filter((name) => books[name] !== 0);
    for (const [name, value] of Object.entries(books))
      console.log(`${name.padEnd(22)} ${value}${wrong.includes(name) ? '   <- must be 0' : ''}`);
    console.log(
      JSON.stringify({
        bench: 'chaos-delivery',
        seed: SEED,
        workers: WORKERS,
        ...books,
        seconds: Math.round((performance.now() - began) / 1000),
        balanced: wrong.length === 0,
      }),
    );
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await front.end('SIGTERM');
    await chaos.stop();
    providers.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();

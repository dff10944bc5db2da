import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startDaemon, TOKEN } from './support/daemon-process.js';
import { type Call, type Pace, pace } from './support/paced-load.js';
import { type UpstreamOrder, type UpstreamReport, type UpstreamState } from './support/upstream.js';

/*
 * Sends errors at an even pace to a project that forwards and to one that does not, in turns, while the place that is forwarded to accepts, is slow,
 * refuses, is away and comes back. Then more than may wait is sent to it while it is away.
 * usage: forward [--per-second 400] [--seconds 8] [--delay 100]
 */
const PER_SECOND = Number(option('per-second') ?? 400);
const SECONDS = Number(option('seconds') ?? 8);
/** Milliseconds that a slow place takes for an answer. */
const DELAY_MS = Number(option('delay') ?? 100);
/** Bodies that may wait, as `docs/configuration.md` says. */
const MOST_BODIES = 10_000;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

interface Row {
  readonly off: Pace;
  readonly on: Pace;
  /** Of the bodies offered so far. */
  readonly sent: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly lagSeconds: number;
}

interface Target {
  readonly id: string;
  readonly key: string;
}

let made = 0;
/** An error of some 2 KB, as a Sentry SDK sends it. */
function errorFor({ id, key }: Target): Call {
  const nth = (made += 1);
  const frames = Array.from({ length: 12 }, (_, at) => ({
    filename: `/srv/app/services/checkout/step-${at}.js`,
    function: `step${'ABCDEFGHIJKL'[at]}`,
    lineno: 40 + at,
    colno: 7,
    in_app: true,
    module: 'checkout',
  }));
  const event = {
    event_id: nth.toString(16).padStart(32, '0'),
    platform: 'node',
    release: 'shop@2.4.1',
    user: { id: `c-${nth % 5000}` },
    exception: { values: [{ type: 'TypeError', value: 'total is undefined', stacktrace: { frames } }] },
  };
  const body = [`{"event_id":"${event.event_id}"}`, '{"type":"event"}', JSON.stringify(event), ''].join('\n');
  return { path: `/api/${id}/envelope/?sentry_version=7&sentry_key=${key}`, body };
}

class Upstream {
  private port = 0;
  constructor(private readonly child: ChildProcess) {}

  async become(state: UpstreamState): Promise<number> {
    [this.port] = (await this.ask({ become: state, port: this.port, delayMs: DELAY_MS })) as [number];
    return this.port;
  }

  async report(): Promise<UpstreamReport> {
    const [report] = (await this.ask({ report: true })) as [UpstreamReport];
    return report;
  }

  private ask(order: UpstreamOrder): Promise<unknown[]> {
    const answer = once(this.child, 'message');
    this.child.send(order);
    return answer;
  }
}

async function metric(port: number, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`forewarn_${name}{project="shop"${labels}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

async function measured(port: number, shop: Target, plain: Target): Promise<Row> {
  const order = { seconds: SECONDS, perSecond: PER_SECOND };
  const off = await pace({ port, token: TOKEN }, () => errorFor(plain), order);
  const on = await pace({ port, token: TOKEN }, () => errorFor(shop), order);
  return {
    off,
    on,
    sent: await metric(port, 'forward_bodies_total', ',result="sent"'),
    dropped: await metric(port, 'forward_bodies_total', ',result="dropped"'),
    waiting: await metric(port, 'forward_waiting_bodies'),
    lagSeconds: await metric(port, 'forward_oldest_seconds'),
  };
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fw-bench-'));
  const child = fork(fileURLToPath(new URL('support/upstream.js', import.meta.url)));
  const upstream = new Upstream(child);
  const at = await upstream.become('accepting');
  const config = join(folder, 'forewarn.yaml');
  await cp(fileURLToPath(new URL('../../config/templates', import.meta.url)), join(folder, 'templates'), {
    recursive: true,
  });
  await writeFile(
    config,
    `projects:\n  - { slug: shop, name: Shop, directory: main, forward: "http://old@127.0.0.1:${at}/7" }\n  - { slug: plain, name: Plain, directory: main }\n`,
  );
  process.env.FOREWARN_CONFIG = config;
  const port = 20_000 + (process.pid % 12_000); // below those that Linux takes for outgoing connections
  const daemon = await startDaemon(join(folder, 'data'), port);
  const answer = await fetch(`http://127.0.0.1:${port}/v1/projects`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const { items } = (await answer.json()) as { items: (Target & { slug: string })[] };
  const named = (slug: string): Target => {
    const found = items.find((one) => one.slug === slug);
    if (!found) throw new Error(`the daemon has no project ${slug}`);
    return found;
  };
  const [shop, plain] = [named('shop'), named('plain')];
  for (const target of [shop, plain])
    await pace({ port, token: TOKEN }, () => errorFor(target), { seconds: 5, perSecond: PER_SECOND });

  const rows: Record<string, Row> = {};
  for (const state of ['accepting', 'slow', 'refusing', 'away'] as const) {
    await upstream.become(state);
    rows[state] = await measured(port, shop, plain);
    if (state === 'slow') await upstream.become('accepting');
    if (state === 'slow') await drained(port);
  }
  await upstream.become('accepting');
  rows.back = await measured(port, shop, plain);
  const caughtUpSeconds = await drained(port);
  const below = await tally(port, upstream);

  await upstream.become('away');
  const before = made;
  await pace({ port, token: TOKEN }, () => errorFor(shop), { seconds: (MOST_BODIES * 1.25) / 1000, perSecond: 1000 });
  const offered = made - before;
  const dropped = (await metric(port, 'forward_bodies_total', ',result="dropped"')) - below.dropped;
  await upstream.become('accepting');
  await drained(port);
  const beyond = await tally(port, upstream);
  print(rows, { caughtUpSeconds, below, offered, droppedBeyond: dropped, beyond });

  child.disconnect();
  const ended = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true, force: true });
}

/** Waits until nothing waits; returns after how many seconds. */
async function drained(port: number): Promise<number> {
  const began = performance.now();
  while ((await metric(port, 'forward_waiting_bodies')) > 0) await pause(200);
  return (performance.now() - began) / 1000;
}

async function tally(port: number, upstream: Upstream) {
  const { taken, again } = await upstream.report();
  const of = (result: string) => metric(port, 'forward_bodies_total', `,result="${result}"`);
  return { sent: await of('sent'), refused: await of('refused'), dropped: await of('dropped'), taken, again };
}

interface Books {
  readonly caughtUpSeconds: number;
  readonly below: Awaited<ReturnType<typeof tally>>;
  readonly offered: number;
  readonly droppedBeyond: number;
  readonly beyond: Awaited<ReturnType<typeof tally>>;
}

function print(rows: Readonly<Record<string, Row>>, books: Books): void {
  console.log('upstream    p50 off  p50 on  p99 off  p99 on  refused    sent  dropped  waiting  lag s');
  for (const [name, row] of Object.entries(rows)) {
    const times = [row.off.p50Ms, row.on.p50Ms, row.off.p99Ms, row.on.p99Ms].map((ms) => ms.toFixed(1).padStart(7));
    const rest = [row.off.refused + row.on.refused, row.sent, row.dropped, row.waiting].map((n) =>
      String(n).padStart(8),
    );
    console.log([name.padEnd(11), ...times, ...rest, row.lagSeconds.toFixed(1).padStart(6)].join(' '));
  }
  const { below, beyond, offered, droppedBeyond } = books;
  console.log(
    `below the bound: ${JSON.stringify(below)}, all there ${books.caughtUpSeconds.toFixed(1)} s after it came back`,
  );
  console.log(`beyond it, away: ${offered} offered, ${droppedBeyond} dropped; in the end ${JSON.stringify(beyond)}`);
  const pick = (field: 'off' | 'on', quantile: 'p50Ms' | 'p99Ms') =>
    Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row[field][quantile]]));
  console.log(
    JSON.stringify({
      bench: 'forward',
      p99Ms: pick('on', 'p99Ms'),
      offP99Ms: pick('off', 'p99Ms'),
      p50Ms: pick('on', 'p50Ms'),
      offP50Ms: pick('off', 'p50Ms'),
      lost: below.sent - below.taken,
      droppedBelowTheBound: below.dropped,
      offeredBeyond: offered,
      droppedBeyond,
      caughtUpSeconds: Math.round(books.caughtUpSeconds * 10) / 10,
    }),
  );
}

await main();

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { firstProject, rssMb, startDaemon } from './support/daemon-process.js';
import { type HostileOrder, type HostileReport } from './support/hostile-load.js';

/** Seconds of each half: honest traffic alone, then beside the hostile bodies; `--seconds N`. */
const SECONDS = Number(option('seconds') ?? 30);
const HOSTILE_PER_SECOND = Number(option('rate') ?? 200);
const HONEST_PER_SECOND = 50;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

interface Half {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly sent: number;
  /** Answered with anything but 200. */
  readonly refused: number;
  readonly peakRssMb: number;
}

/** Honest events at an even pace, each with its own latency: one that waits does not keep the next from being sent. */
async function honest(port: number, key: string, pid: number): Promise<Half> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const latencies: number[] = [];
  let refused = 0;
  let peak = 0;
  const underWay: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; performance.now() - began < SECONDS * 1000; i++) {
    const wait = began + (i * 1000) / HONEST_PER_SECOND - performance.now();
    if (wait > 0) await pause(wait);
    if (i % 10 === 0) peak = Math.max(peak, rssMb(pid));
    const at = performance.now();
    const body = JSON.stringify({ type: 'TypeError', message: 'coupon is undefined', customer: `c-${i % 500}` });
    underWay.push(
      post(agent, port, key, body).then((status) => {
        latencies.push(performance.now() - at);
        if (status !== 200) refused++;
      }),
    );
  }
  await Promise.all(underWay);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]!;
  return {
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: latencies.at(-1)!,
    sent: latencies.length,
    refused,
    peakRssMb: peak,
  };
}

function post(agent: Agent, port: number, key: string, body: string): Promise<number> {
  return new Promise((done) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/v1/events', agent, headers, timeout: 30_000 };
    const request = send(options, (answer) => answer.resume().on('end', () => done(answer.statusCode ?? 0)));
    request.on('timeout', () => request.destroy()).on('error', () => done(0));
    request.end(body);
  });
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'fw-bench-'));
  const port = 20_000 + (process.pid % 12_000); // below those that Linux takes for outgoing connections
  const daemon = await startDaemon(dataDir, port);
  const { id: project, key } = await firstProject(port);
  const alone = await honest(port, key, daemon.pid ?? 0);
  const child = fork(fileURLToPath(new URL('support/hostile-load.js', import.meta.url)));
  const order: HostileOrder = {
    port,
    project,
    key,
    perSecond: HOSTILE_PER_SECOND,
    seconds: SECONDS,
    only: option('only'),
  };
  const ended = once(child, 'message') as Promise<[HostileReport]>;
  child.send(order);
  const beside = await honest(port, key, daemon.pid ?? 0);
  const [hostile] = await ended;
  report(alone, beside, hostile);
  const stopped = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  await stopped;
  await rm(dataDir, { recursive: true, force: true });
}

function report(alone: Half, beside: Half, hostile: HostileReport): void {
  console.log('honest events        p50 ms  p99 ms  max ms   sent  refused  peak RSS MB');
  for (const [name, half] of Object.entries({ alone, [`beside ${HOSTILE_PER_SECOND}/s`]: beside })) {
    const cells = [half.p50Ms, half.p99Ms, half.maxMs].map((value) => value.toFixed(0).padStart(7));
    const rest = [
      String(half.sent).padStart(6),
      String(half.refused).padStart(8),
      half.peakRssMb.toFixed(0).padStart(12),
    ];
    console.log([name.padEnd(19), ...cells, ...rest].join(' '));
  }
  console.log('\nhostile bodies by the status of their answer (0: cut)');
  for (const [name, statuses] of Object.entries(hostile)) console.log(`${name.padEnd(18)} ${JSON.stringify(statuses)}`);
  const line = {
    bench: 'hostile',
    ratio: Number((alone.p99Ms / beside.p99Ms).toFixed(3)),
    p99Ms: Math.round(beside.p99Ms),
    aloneP99Ms: Math.round(alone.p99Ms),
    maxMs: Math.round(beside.maxMs),
    refused: beside.refused,
    rssMb: Math.round(beside.peakRssMb),
    hostile,
  };
  console.log(JSON.stringify(line));
}

await main();

import { connect, type Socket } from 'node:net';
import { Bodies, KINDS } from './bodies.js';

/** Orders for the load process: the target, the bodies, the time, and the number of requests after which latency counts. */
export interface LoadOrder {
  readonly captures: string;
  readonly kind: string;
  readonly port: number;
  readonly project: string;
  readonly key: string;
  readonly seconds: number;
  /** Makes event ids of this run unlike those of others; hex. */
  readonly run: string;
}

/** Its measurements; latencies in milliseconds. */
export interface LoadReport {
  readonly accepted: number;
  readonly refused: number;
  readonly errors: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const STEP_MS = 0.25;

/** One keep-alive connection that always has one request under way. Plain sockets, so that the generator costs little. */
function drive(
  port: number,
  next: () => Buffer | undefined,
  seen: (status: number, ms: number) => void,
  lost: () => void,
): Promise<void> {
  return new Promise((done) => {
    let began = 0;
    let buffered = '';
    const socket: Socket = connect(port, '127.0.0.1').setNoDelay(true);
    const send = () => {
      const request = next();
      if (!request) return void socket.end();
      began = performance.now();
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1');
      const end = buffered.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(buffered)?.[1] ?? 0);
      if (buffered.length < end + 4 + length) return;
      seen(Number(buffered.slice(9, 12)), performance.now() - began);
      buffered = '';
      send();
    });
    socket.on('error', lost);
    socket.on('close', () => done());
  });
}

async function run(order: LoadOrder): Promise<LoadReport> {
  const kind = KINDS.find((one) => one.name === order.kind)!;
  const bodies = new Bodies(order.captures, kind, order.run);
  const histogram = new Uint32Array(400_000);
  const counts = { accepted: 0, refused: 0, errors: 0 };
  const began = performance.now();
  const until = began + order.seconds * 1000;
  const next = () => (performance.now() < until ? bodies.next(order.project, order.key) : undefined);
  const seen = (status: number, ms: number) => {
    if (status === 200) counts.accepted++;
    else counts.refused++;
    histogram[Math.min(histogram.length - 1, Math.floor(ms / STEP_MS))]!++;
  };
  const one = async (): Promise<void> => {
    while (performance.now() < until) await drive(order.port, next, seen, () => counts.errors++);
  };
  await Promise.all(Array.from({ length: kind.connections }, one));
  return {
    ...counts,
    seconds: (performance.now() - began) / 1000,
    p50Ms: quantile(histogram, 0.5),
    p99Ms: quantile(histogram, 0.99),
  };
}

function quantile(histogram: Uint32Array, share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (const [step, count] of histogram.entries()) if ((below += count) >= total * share) return step * STEP_MS;
  return 0;
}

process.once('message', (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report, () => process.disconnect()));
});

import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A call to make: a path to get, or a body to post there. */
export interface Call {
  readonly path: string;
  readonly body?: string;
}

/** Latencies of one call at an even pace. */
export interface Pace {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
}

/** Connections on which calls wait for each other only when all are busy. */
const CONNECTIONS = 32;

/** Keep-alive connection; answers come in the order of the calls. Plain sockets, so that the generator leaves the processors to what is measured. */
class Connection {
  private readonly socket: Socket;
  private readonly waiting: ((answer: { readonly status: number; readonly body: string }) => void)[] = [];
  private received = Buffer.alloc(0);

  constructor(
    private readonly port: number,
    private readonly token: string,
  ) {
    this.socket = connect(port, '127.0.0.1').setNoDelay(true);
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('close', () => this.waiting.splice(0).forEach((answered) => answered({ status: 0, body: '' })));
    this.socket.on('error', () => undefined); // 'close' follows
  }

  get busy(): number {
    return this.waiting.length;
  }

  send({ path, body }: Call): Promise<{ readonly status: number; readonly body: string }> {
    const head = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${this.port}\r\nauthorization: Bearer ${this.token}\r\n`;
    const length = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body ?? '')}\r\n`;
    this.socket.write(body === undefined ? `${head}\r\n` : `${head}${length}\r\n${body}`);
    return new Promise((answered) => this.waiting.push(answered));
  }

  end(): void {
    this.socket.end();
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.received, chunk]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.received.toString('latin1', 0, end);
      const next = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (this.received.length < next) return;
      const body = this.received.toString('utf8', end + 4, next);
      this.received = this.received.subarray(next);
      this.waiting.shift()?.({ status: Number(head.slice(9, 12)), body });
    }
  }
}

/** Calls at an even pace, each with a latency of its own: one that waits does not keep the next from being made. */
export async function pace(
  target: { readonly port: number; readonly token: string },
  call: (nth: number) => Call,
  { seconds, perSecond }: { readonly seconds: number; readonly perSecond: number },
): Promise<Pace> {
  const connections = Array.from({ length: CONNECTIONS }, () => new Connection(target.port, target.token));
  const latencies: number[] = [];
  let refused = 0;
  const underWay: Promise<void>[] = [];
  const began = performance.now();
  for (let nth = 0; nth < seconds * perSecond; nth++) {
    const wait = began + (nth * 1000) / perSecond - performance.now();
    if (wait > 0.5) await pause(wait);
    const connection = connections.reduce((least, one) => (one.busy < least.busy ? one : least));
    const at = performance.now();
    underWay.push(
      connection.send(call(nth)).then(({ status }) => {
        latencies.push(performance.now() - at);
        if (status !== 200) refused++;
      }),
    );
  }
  await Promise.all(underWay);
  for (const connection of connections) connection.end();
  latencies.sort((one, other) => one - other);
  const quantile = (share: number) => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 100) / 100;
  return { p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99), refused };
}

import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { type Worker } from 'node:worker_threads';
import { messageOf } from '../../platform/errors.js';
import { type Logger } from '../../platform/logging/logger.js';
import { type BodyReader, type BodySummary, type SentBody } from './body-summary.js';

/** Bodies that go in one message: the fewer, the sooner the first answer; the more, the less each costs. */
const AT_ONCE = 8;
/** Larger bodies are read here, bytes on the wire: few come, and a thread busy with one holds up the others. */
const LARGEST = 128 * 1024;
/** Bytes of bodies that wait at most; beyond it they are read here, so that no more comes in than is worked off. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** Between the end of a thread and the start of the next, milliseconds. */
const RESTART_PAUSE_MS = 1000;

/** Some bodies, one after the other in `bodies`, and what is known of each. */
export interface ReadingOrder {
  readonly requests: readonly (Omit<SentBody, 'body'> & { readonly length: number })[];
  readonly bodies: ArrayBuffer;
}

interface Waiting {
  readonly sent: SentBody;
  readonly done: (summary: BodySummary | undefined) => void;
}

/**
 * Hands bodies to a thread that decompresses, parses and fingerprints them. Whatever it cannot do is left to the caller: while it is down,
 * every body is.
 */
export class ReadingThread implements BodyReader {
  private worker: Worker | undefined;
  /** Bodies still to be handed over. */
  private queue: Waiting[] = [];
  /** Orders that it has, oldest first. */
  private orders: Waiting[][] = [];
  private requests = 0;
  private bytes = 0;
  private closed = false;

  /** @param start starts a thread that takes `ReadingOrder`s and answers each with the JSON text of its summaries, null for those it leaves */
  constructor(
    private readonly start: () => Worker,
    private readonly logger: Logger,
  ) {
    this.begin();
  }

  get waiting(): number {
    return this.requests;
  }

  summary(sent: SentBody): Promise<BodySummary | undefined> {
    const { length } = sent.body;
    if (!this.worker || length > LARGEST || this.bytes + length > MOST_WAITING_BYTES) return Promise.resolve(undefined);
    return new Promise((done) => {
      if (this.queue.push({ sent, done }) === 1) void this.handOver();
      this.requests += 1;
      this.bytes += length;
    });
  }

  /** Ends the thread; from then on every body is left to the caller. */
  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
  }

  /** Once a turn of the event loop, so that what arrives together goes together. */
  private async handOver(): Promise<void> {
    await nextTurn();
    const queue = this.queue;
    this.queue = [];
    for (let from = 0; from < queue.length; from += AT_ONCE) {
      const order = queue.slice(from, from + AT_ONCE);
      if (!this.worker) {
        this.leave(order);
        continue;
      }
      this.orders.push(order);
      const message = orderOf(order.map(({ sent }) => sent));
      this.worker.postMessage(message, [message.bodies]);
    }
  }

  private begin(): void {
    const worker = this.start();
    worker.on('message', (text: string) => this.take(JSON.parse(text) as (BodySummary | null)[]));
    worker.on('error', (error) => this.logger.error({ err: error }, `the reading thread failed: ${messageOf(error)}`));
    worker.once('exit', () => void this.ended());
    worker.unref();
    this.worker = worker;
  }

  private take(summaries: readonly (BodySummary | null)[]): void {
    const order = this.orders.shift() ?? [];
    for (const [at, one] of order.entries()) this.answer(one, summaries[at] ?? undefined);
  }

  private answer({ sent, done }: Waiting, summary: BodySummary | undefined): void {
    this.requests -= 1;
    this.bytes -= sent.body.length;
    done(summary);
  }

  private leave(order: readonly Waiting[]): void {
    for (const one of order) this.answer(one, undefined);
  }

  private async ended(): Promise<void> {
    this.worker = undefined;
    for (const order of this.orders.splice(0)) this.leave(order);
    if (this.closed) return;
    this.logger.error('the reading thread ended; bodies are read by the main thread until the next one has started');
    await pause(RESTART_PAUSE_MS, undefined, { ref: false });
    if (!this.closed) this.begin();
  }
}

function orderOf(sent: readonly SentBody[]): ReadingOrder {
  const bodies = new Uint8Array(sent.reduce((sum, { body }) => sum + body.length, 0));
  let at = 0;
  const requests = sent.map(({ kind, encoding, receivedAt, body }) => {
    bodies.set(body, at);
    at += body.length;
    return { kind, encoding, receivedAt, length: body.length };
  });
  return { requests, bodies: bodies.buffer };
}

import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { type Worker } from 'node:worker_threads';
import { messageOf } from '../../platform/errors.js';
import { type Logger } from '../../platform/logging/logger.js';
import { type RawBody, type SeparatedBody } from './separated-body.js';
import { orderOf, readReport, type ThreadReport } from './thread-messages.js';

/** Bodies that go in one message: the fewer, the sooner the first answer; the more, the less each costs. */
const AT_ONCE = 8;
/** Larger bodies are read here, bytes on the wire: few come, and a thread busy with one holds up the others. */
const LARGEST = 128 * 1024;
/** Bytes of bodies that wait at most; beyond it they are read here, so that no more comes in than is worked off. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** Between the end of a thread and the start of the next, milliseconds. */
const RESTART_PAUSE_MS = 1000;

interface Waiting {
  readonly raw: RawBody;
  readonly done: (separated: SeparatedBody | undefined) => void;
}

/**
 * Hands bodies to a thread that decompresses, parses and fingerprints them. Whatever it cannot do is left to the caller: while it is down,
 * every body is.
 */
export class ReadingThread {
  private worker: Worker | undefined;
  /** Bodies still to be handed over. */
  private queue: Waiting[] = [];
  /** Orders that it has, oldest first. */
  private orders: Waiting[][] = [];
  private requests = 0;
  private bytes = 0;
  private closed = false;

  /** @param start starts a thread that answers each `ThreadOrder` with a `ThreadReport` */
  constructor(
    private readonly start: () => Worker,
    private readonly logger: Logger,
  ) {
    this.begin();
  }

  /** Requests that it has and has not answered. */
  get waiting(): number {
    return this.requests;
  }

  /** Resolves with undefined where a body must be read here. */
  separate(raw: RawBody): Promise<SeparatedBody | undefined> {
    const { length } = raw.body;
    if (!this.worker || length > LARGEST || this.bytes + length > MOST_WAITING_BYTES) return Promise.resolve(undefined);
    return new Promise((done) => {
      if (this.queue.push({ raw, done }) === 1) void this.handOver();
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
      const message = orderOf(order.map(({ raw }) => raw));
      this.worker.postMessage(message, [message.bodies]);
    }
  }

  private begin(): void {
    const worker = this.start();
    worker.on('message', (report: ThreadReport) => this.take(report));
    worker.on('error', (error) => this.logger.error({ err: error }, `the reading thread failed: ${messageOf(error)}`));
    worker.once('exit', () => void this.ended());
    worker.unref();
    this.worker = worker;
  }

  private take(report: ThreadReport): void {
    const bodies = readReport(report);
    const order = this.orders.shift() ?? [];
    for (const [at, one] of order.entries()) this.answer(one, bodies[at]);
  }

  private answer({ raw, done }: Waiting, separated: SeparatedBody | undefined): void {
    this.requests -= 1;
    this.bytes -= raw.body.length;
    done(separated);
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

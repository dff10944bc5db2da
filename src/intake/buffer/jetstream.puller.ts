import { type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { messageOf } from '../../platform/errors.js';
import { type Logger } from '../../platform/logging/logger.js';
import { type QueuedEvent } from '../queued-event.js';
import { type BufferOutlet, isOwnFault } from './buffer-outlet.service.js';
import { decodeBatch, UnreadableBatch } from './event-wire.js';
import { ACK_WAIT_MS, type JetStreamLog, PARTITIONS } from './jetstream.log.js';

/** Events in one transaction at most, as in one process. */
const LARGEST_BATCH = 400;
/** Bytes of messages fetched ahead of a partition: the next batch while one commits. All partitions together take 32 MB. */
const AHEAD_BYTES = 2 * 1024 * 1024;
/** Transactions at once: more wait for each other's rows and commits, and 16 connections serve the whole process. */
const AT_ONCE = 4;
/** Deliveries after which a message that fails for a reason of its own is taken apart. */
const MAX_DELIVERIES = 3;
/** Pause after the first failed batch, milliseconds; doubles up to the longest. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** Time from a start until leftovers are looked for, milliseconds: acknowledgements under way have arrived by then. */
const SWEEP_AFTER_MS = 2000;

interface Partition {
  readonly waiting: JsMsg[];
  /** Messages of the batch that is under way. */
  taken: readonly JsMsg[];
  pull: ConsumerMessages | undefined;
  busy: boolean;
}

interface Delivery {
  readonly message: JsMsg;
  readonly events: readonly QueuedEvent[];
}

/**
 * Digests what the stream holds: one batch of a partition at a time, acknowledged after its commit. Any number of processes
 * may pull from the same consumers. A message that comes again, since its acknowledgement was lost, changes no count.
 */
export class JetStreamPuller {
  private readonly partitions: Partition[] = Array.from({ length: PARTITIONS }, () => ({
    waiting: [],
    taken: [],
    pull: undefined,
    busy: false,
  }));
  private readonly running = new Set<Promise<void>>();
  private pause: NodeJS.Timeout | undefined;
  private holding: NodeJS.Timeout | undefined;
  private sweeping: NodeJS.Timeout | undefined;
  private swept: Promise<void> | undefined;
  private failures = 0;
  private stopping = false;

  constructor(
    private readonly log: JetStreamLog,
    private readonly outlet: BufferOutlet,
    private readonly logger: Logger,
  ) {}

  /** Starts pulling; from then on by itself until `stop`. */
  start(): void {
    this.holding = setInterval(() => this.hold(), ACK_WAIT_MS / 3).unref();
    for (const [at, partition] of this.partitions.entries()) this.pullAgain(partition, at);
    this.log.onBack = () => this.sweepSoon();
    this.sweepSoon();
  }

  /** Pulls no more, lets running batches commit, and gives the rest back for others. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.pause);
    clearTimeout(this.sweeping);
    await this.swept;
    await Promise.all(this.partitions.map(async ({ pull }) => pull?.close()));
    await Promise.all(this.running);
    clearInterval(this.holding);
    for (const { waiting } of this.partitions) for (const message of waiting.splice(0)) message.nak();
  }

  private sweepSoon(): void {
    clearTimeout(this.sweeping);
    this.sweeping = setTimeout(() => {
      this.swept = this.sweep().catch((error: unknown) => {
        this.logger.warn({ err: error }, `leftovers of a crash of NATS stay for now: ${messageOf(error)}`);
      });
    }, SWEEP_AFTER_MS);
  }

  /** Digests what the server holds and would not deliver. Normally all of it was counted before, and nothing changes. */
  private async sweep(): Promise<void> {
    for (let at = 0; at < PARTITIONS && !this.stopping; at++) {
      for (const message of await this.log.leftovers(at)) {
        await this.digestLeftover(message.data);
        await this.log.remove(message);
      }
    }
  }

  private async digestLeftover(data: Uint8Array): Promise<void> {
    try {
      await this.outlet.digestOrSetAside(decodeBatch(data).map((one) => this.outlet.queued(one)));
    } catch (error) {
      if (!(error instanceof UnreadableBatch)) throw error;
      await this.outlet.setAsideUnreadable(data, error);
    }
  }

  private async pull(partition: Partition, at: number): Promise<void> {
    const consumer = await this.log.client.consumers.get(this.log.stream, this.log.consumer(at));
    if (this.stopping) return;
    const pull = await consumer.consume({
      max_bytes: AHEAD_BYTES,
      callback: (message) => {
        partition.waiting.push(message);
        this.work();
      },
    });
    partition.pull = pull;
    if (this.stopping) await pull.close();
    void pull.closed().then((reason) => {
      if (this.stopping) return;
      this.logger.warn({ err: reason, partition: at }, 'pulling from a partition ended; it starts again');
      setTimeout(() => this.pullAgain(partition, at), FIRST_PAUSE_MS).unref();
    });
  }

  private pullAgain(partition: Partition, at: number): void {
    if (this.stopping) return;
    this.pull(partition, at).catch((error: unknown) => {
      this.logger.warn({ err: error, partition: at }, `cannot pull from a partition: ${messageOf(error)}`);
      setTimeout(() => this.pullAgain(partition, at), FIRST_PAUSE_MS).unref();
    });
  }

  /** Starts batches while there is work and room, the longest queue first. */
  private work(): void {
    while (!this.stopping && !this.pause && this.running.size < AT_ONCE) {
      const next = this.partitions.reduce<Partition | undefined>(
        (best, one) => (!one.busy && one.waiting.length > (best?.waiting.length ?? 0) ? one : best),
        undefined,
      );
      if (!next) return;
      next.busy = true;
      const run = this.runBatch(next).finally(() => {
        next.busy = false;
        this.running.delete(run);
        this.work();
      });
      this.running.add(run);
    }
  }

  /** Tells NATS that what was fetched is in good hands, so that nobody else gets it meanwhile. */
  private hold(): void {
    for (const { waiting, taken } of this.partitions) for (const message of [...waiting, ...taken]) message.working();
  }

  private async runBatch(partition: Partition): Promise<void> {
    try {
      const batch = await this.take(partition);
      partition.taken = batch.map((one) => one.message);
      if (batch.length > 0) await this.digest(batch);
      this.failures = 0;
    } catch (error) {
      this.backOff(error);
    } finally {
      partition.taken = [];
    }
  }

  /** The next messages, read, up to one good batch of events. */
  private async take(partition: Partition): Promise<Delivery[]> {
    const batch: Delivery[] = [];
    let events = 0;
    for (let message = partition.waiting[0]; message; message = partition.waiting[0]) {
      const read = await this.read(message);
      if (read && batch.length > 0 && events + read.length > LARGEST_BATCH) break;
      partition.waiting.shift();
      if (!read) continue;
      batch.push({ message, events: read });
      events += read.length;
    }
    return batch;
  }

  private async read(message: JsMsg): Promise<QueuedEvent[] | undefined> {
    try {
      return decodeBatch(message.data).map((one) => this.outlet.queued(one));
    } catch (error) {
      // Another process of a newer version may be able to read it.
      if (message.info.deliveryCount < MAX_DELIVERIES) message.nak(delay(message));
      else {
        await this.outlet.setAsideUnreadable(message.data, error);
        message.ack();
      }
      return undefined;
    }
  }

  /** @throws when the fault is not of the batch's own; its messages will come again */
  private async digest(batch: readonly Delivery[]): Promise<void> {
    const events = batch.flatMap((one) => one.events);
    const isLastTry = batch.some(({ message }) => message.info.deliveryCount >= MAX_DELIVERIES);
    try {
      await (isLastTry ? this.outlet.digestOrSetAside(events) : this.outlet.digest(events));
      for (const { message, events: own } of batch) {
        message.ack();
        this.log.noteSize(own.length);
      }
    } catch (error) {
      for (const { message } of batch) message.nak(delay(message));
      if (!isOwnFault(error)) throw error;
      this.logger.warn({ err: error, events: events.length }, `a batch comes again: ${messageOf(error)}`);
    }
  }

  /** The database is away: gives everything back, and waits before it takes more. */
  private backOff(error: unknown): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LONGEST_PAUSE_MS);
    this.logger.error({ err: error, pauseMs }, `a batch was not committed: ${messageOf(error)}`);
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      this.pause = undefined;
      this.work();
    }, pauseMs);
  }
}

/** Milliseconds until a message comes again: 0.5 s, 1 s, … 10 s. */
function delay(message: JsMsg): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (message.info.deliveryCount - 1), LONGEST_PAUSE_MS);
}

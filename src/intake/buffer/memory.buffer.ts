import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock } from '../../platform/clock.js';
import { messageOf, Problem } from '../../platform/errors.js';
import { type Logger } from '../../platform/logging/logger.js';
import { EventBuffer, type EventConsumer } from '../event-buffer.js';
import { type QueuedEvent } from '../queued-event.js';
import { FairQueue, type Waiting } from '../http/fair-queue.js';
import { type BufferOutlet } from './buffer-outlet.service.js';
import { type DigestOutcome } from '../outcome.js';

/** Events in one transaction at most: beyond some hundred the commit is no longer what costs. */
const LARGEST_BATCH = 400;
/** Events in one transaction at least, however long they take, when more wait. */
const SMALLEST_BATCH = 50;
/**
 * A batch that takes longer than this, milliseconds, makes the next one half as large: whoever comes meanwhile waits for it, and for their own. By
 * judgement; with 150 ms batches stayed small in bench:intake, and each event cost the server three times as much (282 us for 88).
 */
const LONG_MS = 400;
/** Events by which batches grow again after one that did not. */
const GROWTH = 50;
/** Events of one request that wait as one: what holds more is divided, so that others come in between. */
const LARGEST_PIECE = 100;
/** Turns of the event loop that a batch waits at most for requests that have arrived and are still to be read. */
const LONGEST_GATHERING = 64;
/** Waiting events at most; further requests are answered 503 until it drains. */
const CAPACITY = 20_000;
/** Of those, what a single project may take up, so that there is always room for the others. */
const CAPACITY_OF_ONE = 15_000;
/** Of those, what one address with a public key may take up, so that a stranger leaves room for the app's customers. */
const CAPACITY_OF_STRANGER = 10_000;
/** Above this many waiting events of a project its payloads are shed: the event still counts, for its issue and its customer. */
const SHED_ABOVE = 5_000;

interface Submission extends Waiting {
  readonly prepared: readonly QueuedEvent[];
  readonly arrivedAt: number;
  readonly done: (outcomes: DigestOutcome[]) => void;
  readonly failed: (error: unknown) => void;
}

/** Parts that the buffer stands on. */
export interface MemoryParts {
  readonly outlet: Pick<BufferOutlet, 'connect' | 'digestOrSetAside'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Requests that have arrived and are still to be read. */
  readonly atTheDoor: () => number;
}

/** Group commit in memory: requests that arrive while a batch commits make up the next one. */
export class MemoryBuffer extends EventBuffer {
  private readonly waiting = new FairQueue<Submission>();
  private draining: Promise<void> | undefined;
  private closed = false;
  /** Events in the next transaction at most, when more wait than one can take. */
  private batch = LARGEST_BATCH;

  constructor(private readonly parts: MemoryParts) {
    super();
  }

  connect(consumer: EventConsumer): void {
    this.parts.outlet.connect(consumer);
  }

  submit(events: readonly QueuedEvent[]): Promise<DigestOutcome[]> {
    const { projectId = 0, source = 0, trust } = events[0] ?? {};
    const ofProject = this.waiting.sizeOf(projectId) + events.length;
    const ofStranger = trust === 'server' ? 0 : this.waiting.sizeOfSender(projectId, source) + events.length;
    const isFull = this.waiting.size + events.length > CAPACITY || ofProject > CAPACITY_OF_ONE;
    if (this.closed || isFull || ofStranger > CAPACITY_OF_STRANGER) {
      return Promise.reject(
        new Problem(503, 'unavailable', 'More events are waiting than can be kept. Try again in a few seconds.'),
      );
    }
    const shed = ofProject > SHED_ABOVE;
    const prepared = shed ? events.map((one) => ({ ...one, hasPayload: false })) : events;
    if (prepared.length <= LARGEST_PIECE) return this.push(projectId, source, prepared);
    const pieces: Promise<DigestOutcome[]>[] = [];
    for (let from = 0; from < prepared.length; from += LARGEST_PIECE)
      pieces.push(this.push(projectId, source, prepared.slice(from, from + LARGEST_PIECE)));
    return Promise.all(pieces).then((outcomes) => outcomes.flat());
  }

  private push(projectId: number, source: number, prepared: readonly QueuedEvent[]): Promise<DigestOutcome[]> {
    return new Promise((done, failed) => {
      const arrivedAt = this.parts.clock.now().getTime();
      this.waiting.push({ lane: projectId, sender: source, size: prepared.length, prepared, arrivedAt, done, failed });
      this.draining ??= this.drain();
    });
  }

  depth(): { events: number; oldestMs: number } {
    const oldest = this.waiting.heads().reduce((least, one) => Math.min(least, one.arrivedAt), Infinity);
    return { events: this.waiting.size, oldestMs: Math.max(0, this.parts.clock.now().getTime() - oldest) };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.draining;
  }

  /** One transaction at a time: several at once were measured to drain less, since they make smaller batches and each has a cost of its own. */
  private async drain(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.size > 0) {
      await this.gather();
      const began = performance.now();
      await this.commit(this.waiting.take(this.waiting.size <= LARGEST_BATCH ? LARGEST_BATCH : this.batch));
      this.batch = sizeAfter(this.batch, performance.now() - began);
    }
    this.draining = undefined;
  }

  /**
   * Waits until at least half of the requests that are at the door have been read: a transaction has a price of its own, which a
   * larger batch shares out, and the other half gives this process something to do while the server works. At rest it waits for nobody.
   */
  private async gather(): Promise<void> {
    for (let turn = 0; turn < LONGEST_GATHERING; turn++) {
      if (this.waiting.size >= Math.min(this.parts.atTheDoor(), LARGEST_BATCH)) return;
      await nextTurn();
    }
  }

  private async commit(batch: readonly Submission[]): Promise<void> {
    try {
      const outcomes = await this.parts.outlet.digestOrSetAside(batch.flatMap((one) => one.prepared));
      let from = 0;
      for (const one of batch) one.done(outcomes.slice(from, (from += one.size)));
    } catch (error) {
      this.parts.logger.error({ err: error, requests: batch.length }, `a batch was not committed: ${messageOf(error)}`);
      for (const one of batch) one.failed(error);
    }
  }
}

/** Size of the batch that follows one of this size which took so many milliseconds. */
export function sizeAfter(size: number, ms: number): number {
  if (ms > LONG_MS) return Math.max(SMALLEST_BATCH, Math.floor(size / 2));
  return Math.min(LARGEST_BATCH, size + GROWTH);
}

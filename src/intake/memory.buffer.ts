import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { messageOf, Problem } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { type AcceptedEvent, EventBuffer, type EventConsumer } from './accepted-event.js';
import { Digestion } from './digestion.service.js';
import { type DigestOutcome } from './outcome.js';

/** Events in one transaction at most: beyond some hundred the commit is no longer what costs. */
const LARGEST_BATCH = 400;
/** Waiting events at most; further requests are answered 503 until it drains. */
const CAPACITY = 20_000;
/** Above this many waiting events payloads are shed: the event still counts, for its issue and its customer. */
const SHED_ABOVE = 5_000;

interface Submission {
  readonly events: readonly AcceptedEvent[];
  readonly arrivedAt: number;
  readonly done: (outcomes: DigestOutcome[]) => void;
  readonly failed: (error: unknown) => void;
}

/** Group commit in memory: requests that arrive while a batch commits make up the next one. */
@Injectable()
export class MemoryBuffer extends EventBuffer {
  private waiting: Submission[] = [];
  private waitingEvents = 0;
  private draining: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly digestion: Digestion,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  connect(consumer: EventConsumer): void {
    this.digestion.connect(consumer);
  }

  submit(events: readonly AcceptedEvent[]): Promise<DigestOutcome[]> {
    if (this.closed || this.waitingEvents + events.length > CAPACITY) {
      return Promise.reject(
        new Problem(503, 'unavailable', 'More events are waiting than can be kept. Try again in a few seconds.'),
      );
    }
    const kept = this.waitingEvents > SHED_ABOVE ? events.map((one) => ({ ...one, payload: undefined })) : events;
    return new Promise((done, failed) => {
      this.waiting.push({ events: kept, arrivedAt: this.clock.now().getTime(), done, failed });
      this.waitingEvents += kept.length;
      this.draining ??= this.drain();
    });
  }

  depth(): { events: number; oldestMs: number } {
    const oldest = this.waiting[0];
    return { events: this.waitingEvents, oldestMs: oldest ? this.clock.now().getTime() - oldest.arrivedAt : 0 };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.draining;
  }

  private async drain(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) await this.commit(this.take());
    this.draining = undefined;
  }

  private take(): Submission[] {
    let events = 0;
    let count = 0;
    for (const one of this.waiting) {
      if (count > 0 && events + one.events.length > LARGEST_BATCH) break;
      events += one.events.length;
      count++;
    }
    this.waitingEvents -= events;
    return this.waiting.splice(0, count);
  }

  private async commit(batch: readonly Submission[]): Promise<void> {
    try {
      const outcomes = await this.digestion.digestOrSetAside(batch.flatMap((one) => one.events));
      let from = 0;
      for (const one of batch) one.done(outcomes.slice(from, (from += one.events.length)));
    } catch (error) {
      this.logger.error({ err: error, requests: batch.length }, `a batch was not committed: ${messageOf(error)}`);
      for (const one of batch) one.failed(error);
    }
  }
}

import { createHash } from 'node:crypto';
import { type Clock } from '../../platform/clock.js';
import { Problem } from '../../platform/errors.js';
import { type Logger } from '../../platform/logging/logger.js';
import { recentMap } from '../../platform/recent-map.js';
import { markOf } from '../event-mark.js';
import { EventBuffer, type EventConsumer } from '../event-buffer.js';
import { inFull, type QueuedEvent } from '../queued-event.js';
import { type BufferOutlet } from './buffer-outlet.service.js';
import { eventText } from './event-wire.js';
import { type JetStreamLog, PARTITIONS } from './jetstream.log.js';
import { JetStreamPublisher, type Publishable, type Published } from './jetstream.publisher.js';
import { JetStreamPuller } from './jetstream.puller.js';
import { type OutcomeCounter } from '../ledger/outcome.counter.js';
import { type DigestOutcome } from '../outcome.js';

/** Events that wait for an acknowledgement at most; further requests are answered 503. */
const CAPACITY = 20_000;
/** Payloads shipped of one grouping key in an hour by one process: as many as digest keeps of an issue. */
const PAYLOADS_PER_KEY_AND_HOUR = 10;
const HOUR = 3_600_000;
/** JSON bytes of an event above which its payload is shed, so that the event fits into a message for sure. */
const LARGEST_WITH_PAYLOAD = 256 * 1024;
/** How often the stream is asked what waits in it, milliseconds. */
const ASK_MS = 5000;

/** Parts that the buffer stands on. */
export interface JetStreamParts {
  readonly log: JetStreamLog;
  readonly outlet: BufferOutlet;
  readonly outcomes: OutcomeCounter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** True where this process has the digest role. */
  readonly digests: boolean;
}

/**
 * The hop between processes: `submit` answers when JetStream has stored the events; whoever has the digest role digests them.
 * Events go scrubbed, in the partition of their project and grouping key.
 */
export class JetStreamBuffer extends EventBuffer {
  private readonly publisher: JetStreamPublisher;
  private readonly puller: JetStreamPuller;
  private readonly shipped = recentMap<string, number>(50_000);
  private readonly asking: NodeJS.Timeout;
  private stored = { messages: 0, since: undefined as number | undefined };
  private closed = false;

  constructor(private readonly parts: JetStreamParts) {
    super();
    const { log, outlet, logger } = parts;
    this.publisher = new JetStreamPublisher(log, logger);
    this.puller = new JetStreamPuller(log, outlet, logger);
    this.asking = setInterval(() => void this.ask(), ASK_MS).unref();
  }

  connect(consumer: EventConsumer): void {
    this.parts.outlet.connect(consumer);
    if (this.parts.digests) this.puller.start();
  }

  async submit(events: readonly QueuedEvent[]): Promise<DigestOutcome[]> {
    if (this.closed || this.publisher.waiting + events.length > CAPACITY)
      throw new Problem(503, 'unavailable', 'More events are waiting than can be kept. Try again in a few seconds.');
    const byPartition = new Map<number, { at: number; event: Publishable }[]>();
    for (const [at, queued] of events.entries()) {
      const { partition, event } = this.publishable(queued);
      const list = byPartition.get(partition);
      if (list) list.push({ at, event });
      else byPartition.set(partition, [{ at, event }]);
    }
    const outcomes = new Array<DigestOutcome>(events.length).fill('accepted');
    await Promise.all(
      [...byPartition].map(async ([partition, list]) => {
        const ended = await this.publisher.publish(
          partition,
          list.map((one) => one.event),
        );
        for (const [i, { at }] of list.entries())
          outcomes[at] = this.outcomeOf(ended[i] ?? 'stored', events[at]?.projectId ?? 0);
      }),
    );
    return outcomes;
  }

  /** Messages are counted; events are estimated from the size of late messages. */
  depth(): { events: number; oldestMs: number } {
    const { messages, since } = this.stored;
    return {
      events: this.publisher.waiting + Math.round(messages * this.parts.log.eventsAMessage),
      oldestMs: since === undefined ? 0 : Math.max(0, this.parts.clock.now().getTime() - since),
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.asking);
    await this.publisher.idle();
    await this.puller.stop();
    await this.parts.log.close();
  }

  private publishable(queued: QueuedEvent): { partition: number; event: Publishable } {
    const { outlet } = this.parts;
    const mark = queued.facts ? markOf(queued.facts, queued.trust) : '';
    const id = `${queued.projectId}:${queued.eventId}:${mark}`;
    const grouping = outlet.groupingOf(queued);
    const key = grouping ? `${queued.projectId}:${grouping.key}` : id;
    const full = inFull(queued);
    const written = outlet.written(queued, this.wantsPayload(key) ? full : { ...full, payload: undefined });
    let text = eventText(written);
    if (text.length > LARGEST_WITH_PAYLOAD) text = eventText({ ...written, payload: undefined });
    return { partition: partitionOf(key), event: { id, text, bytes: Buffer.byteLength(text) } };
  }

  /** Counts; so that a storm ships some payloads and not millions. */
  private wantsPayload(key: string): boolean {
    const slot = `${key} ${Math.floor(this.parts.clock.now().getTime() / HOUR)}`;
    const count = this.shipped.get(slot) ?? 0;
    if (count >= PAYLOADS_PER_KEY_AND_HOUR) return false;
    this.shipped.set(slot, count + 1);
    return true;
  }

  /** Counts what digest never sees: events that JetStream knew already, and those it cannot take. */
  private outcomeOf(published: Published, projectId: number): DigestOutcome {
    if (published === 'stored') return 'accepted';
    const outcome = published === 'known' ? 'duplicate' : 'invalid';
    this.parts.outcomes.count(projectId, outcome);
    return outcome;
  }

  private async ask(): Promise<void> {
    const { log, logger } = this.parts;
    if (!log.isUp) return;
    try {
      this.stored = await log.waiting();
    } catch (error) {
      logger.debug({ err: error }, 'the stream did not say what waits in it');
    }
  }
}

function partitionOf(key: string): number {
  return createHash('md5').update(key).digest().readUInt16BE(0) % PARTITIONS;
}

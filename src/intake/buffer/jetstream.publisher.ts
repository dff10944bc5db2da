import { createHash } from 'node:crypto';
import { messageOf, Problem } from '../../platform/errors.js';
import { type Logger } from '../../platform/logging/logger.js';
import { encodeBatch } from './event-wire.js';
import { type JetStreamLog, PARTITIONS } from './jetstream.log.js';

/** Events in one message at most, so that one message is one good digest batch. */
const LARGEST_MESSAGE = 400;
/** JSON bytes in one message at most: half of what NATS takes by default (1 MB), before deflating. */
const MAX_BYTES = 512 * 1024;
/** How long a message is tried again while NATS is away or elects a leader, milliseconds, before its requests are answered 503. */
const PATIENCE_MS = 8000;
/** Time to wait for one acknowledgement, milliseconds. */
const ACK_TIMEOUT_MS = 3000;
const PAUSE_MS = 100;
/** Bytes that the subject, the headers and the protocol take of NATS's largest message. */
const OVERHEAD = 1024;

/** How a message ended: stored; stored before, so its events are known; or too large even for a message of its own. */
export type Published = 'stored' | 'known' | 'tooLarge';

/** Some events of one request that go to one partition. */
interface Share {
  readonly texts: readonly string[];
  readonly ids: readonly string[];
  readonly bytes: number;
  readonly done: (published: Published) => void;
  readonly failed: (error: unknown) => void;
}

/** Event to be published: its identity `projectId:eventId:mark`, the event as JSON, and its length in bytes. */
export interface Publishable {
  readonly id: string;
  readonly text: string;
  readonly bytes: number;
}

/**
 * Group commit into the stream: in each partition one message is under way, and what arrives meanwhile makes up the next.
 * A message's id is made of its events' ids, so that a try after a lost acknowledgement is not stored twice.
 */
export class JetStreamPublisher {
  private readonly queues: Share[][] = Array.from({ length: PARTITIONS }, () => []);
  private readonly busy = new Map<number, Promise<void>>();
  private events = 0;

  constructor(
    private readonly log: JetStreamLog,
    private readonly logger: Logger,
  ) {}

  /** Events that wait for their acknowledgement. */
  get waiting(): number {
    return this.events;
  }

  /** Publishes events of one partition; resolves with how each ended, in order. Fails with 503 when NATS stays away. */
  async publish(partition: number, events: readonly Publishable[]): Promise<Published[]> {
    this.events += events.length;
    try {
      const shares = split(events, this.maxBytes);
      const ended = await Promise.all(shares.map((share) => this.enqueue(partition, share)));
      return ended.flatMap((published, at) => shares[at]?.map(() => published) ?? []);
    } finally {
      this.events -= events.length;
    }
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    while (this.busy.size > 0) await Promise.all(this.busy.values());
  }

  private get maxBytes(): number {
    return Math.min(MAX_BYTES, this.log.maxPayload - OVERHEAD);
  }

  private enqueue(partition: number, events: readonly Publishable[]): Promise<Published> {
    return new Promise((done, failed) => {
      this.queues[partition]?.push({
        texts: events.map((one) => one.text),
        ids: events.map((one) => one.id),
        bytes: events.reduce((sum, one) => sum + one.bytes, 0),
        done,
        failed,
      });
      if (!this.busy.has(partition)) this.busy.set(partition, this.drain(partition));
    });
  }

  private async drain(partition: number): Promise<void> {
    await Promise.resolve();
    const queue = this.queues[partition] ?? [];
    while (queue.length > 0) await this.send(partition, queue.splice(0, countOfNext(queue, this.maxBytes)));
    this.busy.delete(partition);
  }

  private async send(partition: number, shares: readonly Share[]): Promise<void> {
    try {
      const data = encodeBatch(shares.flatMap((one) => one.texts));
      const published = await this.untilStored(
        partition,
        data,
        shares.flatMap((one) => one.ids),
      );
      for (const one of shares) one.done(published);
    } catch (error) {
      // What queued behind it has waited long, too.
      const behind = this.queues[partition]?.splice(0) ?? [];
      for (const one of [...shares, ...behind]) one.failed(error);
    }
  }

  private async untilStored(partition: number, data: Buffer, ids: readonly string[]): Promise<Published> {
    if (data.length > this.log.maxPayload - OVERHEAD) return 'tooLarge';
    const msgID = createHash('sha256').update(ids.join(' ')).digest('base64url');
    const patience = AbortSignal.timeout(PATIENCE_MS);
    for (let tries = 1; ; tries++) {
      try {
        if (!this.log.isUp) throw new Error('NATS is away');
        const ack = await this.log.client.publish(this.log.subject(partition), data, {
          msgID,
          timeout: ACK_TIMEOUT_MS,
        });
        this.log.noteSize(ids.length);
        // A second try may meet what the first one stored.
        return ack.duplicate && tries === 1 ? 'known' : 'stored';
      } catch (error) {
        if (patience.aborted) throw this.unavailable(error);
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
    }
  }

  private unavailable(error: unknown): Problem {
    this.logger.warn({ err: error }, `events were not stored in JetStream: ${messageOf(error)}`);
    return new Problem(503, 'unavailable', 'The message log cannot be reached. Try again in a few seconds.');
  }
}

/** Shares of a message's size at most; an event larger than that stands alone. */
function split(events: readonly Publishable[], maxBytes: number): Publishable[][] {
  const shares: Publishable[][] = [];
  let bytes = Infinity;
  for (const one of events) {
    const last = shares.at(-1);
    bytes += one.bytes;
    if (last && last.length < LARGEST_MESSAGE && bytes <= maxBytes) last.push(one);
    else {
      shares.push([one]);
      bytes = one.bytes;
    }
  }
  return shares;
}

function countOfNext(queue: readonly Share[], maxBytes: number): number {
  let events = 0;
  let bytes = 0;
  let count = 0;
  for (const share of queue) {
    events += share.texts.length;
    bytes += share.bytes;
    if (count > 0 && (events > LARGEST_MESSAGE || bytes > maxBytes)) break;
    count++;
  }
  return count;
}

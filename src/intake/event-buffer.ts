import { type DigestOutcome } from './outcome.js';
import { type CountableEvent, type QueuedEvent } from './queued-event.js';

/** The step after intake. Registered with the buffer when the daemon starts. */
export interface EventConsumer {
  /**
   * Commits a batch and returns one outcome an event, in order. Idempotent by `(projectId, eventId)` and what the event is about.
   * @throws when nothing was committed
   */
  digest(batch: readonly CountableEvent[]): Promise<DigestOutcome[]>;
}

/**
 * The hop between intake and digest. `submit` answers once the effect is committed: in one process by group commit,
 * in a cluster by the acknowledgement of the message log.
 */
export abstract class EventBuffer {
  /** Hands events over; resolves with one outcome an event when they are safe. */
  abstract submit(events: readonly QueuedEvent[]): Promise<DigestOutcome[]>;
  /** Names the consumer; from then on batches flow. */
  abstract connect(consumer: EventConsumer): void;
  /** Takes nothing more and waits until what was taken is digested. */
  abstract close(): Promise<void>;
  /** Events waiting and the age of the oldest in milliseconds. */
  abstract depth(): { events: number; oldestMs: number };
}

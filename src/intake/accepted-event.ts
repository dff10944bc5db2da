import { type AppEvent } from './event.js';
import { type DigestOutcome } from './outcome.js';

/** What groups an event: the version that made the key, and the key, unique within a project. */
export interface GroupingKey {
  readonly version: string;
  readonly key: string;
}

/** An event on its way from intake to digest. */
export interface AcceptedEvent {
  readonly projectId: number;
  /** Epoch milliseconds by our clock. */
  readonly receivedAt: number;
  readonly event: AppEvent;
  /** What the app sent, for a sample; undefined when it was shed under overload. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
  /** Known when the event crossed a message log, which holds only scrubbed texts: made of the event as it was sent. */
  readonly grouping?: GroupingKey;
  /** Reads the same event again from the text that was sent, so that nobody need hold it while it waits; undefined where there are none. */
  readonly reread?: () => AcceptedEvent;
}

/**
 * What digest needs of every event, small, since events wait in numbers and whatever they hold is copied about by the garbage
 * collector. The few that are written down in full are read again.
 */
export interface PreparedEvent {
  readonly projectId: number;
  readonly eventId: string;
  /** The event in full. */
  readonly accepted: () => AcceptedEvent;
  /** Why it cannot be digested, where that was seen already. */
  readonly fault?: unknown;
}

/** The step after intake. Registered with the buffer when the daemon starts. */
export interface EventConsumer {
  /** Takes from an event what `digest` needs; pure. */
  prepare(event: AcceptedEvent): PreparedEvent;
  /**
   * Commits a batch of what `prepare` made and returns one outcome an event, in order. Idempotent by `(projectId, eventId)`.
   * @throws when nothing was committed
   */
  digest(batch: readonly PreparedEvent[]): Promise<DigestOutcome[]>;
  /** What will group this event; pure, so that any process can ask. Events of one key stay in one partition. */
  groupingOf(event: AppEvent): GroupingKey;
}

/**
 * The hop between intake and digest. `submit` answers once the effect is committed: in one process by group commit,
 * in a cluster by the acknowledgement of the message log.
 */
export abstract class EventBuffer {
  /** Hands events over; resolves with one outcome an event when they are safe. */
  abstract submit(events: readonly AcceptedEvent[]): Promise<DigestOutcome[]>;
  /** Names the consumer; from then on batches flow. */
  abstract connect(consumer: EventConsumer): void;
  /** Takes nothing more and waits until what was taken is digested. */
  abstract close(): Promise<void>;
  /** Events waiting and the age of the oldest in milliseconds. */
  abstract depth(): { events: number; oldestMs: number };
}

import { type AppEvent } from '../events/event.js';
import { type GroupingKey } from '../grouping/grouping-key.js';
import { type Trust } from '../projects/project-key.js';
import { type DigestOutcome } from './outcome.js';

/** How an event is known, and by whom; events that an older version wrote down have none of it, and are claims. */
export interface Origin {
  readonly trust?: Trust;
  /** The key that it was sent with. */
  readonly keyId?: number;
  /** Of whom it came, within an hour: `Projects.sourceOf`. */
  readonly source?: number;
}

/** An event on its way from intake to digest. */
export interface AcceptedEvent extends Origin {
  readonly projectId: number;
  /** Epoch milliseconds by our clock. */
  readonly receivedAt: number;
  readonly event: AppEvent;
  /** What the app sent, for a sample; undefined when it was shed under overload. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
  /** Known when the event crossed a message log, which holds only scrubbed texts: made of the event as it was sent. */
  readonly grouping?: GroupingKey;
}

/** What the consumer needs of an event to count it: plain JSON into which only the consumer looks. */
export type EventFacts = object;

/**
 * An event on its way through the buffer: small, since events wait in numbers and whatever they hold is copied about by the garbage
 * collector. The few that are written down in full are read again.
 */
export interface PreparedEvent extends Origin {
  readonly projectId: number;
  readonly eventId: string;
  /** False where the payload was shed. */
  readonly hasPayload: boolean;
  /** Undefined where they could not be made, for the reason that `fault` gives. */
  readonly facts: EventFacts | undefined;
  readonly fault?: unknown;
  /** The event in full. */
  readonly accepted: () => AcceptedEvent;
}

/** The step after intake. Registered with the buffer when the daemon starts. */
export interface EventConsumer {
  /** What `digest` needs of an event; pure. `known` is a key that was made of it before its texts were scrubbed. */
  factsOf(event: AppEvent, known?: GroupingKey): EventFacts;
  /**
   * Commits a batch and returns one outcome an event, in order. Idempotent by `(projectId, eventId)`.
   * @throws when nothing was committed
   */
  digest(batch: readonly PreparedEvent[]): Promise<DigestOutcome[]>;
  /** What will group the event of these facts, so that any process can ask. Events of one key stay in one partition. */
  groupingOf(facts: EventFacts): GroupingKey;
}

/**
 * The hop between intake and digest. `submit` answers once the effect is committed: in one process by group commit,
 * in a cluster by the acknowledgement of the message log.
 */
export abstract class EventBuffer {
  /** True where events are written down in full on their way, so that reading them twice would cost more than holding them. */
  abstract readonly writesInFull: boolean;
  /** Hands events over; resolves with one outcome an event when they are safe. */
  abstract submit(events: readonly PreparedEvent[]): Promise<DigestOutcome[]>;
  /** Names the consumer; from then on batches flow. */
  abstract connect(consumer: EventConsumer): void;
  /** Takes nothing more and waits until what was taken is digested. */
  abstract close(): Promise<void>;
  /** Events waiting and the age of the oldest in milliseconds. */
  abstract depth(): { events: number; oldestMs: number };
}

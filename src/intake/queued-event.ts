import { type AppEvent } from '../events/event.js';
import { type Protocol } from '../events/protocol.js';
import { type Facts } from '../grouping/facts.js';
import { type GroupingKey } from '../grouping/grouping-key.js';
import { type Trust } from '../projects/project-key.js';
import { type SentText } from './reader/sent-text.js';

/** A JSON object as an app sent it. */
export type Payload = Readonly<Record<string, unknown>>;

/** How an event is known, and by whom; events that an older version wrote down have none of it, and are claims. */
export interface Origin {
  readonly trust?: Trust;
  /** The key that it was sent with. */
  readonly keyId?: number;
  /** Of whom it came, within an hour: `Projects.sourceOf`. */
  readonly source?: number;
}

/** An event with what the app sent of it. */
export interface FullEvent {
  readonly event: AppEvent;
  /** Undefined where it was shed. */
  readonly payload: Payload | undefined;
  /** Made of the event as it was sent; given for events that crossed a message log, which holds only scrubbed texts. */
  readonly grouping?: GroupingKey;
}

/** The text of an event, from which its protocol reads it again. */
export interface EventText {
  readonly protocol: Protocol;
  /** One JSON object. */
  readonly text: Buffer;
}

/** A text of which it is known where in its body it stands, so that no event carries a copy. */
export interface EventPlace {
  readonly protocol: Protocol;
  readonly body: SentText;
  /** Bytes of the decoded body before the text, and of the text. */
  readonly from: number;
  readonly length: number;
}

/**
 * An event on its way through the buffer: what counts it, and from what the few that are written down in full are read. Small where it can
 * be, since events wait in numbers and whatever they hold is copied about by the garbage collector.
 */
export interface QueuedEvent extends Origin {
  readonly projectId: number;
  /** 32 lower-case hex digits. */
  readonly eventId: string;
  /** Epoch milliseconds by our clock. */
  readonly receivedAt: number;
  /** False where the payload was shed. */
  readonly hasPayload: boolean;
  /** Undefined where they could not be made, for the reason that `fault` gives. */
  readonly facts: Facts | undefined;
  readonly fault?: unknown;
  readonly content: FullEvent | EventText | EventPlace;
}

/** An event that can be counted. */
export type CountableEvent = QueuedEvent & { readonly facts: Facts };

/** The event in full: as it is held, or read again from its text. */
export function inFull({
  eventId,
  receivedAt,
  hasPayload,
  content,
}: Pick<QueuedEvent, 'eventId' | 'receivedAt' | 'hasPayload' | 'content'>): FullEvent {
  const { event, payload, ...rest } = 'protocol' in content ? readAgain(content, receivedAt) : content;
  return {
    ...rest,
    event: event.eventId === eventId ? event : { ...event, eventId },
    payload: hasPayload ? payload : undefined,
  };
}

function readAgain(content: EventText | EventPlace, receivedAt: number): FullEvent {
  const { protocol } = content;
  const text = 'text' in content ? content.text : content.body.text(content.from, content.length);
  const payload = JSON.parse(text.toString()) as Record<string, unknown>;
  const event = protocol.readPayload(payload, receivedAt);
  if (!event) throw new Error(`an event of ${protocol.name} could not be read again`);
  return { event, payload };
}

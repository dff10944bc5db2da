import { Injectable } from '@nestjs/common';
import {
  type BodyContent,
  type ReadEvent,
  type Reading,
  type Remainder,
  type UnreadableBody,
} from '../../events/protocol.js';
import { type Protocol } from '../../events/protocol.js';
import { type SignedId, signedIdOf } from '../../events/signature.js';
import { Fingerprinter } from '../../grouping/fingerprinter.js';
import { Settings } from '../../platform/config/settings.js';
import { Metrics } from '../../platform/metrics.js';
import { type DecodedBody, decodeSent, mostInflated } from '../http/content-encoding.js';
import { type HeldRoom, MemoryRoom, weightOf } from '../http/memory.room.js';
import { MAX_WIRE_BODY } from '../http/request.bodies.js';
import { type Queued, RequestTurns } from '../http/request.turns.js';
import { type QueuedEvent } from '../queued-event.js';
import { tryFacts } from './facts.js';
import { type ReadingThread } from './reading-thread.js';
import { SentText } from './sent-text.js';
import { type RawBody, type SeparatedBody } from './separated-body.js';

/** Decompressed bytes up to which a body is decompressed before there is room for it. */
const SMALL_BODY = 1024 * 1024;
/** Largest decompressed body, bytes: as on the wire, so that a small request cannot become a large one. Events are far below; attachments are discarded anyway. */
export const MAX_BODY = MAX_WIRE_BODY;

/** An event of a body that is nobody's yet. */
export type UnclaimedEvent = Pick<QueuedEvent, 'receivedAt' | 'facts' | 'fault' | 'content'> & {
  /** '' where the app gave none. */
  readonly eventId: string;
  readonly position: number;
  /** Proof of the customer's id. */
  readonly signed?: SignedId | undefined;
};

/** A body that was read. */
export interface ReadBody {
  readonly ok: true;
  /** Room that its events take up; to be given back when they are committed. */
  readonly held?: HeldRoom;
  readonly events: readonly UnclaimedEvent[];
  readonly rest: Remainder;
}

/** A body that was not decompressed. */
export type UndecodedBody = Extract<DecodedBody, { ok: false }>;

/** Reads bodies: on another thread, where there is one and it can, or here in turns. */
@Injectable()
export class BodyReaders {
  /** True where every event is written down in full on its way, so that reading it twice would cost more than holding it. */
  readonly holdsInFull: boolean;
  private thread: ReadingThread | undefined;
  private readonly byThread;
  private readonly byMain;

  constructor(
    private readonly turns: RequestTurns,
    private readonly room: MemoryRoom,
    private readonly fingerprinter: Fingerprinter,
    settings: Settings,
    metrics: Metrics,
  ) {
    this.holdsInFull = settings.natsUrl !== undefined;
    const help = 'Requests whose bodies another thread may read, by the thread that read them; main: all that it left.';
    const metric = metrics.counter('intake_bodies_total', help, ['thread']);
    this.byThread = metric.labels('reader');
    this.byMain = metric.labels('main');
  }

  /** From now on bodies are read there. */
  use(thread: ReadingThread | undefined): void {
    this.thread = thread;
  }

  /** Requests that the other thread has and has not answered. */
  get waiting(): number {
    return this.thread?.waiting ?? 0;
  }

  /**
   * Reads a body; senders take turns.
   */
  async read(raw: RawBody, from: Queued): Promise<ReadBody | UnreadableBody | UndecodedBody> {
    if (raw.route.separable) {
      const separated = await this.thread?.separate(raw);
      (separated ? this.byThread : this.byMain).inc();
      if (separated) return ofSeparated(separated, raw);
    }
    await this.turns.next(raw.body.length, from);
    return this.readHere(raw, from);
  }

  /** Ends the other thread. */
  async close(): Promise<void> {
    await this.thread?.close();
  }

  private async readHere(raw: RawBody, from: Queued): Promise<ReadBody | UnreadableBody | UndecodedBody> {
    const { decoded, held } = await this.decode(raw, from);
    try {
      const read = decoded.ok ? await this.parse(raw, decoded.body, from) : decoded;
      if (!read.ok) {
        held.release();
        return read;
      }
      if (decoded.ok && read.events.every(({ content }) => 'text' in content)) held.resize(decoded.body.length);
      return { ...read, held };
    } catch (error) {
      held.release();
      throw error;
    }
  }

  /** Decompresses a body, a large one in a turn of its own once there is room for it. */
  private async decode(raw: RawBody, from: Queued): Promise<{ decoded: DecodedBody; held: HeldRoom }> {
    const decoded = decodeSent(raw, SMALL_BODY);
    if (decoded.ok || decoded.status !== 413)
      return { decoded, held: await this.room.hold(decoded.ok ? weightOf(decoded.body.length) : 0) };
    const most = mostInflated(raw.body.length, MAX_BODY);
    const held = await this.room.hold(weightOf(most));
    await this.turns.further(from);
    const whole = decodeSent(raw, MAX_BODY);
    held.resize(whole.ok ? weightOf(whole.body.length) : 0);
    await this.turns.further(from);
    return { decoded: whole, held };
  }

  private async parse(raw: RawBody, body: Buffer, from: Queued): Promise<ReadBody | UnreadableBody> {
    const { route, contentType, receivedAt } = raw;
    const sent = { operation: route.operation, contentType, receivedAt, body };
    const content = await this.inTurns(route.protocol.read(sent), from);
    if (!content.ok) return content;
    const claim = (read: ReadEvent) => this.unclaimed(read, receivedAt, route.protocol);
    const { events, ...rest } = content;
    return { ok: true, events: await this.turns.map(events, from, claim), rest };
  }

  private async inTurns(reading: Reading, from: Queued): Promise<BodyContent | UnreadableBody> {
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
      await this.turns.further(from);
    }
  }

  private unclaimed(
    { event, position, payload, text }: ReadEvent,
    receivedAt: number,
    protocol: Protocol,
  ): UnclaimedEvent {
    const content = text && !this.holdsInFull ? { protocol, text } : { event, payload };
    const signed = signedIdOf(event.user);
    return { eventId: event.eventId, position, receivedAt, content, signed, ...tryFacts(this.fingerprinter, event) };
  }
}

function ofSeparated({ events, rest }: SeparatedBody, raw: RawBody): ReadBody {
  const { receivedAt, route } = raw;
  const body = new SentText(raw);
  return {
    ok: true,
    events: events.map(({ eventId, position, facts, signed, from, length }) => {
      const content = { protocol: route.protocol, body, from, length };
      return { eventId, position, receivedAt, facts, signed, content };
    }),
    rest,
  };
}

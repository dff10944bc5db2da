import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { isDatabaseAway, pgCode } from '../../platform/db/pg-error.js';
import { messageOf, Problem } from '../../platform/errors.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { type AppEvent } from '../../events/event.js';
import { Scrubber } from '../../events/scrubber.js';
import { newestKey } from '../../grouping/facts.js';
import { Fingerprinter } from '../../grouping/fingerprinter.js';
import { type GroupingKey } from '../../grouping/grouping-key.js';
import { type EventConsumer } from '../event-buffer.js';
import { type CountableEvent, type FullEvent, inFull, type QueuedEvent } from '../queued-event.js';
import { tryFacts } from '../reader/facts.js';
import { decodeBatch, encodeBatch, eventText, type WireEvent } from './event-wire.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';
import { type DigestOutcome } from '../outcome.js';
import { type NewPoison, PoisonStore } from '../ledger/poison.store.js';

const MINUTE = 60_000;
/** Longest reason kept, UTF-16 units. */
const MAX_REASON = 500;
/** Classes of SQLSTATE that the data brings about: data exception, integrity constraint, program limit exceeded. */
const DATA_FAULTS = /^(22|23|54)/;

/** True where the events themselves make digest fail, so that the same call would fail again on a healthy database. */
export function isOwnFault(error: unknown): boolean {
  const code = pgCode(error);
  return code === undefined ? !isDatabaseAway(error) : DATA_FAULTS.test(code);
}

/** The way from any buffer into its consumer. An event that cannot be digested is set aside, and spoils no other. */
@Injectable()
export class BufferOutlet {
  private consumer: EventConsumer | undefined;
  constructor(
    private readonly store: PoisonStore,
    private readonly ledger: LedgerStore,
    private readonly counter: OutcomeCounter,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly scrubber: Scrubber,
    private readonly fingerprinter: Fingerprinter,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Names the consumer. */
  connect(consumer: EventConsumer): void {
    this.consumer = consumer;
  }

  /** The key that groups an event, so that any process can ask; undefined where its facts could not be made. */
  groupingOf({ facts, content }: QueuedEvent): GroupingKey | undefined {
    return ('grouping' in content ? content.grouping : undefined) ?? (facts && newestKey(facts));
  }

  /** An event as it may be written down before digest: texts and payload scrubbed. The customer's identity stays, since digest needs it. */
  written(queued: QueuedEvent, { event, payload }: FullEvent = inFull(queued)): WireEvent {
    const { projectId, trust, keyId, source, receivedAt } = queued;
    return {
      ...{ projectId, trust, keyId, source },
      receivedAt,
      event: this.scrubber.event(withoutSignature(event)),
      payload: payload && this.scrubber.payload({ ...payload }, event.user),
      grouping: this.groupingOf(queued),
    };
  }

  /** An event that was written down, queued again. One of which no facts can be made fails in `digest`. */
  queued({ projectId, trust, keyId, source, receivedAt, event, payload, grouping }: WireEvent): QueuedEvent {
    return {
      ...{ projectId, trust, keyId, source },
      eventId: event.eventId,
      receivedAt,
      hasPayload: payload !== undefined,
      content: { event, payload, grouping },
      ...tryFacts(this.fingerprinter, event, grouping),
    };
  }

  /** Digests a batch as a whole; throws what the consumer throws. */
  async digest(batch: readonly QueuedEvent[]): Promise<DigestOutcome[]> {
    if (!batch.every(isCountable)) throw batch.find((one) => one.facts === undefined)?.fault;
    return this.connected().digest(batch);
  }

  /**
   * Digests a batch. One that fails for a reason of its own is halved until the event that spoils it stands alone; that one
   * is set aside and ends as `invalid`.
   * @throws for any other reason; what committed until then is seen as duplicate when it comes again
   */
  async digestOrSetAside(batch: readonly QueuedEvent[]): Promise<DigestOutcome[]> {
    try {
      return await this.digest(batch);
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      const [only] = batch;
      if (only && batch.length === 1) return [await this.setAside(this.poisonOf(only, error), error)];
      const middle = Math.ceil(batch.length / 2);
      const first = await this.digestOrSetAside(batch.slice(0, middle));
      return [...first, ...(await this.digestOrSetAside(batch.slice(middle)))];
    }
  }

  /** Sets a message aside that cannot be read. */
  async setAsideUnreadable(data: Uint8Array, error: unknown): Promise<void> {
    const key = createHash('sha256').update(data).digest('hex');
    await this.setAside(
      { key, projectId: 0, eventId: undefined, reason: reasonOf(error), body: Buffer.from(data) },
      error,
    );
  }

  /**
   * Digests an event that was set aside, and takes it off the list. Its outcome `invalid` is taken back.
   * @throws Problem 404 when there is none of this id, 409 when it still cannot be digested
   */
  async replay(id: number): Promise<DigestOutcome[]> {
    const poison = await this.store.find(this.database, id);
    if (!poison) throw new Problem(404, 'not-found', `There is no event ${id} that was set aside.`);
    const outcomes = await this.again(id, poison.body);
    await this.database.transaction(async (tx) => {
      if (!(await this.store.remove(tx, id))) return;
      await this.ledger.countOutcomes(tx, [invalid(poison.projectId, poison.setAsideAt, -1)]);
    });
    return outcomes;
  }

  private async again(id: number, body: Buffer): Promise<DigestOutcome[]> {
    try {
      return await this.digest(decodeBatch(body).map((one) => this.queued(one)));
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      const reason = reasonOf(error);
      await this.store.failedAgain(this.database, id, reason);
      throw new Problem(409, 'still-poison', `The event still cannot be digested: ${reason}`);
    }
  }

  private async setAside(poison: NewPoison, error: unknown): Promise<DigestOutcome> {
    const now = this.clock.now();
    const isNew = await this.database.transaction(async (tx) => {
      const added = await this.store.setAside(tx, poison, now);
      if (added) await this.ledger.countOutcomes(tx, [invalid(poison.projectId, now, 1)]);
      return added;
    });
    if (!isNew) {
      this.counter.count(poison.projectId, 'duplicate');
      return 'duplicate';
    }
    this.counter.observe(poison.projectId, 'invalid', 1);
    const { projectId, eventId } = poison;
    this.logger.error({ err: error, projectId, eventId }, `an event was set aside: ${poison.reason}`);
    return 'invalid';
  }

  private poisonOf(queued: QueuedEvent, error: unknown): NewPoison {
    const { projectId, eventId } = queued;
    return {
      key: `${projectId}:${eventId}`,
      projectId,
      eventId,
      reason: reasonOf(error),
      body: encodeBatch([eventText(this.written(queued))]),
    };
  }

  private connected(): EventConsumer {
    if (!this.consumer) throw new Error('no consumer is connected to the buffer');
    return this.consumer;
  }
}

function isCountable(queued: QueuedEvent): queued is CountableEvent {
  return queued.facts !== undefined;
}

/** Takes the signature out: its proof is kept as trust, and whoever read it could use it again. */
function withoutSignature(event: AppEvent): AppEvent {
  return event.user?.signature === undefined ? event : { ...event, user: { ...event.user, signature: undefined } };
}

function reasonOf(error: unknown): string {
  const code = pgCode(error);
  return `${code ? `${code} ` : ''}${messageOf(error)}`.replaceAll('\0', '').slice(0, MAX_REASON);
}

function invalid(projectId: number, at: Date, count: number) {
  return {
    projectId,
    minute: new Date(Math.floor(at.getTime() / MINUTE) * MINUTE),
    outcome: 'invalid' as const,
    count,
  };
}

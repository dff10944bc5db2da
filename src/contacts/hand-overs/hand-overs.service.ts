import { Inject, Injectable } from '@nestjs/common';
import { Scrubber } from '../../events/scrubber.js';
import { Clock } from '../../platform/clock.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { wake } from '../../platform/stages/wake.js';
import { type HandOver, type HandOverReason } from '../contact.js';
import { HAND_OVERS_CONFIG, type HandOversConfig, hasDesk } from '../hand-overs-config.js';
import { Attributions } from '../record/attribution.service.js';
import { ContactStore } from '../record/contact.store.js';
import { type SenderNames, Senders } from '../record/senders.service.js';
import { HandOverStore } from './hand-over.store.js';

const HOUR_MS = 3_600_000;

/** A hand-over as a bot or a person asks for it. */
export interface AskedHandOver extends SenderNames {
  readonly contactId?: number;
  /** Customer and incident, where they are known by more than names and words. */
  readonly customerId?: number;
  readonly incidentId?: number;
  readonly channel: string;
  readonly reason: HandOverReason;
  readonly text?: string;
  readonly locale?: string;
}

/** A hand-over, and whether it was there before. */
export interface TakenHandOver {
  readonly handOver: HandOver;
  readonly repeated: boolean;
}

/** Gives contacts to a person. */
@Injectable()
export class HandOvers {
  constructor(
    @Inject(HAND_OVERS_CONFIG) private readonly config: HandOversConfig,
    private readonly senders: Senders,
    private readonly attributions: Attributions,
    private readonly contacts: ContactStore,
    private readonly scrubber: Scrubber,
    private readonly store: HandOverStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives a contact to a person. Where one is on it already, that one stands; it is never made twice.
   * @throws Problem 404 for a contact that does not exist, 429 where the customer has caused as many within the hour as the configuration allows
   */
  async ask(asked: AskedHandOver, by: string, now: Date): Promise<TakenHandOver> {
    return this.database.transaction((tx) => this.keep(tx, asked, by, now));
  }

  /** Does the same in a transaction of the caller. */
  async keep(tx: Tx, asked: AskedHandOver, by: string, now: Date): Promise<TakenHandOver> {
    const contact = asked.contactId === undefined ? undefined : await this.contacts.find(tx, asked.contactId);
    if (asked.contactId !== undefined && !contact) throw notFound('contact', String(asked.contactId));
    const { projectIds } = this.senders.place(asked);
    const customerId = contact?.customerId ?? asked.customerId ?? (await this.senders.find(tx, asked));
    const text = asked.text === undefined ? null : this.scrubber.text(asked.text);
    const locale = asked.locale ?? contact?.locale ?? null;
    const words = text ?? contact?.text ?? '';
    const isKnown = asked.incidentId !== undefined;
    const found =
      contact ??
      (isKnown ? null : await this.attributions.of(tx, { customerId, projectIds, text: words, locale }, now));
    const incidentId = asked.incidentId ?? found?.incidentId ?? null;
    if (customerId !== null) await this.store.lockCustomer(tx, customerId);
    const standing = contact && (await this.store.openOfContact(tx, contact.id));
    if (standing) return { handOver: standing, repeated: true };
    if (customerId !== null) {
      const others = await this.store.ofCustomer(tx, customerId);
      const same = others.find((one) => one.state !== 'closed' && one.incidentId === incidentId);
      if (same) return { handOver: same, repeated: true };
      const recent = others.filter(({ createdAt }) => now.getTime() - createdAt.getTime() < HOUR_MS);
      if (recent.length >= this.config.perHour)
        throw new Problem(
          429,
          'too-many',
          `The customer has caused ${recent.length} hand-overs within an hour; no more are taken until it is over.`,
        );
    }
    const handOver = await this.store.insert(
      tx,
      {
        webhookId: this.clock.uuid(),
        contactId: contact?.id ?? null,
        ...{ customerId, incidentId, text, locale },
        channel: asked.channel,
        reason: asked.reason,
        createdBy: by,
        delivery: hasDesk(this.config) ? 'pending' : 'none',
      },
      now,
    );
    await wake(tx, 'hand-over');
    return { handOver, repeated: false };
  }

  /**
   * Moves a hand-over on; the same move again changes nothing.
   * @throws Problem 404 for one that does not exist, 409 for one that somebody else took or that is closed
   */
  async move(id: number, to: 'taken' | 'closed', by: string, now: Date): Promise<HandOver> {
    return this.database.transaction(async (tx) => {
      const moved = await this.store.move(tx, id, to, by, now);
      if (moved) return moved;
      const standing = await this.store.find(tx, id);
      if (!standing) throw notFound('hand-over', String(id));
      if (standing.state === to && (to === 'closed' || standing.takenBy === by)) return standing;
      throw new Problem(
        409,
        'conflict',
        standing.state === 'closed' ? 'The hand-over is closed.' : `${standing.takenBy} has taken the hand-over.`,
      );
    });
  }
}

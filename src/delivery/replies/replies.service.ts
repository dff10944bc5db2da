import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { Suppressions } from '../../customers/suppressions.service.js';
import { MessageQueue } from '../../outreach/public.js';
import { type Tx } from '../../platform/db/database.js';
import { answerTo } from './answers.js';
import { ReplyStore } from './reply.store.js';
import { readWish } from './wish.js';

/** A reply as a provider hands it on. */
export interface IncomingReply {
  readonly providerId: string;
  /** Number that it came from, E.164. */
  readonly from: string;
  readonly text: string;
  /** Twilio's own reading; it has answered the customer then. */
  readonly optOutType?: string;
}

const CHANNEL: Channel = 'sms';

/**
 * Takes replies of customers. Who wants no more is not written to again by any sender and in any project that has the number: what waits is decided anew, and
 * what was claimed is taken back before it is handed to a provider.
 */
@Injectable()
export class Replies {
  constructor(
    private readonly store: ReplyStore,
    private readonly suppressions: Suppressions,
    private readonly directory: CustomerDirectory,
    private readonly queue: MessageQueue,
  ) {}

  /** Takes one reply; returns the text that answers it, undefined where none is due. A reply that comes twice is answered once. */
  async take(tx: Tx, { providerId, from, text, optOutType }: IncomingReply, now: Date): Promise<string | undefined> {
    const wish = readWish(text, optOutType);
    const customers = await this.suppressions.customersAt(tx, CHANNEL, from);
    const last = await this.store.lastTo(tx, customers, from);
    const customerId = last?.customerId ?? customers[0] ?? null;
    const kept = {
      ...{ providerId, customerId, messageId: last?.id ?? null, wish: wish.kind, at: now },
      certain: wish.kind !== 'stop' || wish.certain,
      text: customerId === null ? null : text.slice(0, 1600),
    };
    if (!(await this.store.add(tx, kept))) return undefined;
    if (wish.kind === 'stop' || wish.kind === 'start') await this.record(tx, customers, wish.kind === 'start', now);
    if (wish.kind === 'stopThis' && last) {
      // Who answered the question behind STOP meant this problem alone.
      await this.record(tx, customers, true, now);
      await this.queue.stopIncident(tx, last.incidentId, customers, now);
    }
    if (wish.kind === 'none' || optOutType !== undefined || customers.length === 0) return undefined;
    return answerTo(wish.kind, last?.locale ?? 'en');
  }

  private async record(tx: Tx, customers: readonly number[], granted: boolean, now: Date): Promise<void> {
    for (const customerId of customers)
      await this.directory.recordConsent(tx, { customerId, channel: CHANNEL, granted, source: 'reply' }, now);
    if (!granted) await this.queue.recall(tx, customers, CHANNEL);
  }
}

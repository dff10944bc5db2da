import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { Suppressions } from '../../customers/suppressions.service.js';
import { MessageQueue } from '../../outreach/public.js';
import { type Tx } from '../../platform/db/database.js';
import { answerTo } from './answers.js';
import { ReplyStore } from './reply.store.js';
import { type Wish } from './wish.js';

/** A reply as a provider hands it on. */
export interface IncomingReply {
  readonly providerId: string;
  /** Number that it came from, E.164. */
  readonly from: string;
  readonly text: string;
  /** Twilio's own reading; it has answered the customer then. */
  readonly optOutType?: string;
  /** The customer's wish, as `WishReader` read it. */
  readonly wish: Wish;
}

/** The answer of a person to a mail of ours. */
export interface IncomingAnswer {
  /** The message of ours. */
  readonly messageId: string;
  /** `Message-ID` of the answer, by which one that comes twice is known; may be empty. */
  readonly mailId: string;
  /** Their own words, without what they quote. */
  readonly text: string;
  /** The customer's wish, as `WishReader` read it. */
  readonly wish: Wish;
}

const CHANNEL: Channel = 'sms';
/** Wishes that are answered once for each message of ours, so that two machines do not go on writing to each other. */
const ONCE: ReadonlySet<Wish['kind']> = new Set(['needsHelp', 'fixed', 'unclear']);

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
  async take(tx: Tx, reply: IncomingReply, now: Date): Promise<string | undefined> {
    const { providerId, from, text, optOutType, wish } = reply;
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
    if (ONCE.has(wish.kind) && (await this.store.saidBefore(tx, kept))) return undefined;
    return answerTo(wish.kind, last?.locale ?? 'en');
  }

  /**
   * Takes the answer to a mail; false where that mail is not ours. A clear wish to stop counts as one of an SMS does; everything else is for a person,
   * since in a mail people write about what stops working as well.
   */
  async takeMail(tx: Tx, { messageId, mailId, text, wish: read }: IncomingAnswer, now: Date): Promise<boolean> {
    const message = await this.queue.find(tx, messageId);
    if (!message || message.channel === null || message.customerId === null) return false;
    const { customerId, channel, incidentId } = message;
    const wish = read.kind === 'unclear' || (read.kind === 'stop' && !read.certain) ? 'none' : read.kind;
    const name = createHash('sha256')
      .update(`${messageId} ${mailId || text}`)
      .digest('hex');
    const kept = {
      providerId: `mail ${name}`,
      customerId,
      messageId,
      wish,
      certain: true,
      text: text.slice(0, 1600),
      at: now,
    };
    if (!(await this.store.add(tx, kept))) return true;
    if (wish === 'stop') await this.record(tx, [customerId], false, now, channel);
    if (wish === 'stopThis') await this.queue.stopIncident(tx, incidentId, [customerId], now);
    return true;
  }

  private async record(
    tx: Tx,
    customers: readonly number[],
    granted: boolean,
    now: Date,
    channel: Channel = CHANNEL,
  ): Promise<void> {
    for (const customerId of customers)
      await this.directory.recordConsent(tx, { customerId, channel, granted, source: 'reply' }, now);
    if (!granted) await this.queue.recall(tx, customers, channel);
  }
}

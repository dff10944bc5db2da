import { Inject, Injectable } from '@nestjs/common';
import { type Channel } from '../customers/customer.js';
import { CustomerDirectory } from '../customers/public.js';
import { Database, type Sql, type Tx } from '../platform/db/database.js';
import { messageOf } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { type Message, type MessageState } from './campaign.js';
import { CampaignStore } from './campaigns/campaign.store.js';
import { Composer, type Content } from './messages/composer.service.js';
import { MessageStore, type StateChange } from './messages/message.store.js';

/** A message that is ready to go out. */
export interface ReadyMessage {
  readonly message: Message;
  readonly content: Content;
}

/** The queue between deciding and sending. Every change carries the fence, so that a worker who lost its lease changes nothing. */
@Injectable()
export class MessageQueue {
  constructor(
    private readonly store: MessageStore,
    private readonly campaigns: CampaignStore,
    private readonly composer: Composer,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Claims due messages under a lease and composes them; those that may not go out are moved on here. */
  async claim(now: Date, limit: number, leaseUntil: Date): Promise<{ claimed: number; ready: ReadyMessage[] }> {
    return this.database.transaction(async (tx) => {
      const claimed = await this.store.claim(tx, now, limit, leaseUntil);
      const ready: ReadyMessage[] = [];
      for (const message of claimed) {
        const content = await this.compose(tx, message, now);
        if (content) ready.push({ message, content });
      }
      return { claimed: claimed.length, ready };
    });
  }

  private async compose(tx: Tx, message: Message, now: Date): Promise<Content | undefined> {
    const move = (to: MessageState, change: StateChange) =>
      this.store.move(tx, message.id, message.fence, ['claimed'], to, now, change);
    const composed = await this.composer.compose(tx, message, now);
    switch (composed.kind) {
      case 'ready':
        await this.store.setContent(tx, message.id, message.fence, composed.content);
        return composed.content;
      case 'hold':
        await move('pending', { reason: composed.reason, nextAt: composed.until });
        return undefined;
      case 'suppress':
        await move('suppressed', { reason: composed.reason, final: true });
        return undefined;
      case 'cancel':
        await move('cancelled', { reason: composed.reason, final: true });
        return undefined;
    }
  }

  /** Marks a claimed message as about to be handed to a provider; false when the lease was lost. */
  async markSending(tx: Tx, { id, fence }: Message, gateway: string, leaseUntil: Date, now: Date): Promise<boolean> {
    return this.store.move(tx, id, fence, ['claimed'], 'sending', now, { gateway, leaseUntil, attempt: true });
  }

  /** Moves a message that is being sent or in doubt to where the provider's answer puts it. */
  async settle(tx: Tx, { id, fence }: Message, to: MessageState, now: Date, change: StateChange): Promise<boolean> {
    return this.store.move(tx, id, fence, ['sending', 'in_doubt'], to, now, change);
  }

  /** Takes what a provider reports later: delivered, or failed after all. Late and repeated reports change nothing. */
  async report(
    tx: Tx,
    id: string,
    to: Extract<MessageState, 'sent' | 'delivered' | 'failed'>,
    now: Date,
    change: StateChange,
  ): Promise<boolean> {
    const message = await this.store.find(tx, id);
    if (!message) return false;
    const from: MessageState[] = to === 'sent' ? ['sending', 'in_doubt'] : ['sending', 'in_doubt', 'sent'];
    return this.store.move(tx, id, message.fence, from, to, now, change);
  }

  /** Gives back or puts in doubt what dead workers held. */
  async expireLeases(now: Date): Promise<{ released: number; doubted: number }> {
    const result = await this.database.transaction((tx) => this.store.expireLeases(tx, now));
    if (result.doubted > 0) this.logger.warn(result, 'a worker ended while it was sending; its messages are in doubt');
    return result;
  }

  /** Takes messages in doubt for a look at the provider. */
  async claimDoubt(now: Date, limit: number, again: Date): Promise<Message[]> {
    return this.database.transaction((tx) => this.store.claimDoubt(tx, now, limit, again));
  }

  /** Stops a campaign whose provider refuses everything, so that a person looks at it. */
  async pauseCampaign(tx: Tx, campaignId: number, reason: string, now: Date): Promise<void> {
    await this.campaigns.setState(tx, campaignId, ['approved'], 'paused', reason, 'forewarn', now);
  }

  /** Marks an address as refused for good; `opted_out` is the customer's own word and goes into the consent ledger. */
  async refuseAddress(tx: Tx, message: Message, channel: Channel, reason: string, now: Date): Promise<void> {
    if (message.customerId === null) return;
    if (reason === 'opted_out')
      await this.directory.recordConsent(tx, message.customerId, channel, false, 'provider', now);
    else await this.directory.suppress(tx, message.customerId, channel, reason, now);
  }

  /** One message, undefined when there is none. */
  async find(sql: Sql, id: string): Promise<Message | undefined> {
    return this.store.find(sql, id);
  }

  /** Logs what went wrong with one message without its contents. */
  logFault(message: Message, error: unknown): void {
    this.logger.error({ messageId: message.id, err: error }, `a message could not be handled: ${messageOf(error)}`);
  }
}

import { Injectable } from '@nestjs/common';
import { Suppressions } from '../../customers/suppressions.service.js';
import { type Message } from '../../outreach/campaign.js';
import { MessageQueue } from '../../outreach/public.js';
import { type MessageReason } from '../../outreach/reasons.js';
import { type Tx } from '../../platform/db/database.js';
import { FULL_DAYS, FULL_TIMES } from '../bounces/bounce.js';
import { type Cost, type Receipt, ReceiptStore } from './receipt.store.js';

const DAY_MS = 86_400_000;

/** Consequence of a failure for the address and for the wave. */
export interface Consequence {
  /** `now`: never write to the address again; `later`: when its mailbox was full three times in seven days. */
  readonly suppress: 'now' | 'later' | 'no';
  /** True: it is about us, so the wave stops. */
  readonly stopsWave: boolean;
}

/** A refusal in answer to an attempt. */
export interface Refused {
  /** Name of the gateway. */
  readonly source: string;
  readonly reason: MessageReason;
  readonly code?: string;
  /** True: the address is never to be written to again. */
  readonly suppress: boolean;
}

const NONE: Consequence = { suppress: 'no', stopsWave: false };

/** Takes what is reported about messages: in any order, repeated or late. Every report is kept; the message follows the highest of them. */
@Injectable()
export class Receipts {
  constructor(
    private readonly store: ReceiptStore,
    private readonly queue: MessageQueue,
    private readonly suppressions: Suppressions,
  ) {}

  /** Takes one report; false for a message that is not there. */
  async take(tx: Tx, receipt: Receipt, now: Date, consequence = NONE, cost?: Cost): Promise<boolean> {
    const message = await this.queue.find(tx, receipt.messageId);
    if (!message) return false;
    await this.store.add(tx, receipt, now);
    if (cost) await this.store.setCost(tx, message.id, cost);
    const { kind, source, reason, code, providerId } = receipt;
    if (kind === 'complaint') await this.complained(tx, message, now);
    else if (kind !== 'delayed')
      await this.queue.report(tx, message.id, kind, now, {
        reason: kind === 'failed' ? (reason ?? 'refused') : null,
        ...(code !== undefined && { providerCode: code }),
        ...(providerId !== undefined && { providerId }),
      });
    if (kind === 'delivered' && source !== 'bounce' && message.gateway !== null)
      await this.store.setHeard(tx, message.gateway, now);
    if (kind === 'failed') await this.failed(tx, message, reason ?? 'refused', consequence, now);
    return true;
  }

  /** Keeps how many parts of messages the provider bills. */
  async sized(tx: Tx, sizes: readonly { readonly messageId: string; readonly segments: number }[]): Promise<void> {
    if (sizes.length > 0) await this.store.setSegments(tx, sizes);
  }

  /** Keeps that a provider refused a message at once, and draws the consequences. */
  async refused(tx: Tx, message: Message, { source, reason, code, suppress }: Refused, now: Date): Promise<void> {
    await this.store.add(tx, { messageId: message.id, source, kind: 'failed', reason, code }, now);
    const patience = reason === 'mailbox_full' ? 'later' : 'no';
    await this.failed(tx, message, reason, { suppress: suppress ? 'now' : patience, stopsWave: false }, now);
  }

  /** Draws the consequences of a failure, whether a report or the answer to an attempt said so. */
  private async failed(
    tx: Tx,
    message: Message,
    reason: MessageReason,
    { suppress, stopsWave }: Consequence,
    now: Date,
  ): Promise<void> {
    if (stopsWave) await this.queue.pauseCampaign(tx, message.campaignId, reason, now);
    if (reason === 'opted_out') {
      if (message.channel) await this.queue.refuseAddress(tx, message, message.channel, reason, now);
    } else if (suppress === 'now' || (suppress === 'later' && (await this.isAlwaysFull(tx, message, now))))
      await this.suppress(tx, message, reason, 'provider', now);
  }

  /** A complaint is a word of the customer's own: the address is not written to again, and the ledger says so. */
  private async complained(tx: Tx, message: Message, now: Date): Promise<void> {
    await this.suppress(tx, message, 'complained', 'complaint', now);
    if (message.channel) await this.queue.refuseAddress(tx, message, message.channel, 'opted_out', now);
  }

  private async suppress(tx: Tx, message: Message, reason: string, source: string, now: Date): Promise<void> {
    const { channel, address } = message;
    if (channel === null || address === null) return;
    await this.suppressions.add(tx, [{ channel, address, reason, source, at: now }]);
    await this.queue.refuseAddress(tx, message, channel, reason, now);
  }

  private async isAlwaysFull(tx: Tx, message: Message, now: Date): Promise<boolean> {
    if (message.address === null) return false;
    return (
      (await this.store.countFull(tx, message.address, new Date(now.getTime() - FULL_DAYS * DAY_MS))) >= FULL_TIMES
    );
  }
}

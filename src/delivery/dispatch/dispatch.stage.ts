import { Injectable } from '@nestjs/common';
import { type Message } from '../../outreach/campaign.js';
import { MessageQueue, type ReadyMessage } from '../../outreach/public.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { Metrics } from '../../platform/metrics.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { settle } from '../algorithm/outcome.js';
import { AttemptStore } from './attempt.store.js';
import { type Gateway, type OutgoingMessage, type SendResult } from '../gateway.js';
import { outgoing } from '../outgoing.js';
import { Gateways } from './gateways.service.js';

const BATCH = 50;
/** Calls to providers at the same time, as many as the SMTP pool has connections. */
const PARALLEL = 5;
/** Longer than the longest time limit of a gateway (SMTP, 120 s), so that only a dead worker loses a lease. */
const LEASE_MS = 300_000;

/**
 * SEND: claims due messages, marks each `sending` with its attempt committed, and only then calls the provider. A message
 * whose process dies in between is found by its lease and put in doubt; it is never sent again on a guess. Keyed by (message, fence).
 */
@Injectable()
export class DispatchStage implements Stage {
  readonly name = 'dispatch';
  readonly pauseMs = 1000;
  readonly limitMs = 300_000;
  private readonly attempts;

  constructor(
    private readonly queue: MessageQueue,
    private readonly gateways: Gateways,
    private readonly store: AttemptStore,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly publicUrl: PublicUrl,
    metrics: Metrics,
  ) {
    this.attempts = metrics.counter('attempts_total', 'Calls to providers by result.', ['gateway', 'result', 'reason']);
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const { claimed, ready } = await this.queue.claim(now, BATCH, new Date(now.getTime() + LEASE_MS));
    const waiting = [...ready];
    const worker = async () => {
      // A message under way is finished; what was claimed and not begun comes back with its lease.
      for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) await this.send(next);
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    return { worked: claimed, more: claimed === BATCH };
  }

  private async send({ message, content }: ReadyMessage): Promise<void> {
    const gateway = this.gateways.get(content.channel);
    if (!gateway) return; // composing chooses among channels with a gateway; should one be missing all the same, the lease gives the message back
    const attemptId = this.clock.uuid();
    const now = this.clock.now();
    const mine = await this.database.transaction(async (tx) => {
      const marked = await this.queue.markSending(tx, message, gateway.name, new Date(now.getTime() + LEASE_MS), now);
      if (marked) await this.store.begin(tx, attemptId, message.id, message.fence, gateway.name, now);
      return marked;
    });
    if (!mine) return;
    const result = await this.call(gateway, outgoing(message, content, this.publicUrl.base, now), message, now);
    await this.finish(message, content.channel, gateway.name, attemptId, result);
  }

  /** A gateway that throws has a fault of ours after which nobody knows: that is a doubt, not a failure. */
  private async call(gateway: Gateway, message: OutgoingMessage, row: Message, now: Date): Promise<SendResult> {
    try {
      return await gateway.send(message, now);
    } catch (error) {
      this.queue.logFault(row, error);
      return { kind: 'inDoubt', reason: 'provider_error' };
    }
  }

  private async finish(
    message: Message,
    channel: OutgoingMessage['channel'],
    gateway: string,
    attemptId: string,
    result: SendResult,
  ): Promise<void> {
    const now = this.clock.now();
    const settlement = settle(result, message.attempts + 1, now);
    const reason = 'reason' in settlement ? settlement.reason : null;
    const providerId = settlement.to === 'sent' ? settlement.providerId : null;
    await this.database.transaction(async (tx) => {
      await this.store.end(tx, attemptId, RESULT_WORDS[result.kind], reason, providerId, now);
      const change = {
        reason,
        providerCode: 'code' in result ? result.code : undefined,
        providerId: providerId ?? undefined,
        nextAt: 'nextAt' in settlement ? settlement.nextAt : undefined,
      };
      if (settlement.to === 'failed' && settlement.pauseCampaign) {
        await this.queue.settle(tx, message, 'pending', now, { ...change, nextAt: now });
        await this.queue.pauseCampaign(tx, message.campaignId, settlement.reason, now);
        return;
      }
      await this.queue.settle(tx, message, settlement.to, now, change);
      if (settlement.to === 'failed' && settlement.refuseAddress)
        await this.queue.refuseAddress(tx, message, channel, settlement.reason, now);
    });
    this.attempts.inc({ gateway, result: RESULT_WORDS[result.kind], reason: reason ?? '' });
  }
}

const RESULT_WORDS = {
  sent: 'sent',
  shown: 'shown',
  retry: 'retry',
  rejected: 'rejected',
  inDoubt: 'in_doubt',
} as const;

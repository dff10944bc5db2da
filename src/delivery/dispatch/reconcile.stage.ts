import { Injectable } from '@nestjs/common';
import { type Message } from '../../outreach/campaign.js';
import { MessageQueue } from '../../outreach/public.js';
import { Database } from '../../platform/db/database.js';
import { assertNever } from '../../platform/errors.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { AttemptStore } from './attempt.store.js';
import { outgoing } from '../outgoing.js';
import { ReturnAddresses } from './return-addresses.service.js';
import { Gateways } from './gateways.service.js';

const BATCH = 50;
/** Until the next look at a message that stays in doubt. */
const LOOK_AGAIN_MS = 600_000;

/**
 * Asks providers about messages in doubt. Only a provider's clear word moves a message:
 * `sent` closes it, `notSent` lets it be sent; anything else leaves it in doubt, for a person to settle.
 */
@Injectable()
export class ReconcileStage implements Stage {
  readonly name = 'reconcile';
  readonly pauseMs = 5000;
  readonly limitMs = 120_000;

  constructor(
    private readonly queue: MessageQueue,
    private readonly gateways: Gateways,
    private readonly store: AttemptStore,
    private readonly database: Database,
    private readonly addresses: ReturnAddresses,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const doubtful = await this.queue.claimDoubt(now, BATCH, new Date(now.getTime() + LOOK_AGAIN_MS));
    for (const message of doubtful) if (!signal.aborted) await this.resolve(message, now);
    return { worked: doubtful.length, more: doubtful.length === BATCH };
  }

  private async resolve(message: Message, now: Date): Promise<void> {
    const { channel, address, subject, body } = message;
    const gateway = channel === null ? undefined : this.gateways.named(channel, message.gateway);
    const attemptedAt = await this.store.lastStartedAt(this.database, message.id);
    if (!gateway || channel === null || address === null || body === null || !attemptedAt) return;
    const said = await gateway.reconcile(
      outgoing(message, { channel, address, subject, body }, await this.addresses.surroundings(), now),
      attemptedAt,
      now,
    );
    await this.database.transaction(async (tx) => {
      switch (said.kind) {
        case 'sent':
          return this.queue.endDoubt(tx, message, 'provider_has_it', now, said.providerId);
        case 'shown':
          return this.queue.endDoubt(tx, message, 'outbox_has_it', now);
        case 'notSent':
          return this.queue.endDoubt(tx, message, 'provider_never_got_it', now);
        case 'unknown':
          return this.queue.settle(tx, message, 'in_doubt', now, {
            reason: message.stateReason,
            nextAt: said.notBefore,
          });
        default:
          return assertNever(said);
      }
    });
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { CHANNELS } from '../../customers/customer.js';
import { MessageQueue } from '../../outreach/public.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { OUTBOX } from '../outbox/outbox.gateway.js';
import { AttemptStore } from './attempt.store.js';
import { Gateways } from './gateways.service.js';

/** Remembers that the installation has used a provider, and says at each start in words where messages go. */
@Injectable()
export class WaysOut {
  constructor(
    private readonly gateways: Gateways,
    private readonly store: AttemptStore,
    private readonly queue: MessageQueue,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** From the first provider on, what the built-in outbox took counts as sent no more, also what it took before. */
  async atStart(): Promise<void> {
    const providers = this.gateways.providers();
    await this.database.transaction(async (tx) => {
      let first = false;
      for (const { gateway } of providers)
        first = (await this.store.useProvider(tx, gateway, this.clock.now())) || first;
      if (first) await this.queue.unsend(tx, OUTBOX);
    });
    const sending = await this.queue.sending(this.database);
    if (sending.sending === 'held')
      this.logger.warn(
        { since: sending.changedAt, by: sending.changedBy },
        'all sending is held: messages are planned and none leaves until PUT /v1/outreach/switch says live',
      );
    const used = await this.store.providerUsed(this.database);
    if (providers.length > 0) this.logger.info(this.words());
    else if (used)
      this.logger.warn(
        'no provider is set, though this installation has used one: messages go to the built-in outbox page and NOBODY gets them; they count as shown, not as sent',
      );
    else this.logger.info('no provider is set: messages go to the built-in outbox page, /outbox, and to nobody else');
  }

  private words(): string {
    const each = CHANNELS.map((channel) => {
      const ways = this.gateways.providers().filter((one) => one.channel === channel);
      const names = ways.map(({ gateway }) => gateway).join(', then ');
      return ways.length > 0
        ? `${channel} goes out through ${names}`
        : `${channel} goes nowhere, since no provider is set for it`;
    });
    return `messages: ${each.join('; ')}`;
  }
}

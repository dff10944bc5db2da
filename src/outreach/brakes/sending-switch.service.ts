import { Inject, Injectable } from '@nestjs/common';
import { Incidents } from '../../incidents/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { wake } from '../../platform/stages/wake.js';
import { type Sending, SwitchStore } from './switch.store.js';

/** Sets the switch that holds all sending, and writes it into the timeline of every open incident. */
@Injectable()
export class SendingSwitch {
  constructor(
    private readonly store: SwitchStore,
    private readonly incidents: Incidents,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Sets the switch. From the commit on no process claims a message, nor hands one to a provider that it has claimed. */
  async set(sending: Sending, reason: string | null, actor: string, now: Date): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (await this.store.set(tx, sending, reason, actor, now)) await this.tell(tx, sending, reason, actor, now);
      if (sending === 'live') await wake(tx, 'dispatch');
    });
  }

  private async tell(tx: Tx, sending: Sending, reason: string | null, actor: string, now: Date): Promise<void> {
    const fact = { kind: sending === 'held' ? 'sending_held' : 'sending_live', reason } as const;
    for (const { id } of await this.incidents.open(tx)) await this.incidents.append(tx, id, actor, fact, now);
    this.logger.warn({ sending, actor }, sending === 'held' ? 'all sending is held' : 'sending is live');
  }
}

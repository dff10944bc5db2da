import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Channel, CHANNELS } from '../../customers/customer.js';
import { Settings } from '../../platform/config/settings.js';
import { Database } from '../../platform/db/database.js';
import { AttemptStore } from './attempt.store.js';
import { type Gateway } from '../gateway.js';
import { GATEWAYS } from '../gateway.factories.js';
import { OUTBOX, OutboxGateway } from '../outbox/outbox.gateway.js';

/** The gateway of each channel: providers as configured, or the built-in outbox for all when there is none at all. */
@Injectable()
export class Gateways implements OnApplicationShutdown {
  private readonly byChannel = new Map<Channel, Gateway>();

  constructor(settings: Settings, store: AttemptStore, database: Database) {
    for (const { channel, make } of GATEWAYS) {
      const gateway = make(settings);
      if (gateway) this.byChannel.set(channel, gateway);
    }
    if (this.byChannel.size > 0) return;
    for (const channel of CHANNELS) this.byChannel.set(channel, new OutboxGateway(channel, store, database));
  }

  /** The gateway of a channel, undefined where none is configured. */
  get(channel: Channel): Gateway | undefined {
    return this.byChannel.get(channel);
  }

  /** Channels with a provider, and its name. */
  providers(): { channel: Channel; gateway: string }[] {
    return [...this.byChannel].flatMap(([channel, { name }]) => (name === OUTBOX ? [] : [{ channel, gateway: name }]));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.byChannel.values()].map((gateway) => gateway.close()));
  }
}

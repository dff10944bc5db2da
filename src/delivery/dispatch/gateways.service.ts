import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { Settings } from '../../platform/config/settings.js';
import { Database } from '../../platform/db/database.js';
import { AttemptStore } from './attempt.store.js';
import { type Gateway } from '../gateway.js';
import { OutboxGateway } from '../outbox/outbox.gateway.js';
import { SmtpGateway } from '../smtp/smtp.gateway.js';
import { TwilioGateway } from '../twilio/twilio.gateway.js';

/** The gateway of each channel: providers as configured, or the built-in outbox for both when there is none at all. */
@Injectable()
export class Gateways implements OnApplicationShutdown {
  private readonly byChannel = new Map<Channel, Gateway>();

  constructor(settings: Settings, store: AttemptStore, database: Database) {
    const { smtp, twilio } = settings;
    if (smtp) this.byChannel.set('email', new SmtpGateway(smtp));
    if (twilio) this.byChannel.set('sms', new TwilioGateway(twilio));
    if (this.byChannel.size > 0) return;
    for (const channel of ['email', 'sms'] as const)
      this.byChannel.set(channel, new OutboxGateway(channel, store, database));
  }

  /** The gateway of a channel, undefined where none is configured. */
  get(channel: Channel): Gateway | undefined {
    return this.byChannel.get(channel);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.byChannel.values()].map((gateway) => gateway.close()));
  }
}

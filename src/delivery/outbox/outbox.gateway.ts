import { type Channel } from '../../customers/customer.js';
import { type Database } from '../../platform/db/database.js';
import { type AttemptStore } from '../dispatch/attempt.store.js';
import { type Gateway, type OutgoingMessage, type ReconcileResult, type SendResult } from '../gateway.js';

/** The built-in outbox: keeps messages for `/outbox` instead of sending them, so that everything can be tried without an account anywhere. */
export class OutboxGateway implements Gateway {
  readonly name = 'outbox';

  constructor(
    readonly channel: Channel,
    private readonly store: AttemptStore,
    private readonly database: Database,
  ) {}

  async send(message: OutgoingMessage, now: Date): Promise<SendResult> {
    const { channel, to, text } = message;
    await this.store.putOutbox(this.database, message.messageId, {
      channel,
      address: to,
      subject: 'subject' in message ? message.subject : null,
      body: text,
      at: now,
    });
    return { kind: 'sent', providerId: message.messageId };
  }

  async reconcile(message: OutgoingMessage): Promise<ReconcileResult> {
    const found = await this.store.inOutbox(this.database, message.messageId);
    return found ? { kind: 'sent', providerId: message.messageId } : { kind: 'notSent' };
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

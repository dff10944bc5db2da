import { type Channel } from '../../customers/customer.js';
import { type Database } from '../../platform/db/database.js';
import { type AttemptStore } from '../dispatch/attempt.store.js';
import { type Gateway, type OutgoingMessage, type ReconcileResult, type SendResult } from '../gateway.js';

/** The gateway of messages on the outbox page. */
export const OUTBOX = 'outbox';

/**
 * The built-in outbox: keeps messages for `/outbox` instead of sending them, so that everything can be tried without an account anywhere. Once the
 * installation has used a provider its customers are real, and what stands here counts as told no more.
 */
export class OutboxGateway implements Gateway {
  readonly name = OUTBOX;
  readonly parallel = 5;

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
    const { messageId } = message;
    return (await this.store.providerUsed(this.database)) ? { kind: 'shown' } : { kind: 'sent', providerId: messageId };
  }

  async reconcile(message: OutgoingMessage): Promise<ReconcileResult> {
    const found = await this.store.inOutbox(this.database, message.messageId);
    if (!found) return { kind: 'notSent' };
    const { messageId } = message;
    return (await this.store.providerUsed(this.database)) ? { kind: 'shown' } : { kind: 'sent', providerId: messageId };
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

import { type Channel } from '../../customers/customer.js';
import { rejected, resultOf } from '../algorithm/verdict.js';
import { type WebhookGatewayConfig } from '../delivery-config.js';
import { type Gateway, type OutgoingMessage, type ReconcileResult, type SendResult } from '../gateway.js';
import { signWebhook } from '../../platform/http/webhook-signature.js';
import { callOnce, codeOfCall, verdictOf } from '../http/http-call.js';

/**
 * Hands messages to a service of one's own, for push, WeChat or an in-house sender: a signed POST after Standard Webhooks. `webhook-id` is the message's id, the same on
 * every attempt, and the receiver must take each id once; so what is in doubt is sent again.
 */
export class WebhookGateway implements Gateway {
  readonly name: string;
  readonly channel: Channel;
  readonly parallel = 10;

  constructor(private readonly config: WebhookGatewayConfig) {
    this.name = config.name;
    this.channel = config.channel;
  }

  async send(message: OutgoingMessage, now: Date): Promise<SendResult> {
    if (message.validUntil && message.validUntil <= now) return resultOf(rejected('expired', 'message'), '', now);
    const body = JSON.stringify({ type: 'message.send', timestamp: now.toISOString(), data: message });
    const called = await callOnce({
      url: this.config.url,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...signWebhook(this.config.secrets, message.messageId, body, now),
      },
      body,
    });
    const verdict = verdictOf(called, true);
    return verdict
      ? resultOf(verdict, message.messageId, now, codeOfCall(called))
      : { kind: 'sent', providerId: message.messageId };
  }

  /** The receiver takes each id once, so what is in doubt may be handed over again. */
  reconcile(): Promise<ReconcileResult> {
    return Promise.resolve({ kind: 'notSent' });
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

import { createHmac } from 'node:crypto';
import { type Channel } from '../../customers/customer.js';
import { rejected, resultOf } from '../algorithm/verdict.js';
import { type WebhookGatewayConfig } from '../delivery-config.js';
import { type Gateway, type OutgoingMessage, type ReconcileResult, type SendResult } from '../gateway.js';
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
    const seconds = String(Math.floor(now.getTime() / 1000));
    const called = await callOnce({
      url: this.config.url,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': message.messageId,
        'webhook-timestamp': seconds,
        'webhook-signature': this.config.secrets
          .map((secret) => signatureOf(secret, `${message.messageId}.${seconds}.${body}`))
          .join(' '),
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

function signatureOf(secret: string, signed: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

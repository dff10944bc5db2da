import { signWebhook } from '../../../platform/http/webhook-signature.js';
import { callDesk } from '../call.js';
import { type Desk, type ToldHandOver } from '../desk.js';
import { type HandOversConfig } from '../../hand-overs-config.js';

/** Tells a webhook, signed after Standard Webhooks; the receiver knows an attempt by its `webhook-id`. */
export class WebhookDesk implements Desk {
  constructor(private readonly config: NonNullable<HandOversConfig['webhook']>) {}

  async tell(one: ToldHandOver, now: Date, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(contentOf(one));
    const signature = signWebhook([this.config.secret], one.webhookId, body, now);
    const headers = { 'content-type': 'application/json', ...signature };
    await callDesk({ base: this.config.url, headers, body }, signal);
  }
}

function contentOf(one: ToldHandOver): object {
  const { contact } = one;
  return {
    type: 'handover.created',
    timestamp: one.createdAt.toISOString(),
    data: {
      id: String(one.id),
      channel: one.channel,
      reason: one.reason,
      text: one.text,
      locale: one.locale,
      contact: contact && { ...contact, id: String(contact.id) },
      incidentId: one.incidentId === null ? null : String(one.incidentId),
      context: one.context,
    },
  };
}

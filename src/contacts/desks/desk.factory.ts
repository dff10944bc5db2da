import { type HandOversConfig } from '../hand-overs-config.js';
import { ChatwootDesk } from './chatwoot/chatwoot.desk.js';
import { type Desk } from './desk.js';
import { WebhookDesk } from './webhook/webhook.desk.js';
import { ZendeskDesk } from './zendesk/zendesk.desk.js';

/** The desk of the configuration; undefined where hand-overs wait in the API alone. */
export function deskOf({ webhook, chatwoot, zendesk }: HandOversConfig): Desk | undefined {
  if (webhook) return new WebhookDesk(webhook);
  if (chatwoot) return new ChatwootDesk(chatwoot);
  return zendesk && new ZendeskDesk(zendesk);
}

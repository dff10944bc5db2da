import { Injectable } from '@nestjs/common';
import { Problem } from '../../platform/errors.js';
import { Settings } from '../../platform/config/settings.js';
import { requestTo } from '../../platform/http/request-to.js';
import { type ChatwootQuestion } from './chatwoot.js';

/** Milliseconds for one call: Chatwoot waits five seconds for its webhook, and there are two calls at most. */
const LIMIT_MS = 2000;

/** Speaks in a Chatwoot as its agent bot. */
@Injectable()
export class ChatwootGateway {
  constructor(private readonly settings: Settings) {}

  /** Says something in a conversation. */
  async say({ account, conversation }: ChatwootQuestion, content: string): Promise<void> {
    await this.call(`/api/v1/accounts/${account}/conversations/${conversation}/messages`, {
      content,
      message_type: 'outgoing',
    });
  }

  /** Gives a conversation to the humans. */
  async open({ account, conversation }: ChatwootQuestion): Promise<void> {
    await this.call(`/api/v1/accounts/${account}/conversations/${conversation}/toggle_status`, { status: 'open' });
  }

  /** @throws Problem 503 where Chatwoot does not take it: it then opens the conversation to humans by itself */
  private async call(path: string, body: object): Promise<void> {
    const { chatwoot } = this.settings;
    if (!chatwoot) throw new Problem(503, 'not-set-up', 'CHATWOOT_URL and CHATWOOT_BOT_TOKEN are not set.');
    const { url, headers } = requestTo(chatwoot.url, path);
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', api_access_token: chatwoot.token },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(LIMIT_MS),
    }).catch(() => undefined);
    await answer?.body?.cancel();
    if (!answer?.ok) throw new Problem(503, 'chatwoot-away', 'Chatwoot did not take the answer.');
  }
}

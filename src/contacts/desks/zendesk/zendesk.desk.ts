import { z } from 'zod';
import { type HandOversConfig } from '../../hand-overs-config.js';
import { callDesk } from '../call.js';
import { type Desk, DeskFailure, type ToldHandOver } from '../desk.js';
import { noteOf, subjectOf } from '../note.js';

const found = z.looseObject({ count: z.number().int().min(0) });

/**
 * Opens a ticket in Zendesk, or in a desk that speaks its API (`POST /api/v2/tickets.json`). The ticket carries our id as `external_id`: it is asked
 * for before a second attempt, and `Idempotency-Key` covers the two hours in which Zendesk may not find it yet.
 * Source: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
 */
export class ZendeskDesk implements Desk {
  constructor(private readonly config: NonNullable<HandOversConfig['zendesk']>) {}

  async tell(one: ToldHandOver, _now: Date, signal: AbortSignal): Promise<void> {
    if (await this.has(one, signal)) return;
    const { customer } = one;
    const requester = {
      name: customer?.name ?? customer?.externalId ?? `Customer of hand-over ${one.id}`,
      ...(customer?.email && { email: customer.email }),
    };
    const ticket = {
      subject: subjectOf(one),
      comment: { body: noteOf(one), public: false },
      ...(customer && { requester }),
      external_id: externalId(one),
      tags: ['forewarn', `forewarn_${one.reason.toLowerCase()}`],
    };
    const headers = { ...this.headers(), 'idempotency-key': externalId(one) };
    await callDesk(
      { base: this.config.url, path: '/api/v2/tickets.json', headers, body: JSON.stringify({ ticket }) },
      signal,
    );
  }

  private async has(one: ToldHandOver, signal: AbortSignal): Promise<boolean> {
    const path = `/api/v2/tickets.json?external_id=${encodeURIComponent(externalId(one))}`;
    const answer = await callDesk({ method: 'GET', base: this.config.url, path, headers: this.headers() }, signal);
    const read = found.safeParse(answer);
    if (!read.success) throw new DeskFailure('answer not understood');
    return read.data.count > 0;
  }

  private headers(): Record<string, string> {
    const login = Buffer.from(`${this.config.user}/token:${this.config.token}`).toString('base64');
    return { 'content-type': 'application/json', authorization: `Basic ${login}` };
  }
}

function externalId(one: ToldHandOver): string {
  return `forewarn-${one.webhookId}`;
}

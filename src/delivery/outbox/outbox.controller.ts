import { Controller, Get, Header } from '@nestjs/common';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { AnswersText } from '../../platform/http/answers.js';
import { escapeHtml, htmlPage } from '../../platform/http/html.js';
import { AttemptStore } from '../dispatch/attempt.store.js';

const SHOWN = 200;

/** `GET /outbox`: what would have been sent, while no provider is configured. A browser asks for a token as password. */
@Controller('outbox')
export class OutboxController {
  constructor(
    private readonly store: AttemptStore,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('ops')
  @AnswersText('Show what would have been sent, while no provider is set', 'text/html')
  @Header('content-type', 'text/html; charset=utf-8')
  async page(): Promise<string> {
    const mails = await this.store.listOutbox(this.database, SHOWN);
    const rows = mails.map(
      ({ at, channel, address, subject, body }) =>
        `<tr><td>${at.toISOString().replace('T', ' ').slice(0, 19)}</td><td>${channel}</td><td>${escapeHtml(address)}</td><td>${subject ? `<strong>${escapeHtml(subject)}</strong>` : ''}<pre>${escapeHtml(body)}</pre></td></tr>`,
    );
    const note =
      mails.length === 0
        ? '<p>Nothing yet.</p>'
        : `<p>The newest ${mails.length}. Set SMTP_URL or TWILIO_ACCOUNT_SID to send for real.</p>`;
    return htmlPage(
      'en',
      'Forewarn outbox',
      `<h1>Outbox</h1>${note}<table><thead><tr><th>When (UTC)</th><th>Channel</th><th>To</th><th>Message</th></tr></thead><tbody>${rows.join('')}</tbody></table>`,
    );
  }
}

import { Controller, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { CustomerDirectory } from '../../customers/public.js';
import { Explanations, type RenderedExplanation } from '../../explanations/public.js';
import { formatMoment } from '../../explanations/reader.js';
import { Incidents } from '../../incidents/public.js';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { AnswersText } from '../../platform/http/answers.js';
import { escapeHtml, htmlPage } from '../../platform/http/html.js';
import { type Message } from '../campaign.js';
import { MessageStore } from '../messages/message.store.js';

const HTML = 'text/html; charset=utf-8';

/** `GET /i/{token}`: the customer's own incident page, and its one-click unsubscribe (RFC 8058). The token is the key. */
@Controller('i')
export class CustomerPageController {
  constructor(
    private readonly messages: MessageStore,
    private readonly incidents: Incidents,
    private readonly explanations: Explanations,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The link stands in one message alone, so whoever opens it proves that the message arrived. */
  @Get(':token')
  @AnswersText('Show the customer’s own page about an incident', 'text/html')
  @Public()
  @Header('content-type', HTML)
  @Header('cache-control', 'no-store')
  @Header('x-robots-tag', 'noindex')
  async page(@Param('token') token: string): Promise<string> {
    const message = await this.byToken(token);
    await this.messages.endDoubt(this.database, message, 'link_opened', this.clock.now());
    const incident = await this.incidents.find(this.database, message.incidentId);
    const [recipient] =
      message.customerId === null ? [] : await this.directory.recipients(this.database, [message.customerId]);
    if (!incident) throw gone();
    const text = (
      await this.explanations.forReader(this.database, [incident], message.locale, recipient?.timeZone ?? null)
    ).get(incident.id);
    const words = this.explanations.textsOf(message.locale).page;
    const zone = recipient?.timeZone ?? null;
    const state = incident.resolvedAt
      ? `<p class="state ok">${escapeHtml(words.resolved)}</p><h1>${escapeHtml(text?.fixedTitle ?? '')}</h1><p>${escapeHtml(text?.fixed ?? '')}</p><p>${escapeHtml(formatMoment(incident.resolvedAt, message.locale, zone))}</p>`
      : `<p class="state">${escapeHtml(words.active)}</p>${text ? explained(text, words.workaround) : ''}`;
    const news = await this.explanations.news(this.database, incident, { locale: message.locale, timeZone: zone });
    return htmlPage(
      message.locale,
      (incident.resolvedAt ? text?.fixedTitle : text?.title) ?? '',
      `${state}${news.map(({ when, text }) => `<p><span class="quiet">${escapeHtml(when)}</span> ${escapeHtml(text)}</p>`).join('')}<p class="quiet">${escapeHtml(message.why)}</p>
       <form method="post" action="/i/${escapeHtml(token)}/unsubscribe"><button>${escapeHtml(words.unsubscribe)}</button></form>`,
    );
  }

  /** Takes effect on POST only, so that a mail scanner that follows links does not opt anybody out. Twice is as good as once. */
  @Post(':token/unsubscribe')
  @AnswersText('Unsubscribe with one click', 'text/html')
  @Public()
  @HttpCode(200)
  @Header('content-type', HTML)
  async unsubscribe(@Param('token') token: string): Promise<string> {
    const message = await this.byToken(token);
    const { customerId, channel } = message;
    if (customerId !== null && channel !== null) {
      await this.database.transaction((tx) =>
        this.directory.recordConsent(
          tx,
          { customerId, channel, granted: false, source: 'unsubscribe_link' },
          this.clock.now(),
        ),
      );
    }
    const words = this.explanations.textsOf(message.locale).page.unsubscribed;
    return htmlPage(message.locale, words, `<p class="state ok">${escapeHtml(words)}</p>`);
  }

  private async byToken(token: string): Promise<Message> {
    const message = /^[\w-]{16}$/.test(token) ? await this.messages.byLink(this.database, token) : undefined;
    if (!message) throw gone();
    return message;
  }
}

function gone(): Problem {
  return new Problem(404, 'not-found', 'This link does not lead anywhere (any more).');
}

/** Writes the explanation of an open incident. A resolved page leaves it out, since none of it is true any more. */
function explained(text: RenderedExplanation, workaroundTitle: string): string {
  const { title, body, workaround, nextUpdate } = text;
  return [
    `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(body)}</p>`,
    workaround ? `<h2>${escapeHtml(workaroundTitle)}</h2><p>${escapeHtml(workaround)}</p>` : '',
    nextUpdate ? `<p>${escapeHtml(nextUpdate)}</p>` : '',
  ].join('');
}

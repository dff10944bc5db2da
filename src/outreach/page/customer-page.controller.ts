import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Explanations } from '../../explanations/public.js';
import { Public } from '../../platform/auth/needs.js';
import { AnswersText } from '../../platform/http/answers.js';
import { Brands } from '../../projects/brands.service.js';
import { CustomerPages, type Form, type Opened } from './customer-page.service.js';
import { type Done, DONE, incidentPage, lostPage, unsubscribedPage, unsubscribePage } from './page.html.js';
import { type ShownPage } from './shell.html.js';

const HTML = 'text/html; charset=utf-8';
const FORM = ['application/x-www-form-urlencoded'];

/**
 * `/i/{token}`: the customer's own page about an incident, with its forms and one-click unsubscribe (RFC 8058). The token is the key; nothing
 * changes on GET, so that a mail scanner that follows links opts nobody out. A link that leads nowhere is a page, too.
 */
@Controller('i')
export class CustomerPageController {
  constructor(
    private readonly pages: CustomerPages,
    private readonly explanations: Explanations,
    private readonly brands: Brands,
  ) {}

  @Get(':token')
  @AnswersText('Show the customer’s own page about an incident', 'text/html')
  @Public()
  @Header('content-type', HTML)
  @Header('x-robots-tag', 'noindex')
  async page(
    @Param('token') token: string,
    @Query('done') done: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const opened = await this.pages.open(token);
    if (!opened || opened.isExpired) return this.lost(opened, request, reply);
    await this.pages.seen(opened);
    const said = DONE.find((one) => one === done);
    return send(reply, incidentPage(await this.pages.view(opened, said)));
  }

  @Get(':token/unsubscribe')
  @AnswersText('Ask before unsubscribing', 'text/html')
  @Public()
  @Header('content-type', HTML)
  @Header('x-robots-tag', 'noindex')
  async ask(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const opened = await this.pages.open(token);
    return opened ? send(reply, unsubscribePage(this.framed(opened))) : this.lost(undefined, request, reply);
  }

  @Post(':token/unsubscribe')
  @AnswersText('Unsubscribe with one click', 'text/html', FORM)
  @Public()
  @HttpCode(200)
  @Header('content-type', HTML)
  async unsubscribe(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const opened = await this.pages.open(token);
    if (!opened) return this.lost(undefined, request, reply);
    await this.pages.unsubscribe(opened);
    return send(reply, unsubscribedPage(this.framed(opened)));
  }

  @Post(':token/undo')
  @AnswersText('Undo unsubscribing', 'text/html', FORM)
  @Public()
  async undo(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.act(token, request, reply, async (opened) => {
      await this.pages.undo(opened);
      return 'undone';
    });
  }

  @Post(':token/helped')
  @AnswersText('Say whether the explanation helped', 'text/html', FORM)
  @Public()
  async helped(
    @Param('token') token: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.act(token, request, reply, async (opened) => {
      await this.pages.helped(opened, formOf(body));
      return 'thanks';
    });
  }

  @Post(':token/help')
  @AnswersText('Ask for a person', 'text/html', FORM)
  @Public()
  async help(
    @Param('token') token: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.act(token, request, reply, (opened) => this.pages.help(opened, formOf(body)));
  }

  @Post(':token/preferences')
  @AnswersText('Choose what to get on which channel', 'text/html', FORM)
  @Public()
  async choose(
    @Param('token') token: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.act(token, request, reply, async (opened) => {
      await this.pages.choose(opened, formOf(body));
      return 'saved';
    });
  }

  @Post(':token/pause')
  @AnswersText('Pause all messages for some days', 'text/html', FORM)
  @Public()
  async pause(
    @Param('token') token: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.act(token, request, reply, async (opened) => {
      await this.pages.pause(opened, formOf(body));
      return 'saved';
    });
  }

  /** Does what a form asks for and leads back to the page, so that loading it anew does nothing again. */
  private async act(
    token: string,
    request: FastifyRequest,
    reply: FastifyReply,
    work: (opened: Opened) => Promise<Done>,
  ): Promise<string> {
    const opened = await this.pages.open(token);
    if (!opened || opened.isExpired) return this.lost(opened, request, reply);
    const done = await work(opened);
    void reply.status(303).header('location', `${opened.path}?done=${done}`).header('content-type', HTML);
    return '';
  }

  private framed({ message, brand, path, recipient }: Opened) {
    const words = this.explanations.textsOf(message.locale).page;
    const address = message.channel === null ? undefined : recipient.addresses[message.channel];
    return { locale: message.locale, words, brand, path, about: address ?? null };
  }

  /** Answers a link that leads nowhere, or no longer, in the language that the browser asks for. */
  private lost(opened: Opened | undefined, request: FastifyRequest, reply: FastifyReply): string {
    const locale = this.explanations.localeForHeader(request.headers['accept-language']);
    const view = { locale, words: this.explanations.textsOf(locale).page, brand: opened?.brand ?? this.brands.first() };
    void reply.status(opened ? 410 : 404).header('content-type', HTML);
    return send(reply, lostPage(view, opened ? 'expired' : 'lost', opened?.path));
  }
}

function send(reply: FastifyReply, { html, policy }: ShownPage): string {
  void reply.header('content-security-policy', policy);
  return html;
}

/** The fields of a form; none where something else came. */
function formOf(body: unknown): Form {
  return typeof body === 'object' && body !== null && !Buffer.isBuffer(body) ? (body as Form) : {};
}

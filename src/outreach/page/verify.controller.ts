import { Controller, Get, Header, Query, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Explanations } from '../../explanations/public.js';
import { formatMoment } from '../../explanations/reader.js';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { AnswersText } from '../../platform/http/answers.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { Throttle } from '../../platform/http/throttle.js';
import { Brands } from '../../projects/brands.service.js';
import { maskAddress } from '../algorithm/mask-address.js';
import { readCode } from '../algorithm/message-code.js';
import { type Verdict, verifyPage } from './page.html.js';
import { VerifyReadModel } from './verify.read-model.js';

/** Codes that one address may ask about a minute. There are 2^40, so a thousand would find nothing either; behind a proxy many share one. */
const TRIES = 60;

/** `GET /verify`: says whether a code in a message is ours, for customers who were told never to open links. */
@Controller('verify')
export class VerifyController {
  private readonly throttle = new Throttle(TRIES);

  constructor(
    private readonly messages: VerifyReadModel,
    private readonly explanations: Explanations,
    private readonly brands: Brands,
    private readonly publicUrl: PublicUrl,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @AnswersText('Say whether a code in a message is ours', 'text/html')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  async page(
    @Query('code') code: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const locale = this.explanations.localeForHeader(request.headers['accept-language']);
    const typed = typeof code === 'string' ? code.slice(0, 40) : '';
    const verdict = await this.verdict(typed, request.ip, locale);
    if (verdict.kind === 'later') void reply.status(429);
    const words = this.explanations.textsOf(locale).page;
    const path = `${new URL(this.publicUrl.base).pathname.replace(/\/$/, '')}/verify`;
    const page = verifyPage({ locale, words, brand: this.brands.first(), path, about: null }, typed, verdict);
    void reply.header('content-security-policy', page.policy);
    return page.html;
  }

  private async verdict(typed: string, address: string, locale: string): Promise<Verdict> {
    if (typed.trim() === '') return { kind: 'asked' };
    if (!this.throttle.allows(address, this.clock.now())) return { kind: 'later' };
    const digits = readCode(typed);
    const message = digits === undefined ? undefined : await this.messages.find(this.database, digits);
    if (!message) return { kind: 'notOurs' };
    return { kind: 'ours', to: maskAddress(message.address), at: formatMoment(message.at, locale, null) };
  }
}

import { Body, Controller, Header, Headers, HttpCode, Post, Req } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { AnswersText } from '../../platform/http/answers.js';
import { escapeHtml } from '../../platform/http/html.js';
import { Replies } from '../replies/replies.service.js';
import { WishReader } from '../replies/wish-reader.service.js';
import { TwilioSignatures } from './twilio-signatures.service.js';

const E164 = /^\+[1-9]\d{5,14}$/;

/** `POST /hooks/twilio/inbound`: an SMS of a customer. Signed by Twilio; the answer to STOP, START and HELP stands in the response. */
@Controller('hooks/twilio')
export class TwilioInboundController {
  constructor(
    private readonly signatures: TwilioSignatures,
    private readonly replies: Replies,
    private readonly wishes: WishReader,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Post('inbound')
  @Public()
  @HttpCode(200)
  @AnswersText('Take an SMS of a customer from Twilio', 'text/xml', ['application/x-www-form-urlencoded'])
  @Header('content-type', 'text/xml; charset=utf-8')
  async inbound(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Headers('x-twilio-signature') signature = '',
  ): Promise<string> {
    const fields = this.signatures.read(request, body, signature);
    const { MessageSid: providerId = '', From: from = '', Body: text = '', OptOutType: optOutType } = fields;
    if (!/^[A-Za-z0-9]{2,64}$/.test(providerId) || !E164.test(from)) return twiml(undefined);
    const now = this.clock.now();
    const wish = await this.wishes.read(text, optOutType);
    const reply = { providerId, from, text, optOutType, wish };
    return twiml(await this.database.transaction((tx) => this.replies.take(tx, reply, now)));
  }
}

function twiml(text: string | undefined): string {
  const inner = text === undefined ? '' : `<Message>${escapeHtml(text)}</Message>`;
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${inner}</Response>`;
}

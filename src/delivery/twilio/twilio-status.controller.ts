import { Body, Controller, Headers, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { MessageQueue } from '../../outreach/public.js';
import { type MessageReason } from '../../outreach/reasons.js';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Settings } from '../../platform/config/settings.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { AnswersNothing } from '../../platform/http/answers.js';
import { isUuid } from '../../platform/http/page.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { classifyTwilioCode } from './twilio-failure.js';
import { isSignedByTwilio } from './twilio-signature.js';

/** Twilio's words for the fate of a message that say something new; the others (queued, sending …) add nothing. */
const REPORTS: ReadonlyMap<string, 'sent' | 'delivered' | 'failed'> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
]);
/** Twilio's ids of messages; what does not look like one is not kept. */
const MESSAGE_SID = /^[A-Za-z0-9]{2,64}$/;

/** `POST /hooks/twilio/status`: what became of an SMS. Signed by Twilio over the public URL; also settles a message in doubt. */
@Controller('hooks/twilio')
export class TwilioStatusController {
  constructor(
    @Inject(Settings) private readonly settings: Settings,
    private readonly queue: MessageQueue,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly publicUrl: PublicUrl,
  ) {}

  @Post('status')
  @Public()
  @AnswersNothing('Take a status report from Twilio', ['application/x-www-form-urlencoded'])
  @HttpCode(204)
  async status(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Headers('x-twilio-signature') signature = '',
  ): Promise<void> {
    const fields = formFields(body);
    const token = this.settings.twilio?.authToken;
    const url = this.publicUrl.base + request.url;
    if (token === undefined || !isSignedByTwilio({ url, signature, body: fields }, [token])) {
      throw new Problem(
        403,
        'forbidden',
        "The signature is not Twilio's for this URL. Check PUBLIC_URL and TWILIO_AUTH_TOKEN.",
      );
    }
    const { message = '' } = request.query as { message?: string };
    const to = REPORTS.get(fields.MessageStatus ?? '');
    if (!to || !isUuid(message)) return;
    const sid = fields.MessageSid ?? '';
    const change = {
      ...(MESSAGE_SID.test(sid) && { providerId: sid }),
      ...(to === 'failed' ? failureOf(fields.ErrorCode ?? '') : { reason: null }),
    };
    await this.database.transaction((tx) => this.queue.report(tx, message, to, this.clock.now(), change));
  }
}

/** Our reason and Twilio's code of a failed delivery. */
function failureOf(code: string): { reason: MessageReason; providerCode?: string } {
  if (!/^\d{1,6}$/.test(code)) return { reason: 'refused' };
  return { reason: classifyTwilioCode(Number(code))?.reason ?? 'refused', providerCode: `twilio ${code}` };
}

function formFields(body: unknown): Record<string, string> {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

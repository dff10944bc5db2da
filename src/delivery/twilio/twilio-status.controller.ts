import { Body, Controller, Headers, HttpCode, Post, Req } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { AnswersNothing } from '../../platform/http/answers.js';
import { isUuid } from '../../platform/http/page.js';
import { type Cost, type Receipt } from '../receipts/receipt.store.js';
import { type Consequence, Receipts } from '../receipts/receipts.service.js';
import { classifyTwilioCode } from './twilio-failure.js';
import { TwilioSignatures } from './twilio-signatures.service.js';

/** Twilio's words for the fate of a message that say something new; the others (queued, sending …) add nothing. */
const REPORTS: ReadonlyMap<string, 'sent' | 'delivered' | 'failed'> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
]);
/** Twilio's ids of messages; what does not look like one is not kept. */
const MESSAGE_SID = /^[A-Za-z0-9]{2,64}$/;

/**
 * `POST /hooks/twilio/status`: what became of an SMS. Signed by Twilio over the public URL. May come in any order, repeated, late, and before the
 * answer to the call itself; also settles a message in doubt.
 */
@Controller('hooks/twilio')
export class TwilioStatusController {
  constructor(
    private readonly signatures: TwilioSignatures,
    private readonly receipts: Receipts,
    private readonly database: Database,
    private readonly clock: Clock,
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
    const fields = this.signatures.read(request, body, signature);
    const { message = '' } = request.query as { message?: string };
    const kind = REPORTS.get(fields.MessageStatus ?? '');
    if (!kind || !isUuid(message)) return;
    const { consequence, ...failure } = kind === 'failed' ? failureOf(fields) : {};
    const sid = fields.MessageSid ?? '';
    const receipt: Receipt = {
      ...{ messageId: message.toLowerCase(), source: 'twilio', kind },
      ...(MESSAGE_SID.test(sid) && { providerId: sid }),
      ...failure,
    };
    const now = this.clock.now();
    await this.database.transaction((tx) => this.receipts.take(tx, receipt, now, consequence, costOf(fields)));
  }
}

/** Our reason, Twilio's code, and what follows, of a failed delivery. */
function failureOf(fields: Record<string, string>): Pick<Receipt, 'reason' | 'code'> & { consequence?: Consequence } {
  const { ErrorCode: code = '', MessageStatus: status } = fields;
  if (!/^\d{1,6}$/.test(code)) return { reason: status === 'canceled' ? 'expired' : 'refused' };
  const verdict = classifyTwilioCode(Number(code));
  const rejected = verdict?.kind === 'rejected' ? verdict : undefined;
  return {
    reason: verdict?.reason ?? 'refused',
    code: `twilio ${code}`,
    consequence: { suppress: rejected?.suppress ? 'now' : 'no', stopsWave: rejected?.scope === 'setup' },
  };
}

/** The bill, in the reports that carry it. */
function costOf({
  NumSegments: segments = '',
  Price: price = '',
  PriceUnit: unit,
}: Record<string, string>): Cost | undefined {
  if (!/^\d{1,3}$/.test(segments) && !/^-?\d{1,5}(\.\d{1,6})?$/.test(price)) return undefined;
  return {
    segments: /^\d{1,3}$/.test(segments) ? Number(segments) : undefined,
    price: /^-?\d{1,5}(\.\d{1,6})?$/.test(price) ? price.replace('-', '') : undefined,
    unit: unit && /^[A-Za-z]{3}$/.test(unit) ? unit.toUpperCase() : undefined,
  };
}

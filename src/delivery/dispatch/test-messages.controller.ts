import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { z } from 'zod';
import { CHANNELS } from '../../customers/customer.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../../outreach/outreach-config.js';
import { MessageQueue } from '../../outreach/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { channelOf, sendTest, testRefusal } from '../test-message.js';
import { Gateways } from './gateways.service.js';

const testBody = z.strictObject({
  channel: z.enum(CHANNELS).optional(),
  to: z.string().min(3).max(254),
  locale: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z]{4})?(-[A-Z]{2})?$/, 'must be a language tag like en or zh-TW')
    .default('en'),
});
const testAnswer = z.object({
  id: z.string().describe('Our reference at the provider.'),
  channel: z.enum(CHANNELS),
  gateway: z.string(),
  result: z.enum(['sent', 'shown', 'retry', 'rejected', 'inDoubt']),
  reason: z.string().nullable().describe('A code; null when it was sent.'),
  providerId: z.string().nullable(),
  providerCode: z.string().nullable(),
});

/** `POST /v1/test-messages`: one marked message to oneself through the real gateway. */
@Controller('v1/test-messages')
export class TestMessagesController {
  constructor(
    private readonly gateways: Gateways,
    private readonly queue: MessageQueue,
    private readonly publicUrl: PublicUrl,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(OUTREACH_CONFIG) private readonly outreach: OutreachConfig,
  ) {}

  /** Sends it once; a refusal of the provider is a result, not an error. */
  @Post()
  @Needs('ops')
  @HttpCode(200)
  @Answers('Send one marked message to oneself', testAnswer)
  async send(@Body({ schema: testBody }) body: z.output<typeof testBody>): Promise<Answer<typeof testAnswer>> {
    const channel = body.channel ?? channelOf(body.to);
    if (!channel) throw new Problem(400, 'invalid', 'to: is neither a mail address nor a number like +4915112345678.');
    const test = { id: this.clock.uuid(), channel, to: body.to, locale: body.locale };
    const refusal = testRefusal(test);
    if (refusal) throw new Problem(400, 'invalid', `${refusal}.`);
    const isProvider = this.gateways.providers().some((one) => one.channel === channel);
    const gateway = this.gateways.get(channel);
    if (!gateway || !isProvider) throw new Problem(409, 'conflict', `No provider is set for ${channel}.`);
    if ((await this.queue.sending(this.database)).sending === 'held')
      throw new Problem(409, 'conflict', 'All sending is held; PUT /v1/outreach/switch lets it go on.');
    const { approvedTexts } = this.outreach;
    const result = await sendTest(gateway, test, { base: this.publicUrl.base, approvedTexts }, this.clock.now());
    return {
      id: test.id,
      channel,
      gateway: gateway.name,
      result: result.kind,
      reason: 'reason' in result ? result.reason : null,
      providerId: 'providerId' in result ? result.providerId : null,
      providerCode: ('code' in result ? result.code : undefined) ?? null,
    };
  }
}

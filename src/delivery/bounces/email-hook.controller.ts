import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { Receipts } from '../receipts/receipts.service.js';
import { ReturnAddresses } from '../dispatch/return-addresses.service.js';
import { bounceRule, readReturned, type Returned } from './bounce.js';
import { readMail } from './returned-mail.js';
import { findMessageIds, findVerp } from './verp.js';

const emailAnswer = z.object({
  kind: z.enum(['failed', 'delivered', 'delayed', 'complaint', 'other']),
  status: z
    .string()
    .nullable()
    .describe('Enhanced status code (RFC 3463), where the mail has one or its words mean one.'),
  message: z.string().nullable().describe('The message that came back; null where none of ours is named.'),
});

/**
 * `POST /hooks/email`: a mail that came back, raw, as the mail server got it. Public: it counts only with the bounce address or the Message-ID of one of our
 * messages, which nobody but its recipient can know.
 */
@Controller('hooks')
export class EmailHookController {
  constructor(
    private readonly receipts: Receipts,
    private readonly addresses: ReturnAddresses,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Post('email')
  @Public()
  @HttpCode(200)
  @Answers('Take a mail that came back: a bounce or a complaint', emailAnswer, ['message/rfc822', 'text/plain'])
  async email(@Body() body: unknown): Promise<Answer<typeof emailAnswer>> {
    const raw = Buffer.isBuffer(body) ? body : typeof body === 'string' ? Buffer.from(body) : undefined;
    if (!raw || raw.length === 0)
      throw new Problem(415, 'unsupported-media-type', 'Send the raw mail with Content-Type message/rfc822.');
    const text = raw.toString('latin1');
    const returned = readReturned(await readMail(raw));
    const named = findVerp(text, await this.addresses.bounceSecret());
    const message =
      returned.kind === 'other' ? undefined : await this.take(named ? [named] : findMessageIds(text), returned);
    return { kind: returned.kind, status: 'status' in returned ? returned.status : null, message: message ?? null };
  }

  /** Takes it for the first of these that is a message of ours; servers give their own mails ids of the same form. */
  private async take(
    ids: readonly string[],
    returned: Exclude<Returned, { kind: 'other' }>,
  ): Promise<string | undefined> {
    const now = this.clock.now();
    const { reason, ...consequence } = returned.kind === 'failed' ? bounceRule(returned.status) : { reason: undefined };
    const code = 'status' in returned ? returned.status : undefined;
    for (const messageId of ids) {
      const receipt = { messageId, source: 'bounce', kind: returned.kind, reason, code };
      const taken = await this.database.transaction((tx) =>
        this.receipts.take(tx, receipt, now, 'suppress' in consequence ? consequence : undefined),
      );
      if (taken) return messageId;
    }
    return undefined;
  }
}

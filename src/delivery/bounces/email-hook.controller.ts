import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { Receipts } from '../receipts/receipts.service.js';
import { ReturnAddresses } from '../dispatch/return-addresses.service.js';
import { Replies } from '../replies/replies.service.js';
import { bounceRule, readReturned, type Returned, type ReturnedMail } from './bounce.js';
import { ownWords, readMail } from './returned-mail.js';
import { findMessageIds, findVerp } from './verp.js';

const emailAnswer = z.object({
  kind: z.enum(['failed', 'delivered', 'delayed', 'complaint', 'reply', 'other']),
  status: z
    .string()
    .nullable()
    .describe('Enhanced status code (RFC 3463), where the mail has one or its words mean one.'),
  message: z
    .string()
    .nullable()
    .describe('The message that came back, or that a person answers; null where none of ours is named.'),
});

/**
 * `POST /hooks/email`: a mail that came back, or the answer of a customer, raw, as the mail server got it. Public: it counts only with the bounce address or the Message-ID of one of our
 * messages, which nobody but its recipient can know.
 */
@Controller('hooks')
export class EmailHookController {
  constructor(
    private readonly receipts: Receipts,
    private readonly replies: Replies,
    private readonly addresses: ReturnAddresses,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Post('email')
  @Public()
  @HttpCode(200)
  @Answers('Take a mail that came back: a bounce, a complaint or an answer', emailAnswer, [
    'message/rfc822',
    'text/plain',
  ])
  async email(@Body() body: unknown): Promise<Answer<typeof emailAnswer>> {
    const raw = Buffer.isBuffer(body) ? body : typeof body === 'string' ? Buffer.from(body) : undefined;
    if (!raw || raw.length === 0)
      throw new Problem(415, 'unsupported-media-type', 'Send the raw mail with Content-Type message/rfc822.');
    const text = raw.toString('latin1');
    const mail = await readMail(raw);
    const returned = readReturned(mail);
    if (returned.kind === 'other') {
      const answered = await this.takeAnswer(mail);
      return { kind: answered ? 'reply' : 'other', status: null, message: answered ?? null };
    }
    const named = findVerp(text, await this.addresses.bounceSecret());
    const message = await this.take(named ? [named] : findMessageIds(text), returned);
    return { kind: returned.kind, status: 'status' in returned ? returned.status : null, message: message ?? null };
  }

  /** Takes the answer of a person to a message of ours; returns that message. Answers of machines are none. */
  private async takeAnswer(mail: ReturnedMail): Promise<string | undefined> {
    if (mail.autoSubmitted !== '' && !/^no\b/i.test(mail.autoSubmitted)) return undefined;
    const text = ownWords(mail.text);
    if (text === '') return undefined;
    const now = this.clock.now();
    for (const messageId of findMessageIds(mail.answers)) {
      const answer = { messageId, mailId: mail.messageId, text };
      if (await this.database.transaction((tx) => this.replies.takeMail(tx, answer, now))) return messageId;
    }
    return undefined;
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

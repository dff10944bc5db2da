import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { Public } from '../../platform/auth/needs.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { RETURNED_KINDS, ReturnedMails } from './returned-mails.service.js';

const emailAnswer = z.object({
  kind: z.enum(RETURNED_KINDS),
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
  constructor(private readonly mails: ReturnedMails) {}

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
    return this.mails.take(raw);
  }
}

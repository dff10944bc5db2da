import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Answer, Answers as AnswersWith } from '../../platform/http/answers.js';
import { etagOf, isNamed } from '../../platform/http/etag.js';
import { Answers } from './answers.service.js';
import { askingFields, explanationsAnswer } from './bot.answers.js';

/**
 * Explanations in an answer: the customer's own come first, so that what is left out concerns them least. Twenty by judgement: with all of a hundred,
 * bench:bot waited 6 s for half of its 500 requests a second, with twenty 0.2 s.
 */
const USUAL_LIMIT = 20;

const query = z.strictObject({
  ...askingFields,
  limit: z.coerce.number().int().min(1).max(500).default(USUAL_LIMIT).describe('Explanations at most, the likeliest.'),
});

/**
 * How long a bot may use an answer again without asking, seconds. Chosen by judgement, not measured: in a conversation the customer is asked
 * several things within it, and what ops change reaches the next one. Bots that must know sooner read the stream.
 */
const LIFETIME_S = 30;

/** `GET /v1/bot/explanations`: what a support bot may tell a customer now. */
@Controller('v1/bot')
export class BotController {
  constructor(private readonly answers: Answers) {}

  @Get('explanations')
  @Needs('bot')
  @OfProject('query')
  @AnswersWith('Say what a bot may tell now, the customer’s own incidents first', explanationsAnswer)
  async explanations(
    @Query({ schema: query }) { limit, ...asking }: z.output<typeof query>,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer<typeof explanationsAnswer>> {
    const asker = await this.answers.asker(asking);
    const etag = etagOf([limit, ...this.answers.deciding(asker)]);
    void reply.headers({ etag, 'cache-control': `private, max-age=${LIFETIME_S}`, vary: 'authorization' });
    if (isNamed(etag, ifNoneMatch)) {
      void reply.status(304);
      return undefined as never;
    }
    return {
      customer: asker.facts.customerId === null ? 'unknown' : 'known',
      items: this.answers.items(asker, { limit }),
    };
  }
}

import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { CHANNELS } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { messageWords } from '../../outreach/reasons.js';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, maybeMoment, moment, pageAnswer } from '../../platform/http/answers.js';
import { pageQuery } from '../../platform/http/page.js';
import { measureSms } from '../../outreach/algorithm/sms-length.js';
import { type Doubt, DoubtsReadModel } from './doubts.read-model.js';

const NIL = '00000000-0000-0000-0000-000000000000';
const query = pageQuery.extend({ state: z.literal('in_doubt').default('in_doubt'), cursor: z.uuid().optional() });
const choice = z.object({
  sent: z.boolean().describe('The body for `POST /v1/messages/{id}/settle`.'),
  words: z.string(),
  ifWrong: z.string().describe('The cost of a wrong choice, in words.'),
});
const doubtPage = pageAnswer(
  z
    .object({
      id: z.string(),
      incidentId: z.string(),
      campaignId: z.string(),
      customer: z.object({ id: z.string(), externalId: z.string().nullable() }).nullable(),
      channel: z.enum(CHANNELS).nullable(),
      address: z.string().nullable(),
      gateway: z.string().nullable(),
      stateReason: z.string().nullable().describe('A code.'),
      stateWords: z.string().nullable(),
      since: maybeMoment.describe('Beginning of the attempt in question.'),
      nextLook: moment.describe('When the provider is asked again, where it can be asked.'),
      choices: z.array(choice),
    })
    .meta({ id: 'MessageInDoubt' }),
);

/** `GET /v1/messages?state=in_doubt`: what only a person can settle now, with each choice and what it costs if it is wrong. */
@Controller('v1/messages')
export class DoubtsController {
  constructor(
    private readonly doubts: DoubtsReadModel,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('ops')
  @Answers('List the messages of which nobody knows if they went out', doubtPage)
  async list(@Query({ schema: query }) { cursor, limit }: z.output<typeof query>): Promise<Answer<typeof doubtPage>> {
    const rows = await this.doubts.list(this.database, cursor ?? NIL, limit + 1);
    const names = await this.directory.externalIds(
      this.database,
      rows.flatMap((row) => row.customerId ?? []),
    );
    const items = rows.slice(0, limit).map((row) => shape(row, names));
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }
}

function shape({ body, customerId, reason, ...row }: Doubt, names: ReadonlyMap<number, string>) {
  return {
    ...row,
    incidentId: String(row.incidentId),
    campaignId: String(row.campaignId),
    customer: customerId === null ? null : { id: String(customerId), externalId: names.get(customerId) ?? null },
    stateReason: reason,
    stateWords: messageWords(reason),
    choices: [
      {
        sent: true,
        words: 'count it as sent',
        ifWrong: 'the customer is never told, and hears of the end of a fault they did not know of',
      },
      { sent: false, words: 'send it again', ifWrong: againCost(row.channel, body) },
    ],
  };
}

function againCost(channel: Doubt['channel'], body: string | null): string {
  if (channel !== 'sms')
    return 'the customer gets the same mail twice; mail programs that compare Message-IDs show one';
  const { segments } = measureSms(body ?? '');
  return `the customer gets the same SMS twice, and ${segments} ${segments === 1 ? 'segment is' : 'segments are'} paid again`;
}

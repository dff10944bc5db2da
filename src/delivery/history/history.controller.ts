import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CHANNELS } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { messageWords } from '../../outreach/reasons.js';
import { MESSAGE_STATES } from '../../outreach/states.js';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count, maybeMoment, moment, pageAnswer } from '../../platform/http/answers.js';
import { pageQuery } from '../../platform/http/page.js';
import { HistoryReadModel } from './history.read-model.js';

const historyQuery = pageQuery.extend({ cursor: z.uuid().optional(), directory: z.string().max(200).optional() });
const historyPage = pageAnswer(
  z
    .object({
      id: z.string(),
      incidentId: z.string(),
      campaignId: z.string(),
      kind: z.string(),
      channel: z.enum(CHANNELS).nullable(),
      locale: z.string(),
      state: z.enum(MESSAGE_STATES),
      stateReason: z.string().nullable().describe('A code.'),
      stateWords: z.string().nullable(),
      why: z.string(),
      subject: z.string().nullable(),
      body: z.string().nullable(),
      gateway: z.string().nullable(),
      providerId: z.string().nullable(),
      providerCode: z.string().nullable(),
      attempts: count,
      createdAt: moment,
      sentAt: maybeMoment,
      deliveredAt: maybeMoment.describe('When a receipt said that it arrived.'),
      segments: count.nullable().describe('Parts that the provider bills.'),
      price: z.string().nullable().describe('A decimal number, once the provider has said it.'),
      priceUnit: z.string().nullable().describe('ISO 4217.'),
      receipts: z
        .array(
          z.object({
            kind: z.string(),
            source: z.string(),
            reason: z.string().nullable(),
            code: z.string().nullable(),
            at: moment,
          }),
        )
        .describe('Everything that was reported about it, in the order in which it came.'),
    })
    .meta({ id: 'MessageToCustomer' }),
);

/** `GET /v1/customers/{externalId}/messages`: everything that one customer was told, for whoever talks to them. */
@Controller('v1/customers')
export class HistoryController {
  constructor(
    private readonly history: HistoryReadModel,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
  ) {}

  @Get(':externalId/messages')
  @Needs('agent')
  @Answers('List the messages to a customer, newest first', historyPage)
  async list(
    @Param('externalId') externalId: string,
    @Query({ schema: historyQuery }) { directory, cursor, limit }: z.output<typeof historyQuery>,
  ): Promise<Answer<typeof historyPage>> {
    const customer = await this.directory.findByExternalId(this.database, externalId, directory);
    if (customer === undefined) throw notFound('customer', externalId);
    const rows = await this.history.ofCustomer(this.database, customer, cursor ?? null, limit + 1);
    const items = rows.slice(0, limit).map(({ reason, receipts, ...row }) => ({
      ...row,
      incidentId: String(row.incidentId),
      campaignId: String(row.campaignId),
      stateReason: reason,
      stateWords: messageWords(reason),
      receipts: receipts.map((one) => ({ ...one, at: new Date(one.at) })),
    }));
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }
}

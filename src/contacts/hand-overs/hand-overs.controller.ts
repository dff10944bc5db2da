import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, count, maybeMoment, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { lineFor } from '../algorithm/wants-person.js';
import { HAND_OVER_DELIVERIES, HAND_OVER_REASONS, HAND_OVER_STATES, type HandOver } from '../contact.js';
import { channelName, idText, localeTag, senderFields, words } from '../record/contact-fields.js';
import { HandOverStore } from './hand-over.store.js';
import { HandOvers } from './hand-overs.service.js';

const askBody = z.strictObject({
  ...senderFields,
  contactId: idText.optional(),
  channel: channelName,
  reason: z.enum(HAND_OVER_REASONS).default('asked'),
  text: words.optional(),
  locale: localeTag.optional(),
});
const moveBody = z.strictObject({ state: z.enum(['taken', 'closed']) });
const listQuery = pageQuery.extend({ state: z.enum(HAND_OVER_STATES).optional() });

const handOverFields = {
  id: z.string(),
  customer: z.string().nullable().describe('Id of the customer; null where nobody, or a stranger, has the names.'),
  contactId: z.string().nullable(),
  incidentId: z.string().nullable(),
  channel: z.string(),
  reason: z.enum(HAND_OVER_REASONS),
  text: z.string().nullable(),
  locale: z.string().nullable(),
  state: z.enum(HAND_OVER_STATES),
  createdAt: moment,
  createdBy: z.string(),
  takenAt: maybeMoment,
  takenBy: z.string().nullable(),
  closedAt: maybeMoment,
  closedBy: z.string().nullable(),
  delivery: z.enum(HAND_OVER_DELIVERIES).describe('`none`: there is no desk, or it was closed before it was told.'),
  attempts: count,
  lastFailure: z.string().nullable(),
  deliveredAt: maybeMoment,
};
const handOverAnswer = z.object(handOverFields).meta({ id: 'HandOver' });
const askedAnswer = z.object({
  ...handOverFields,
  line: z.string().describe('Line to show to the customer, in their language.'),
  repeated: z.boolean().describe('True where this was handed over already and nobody has closed it.'),
});

/** `/v1/hand-overs`: contacts that were given to a person, and what became of them. */
@Controller('v1/hand-overs')
export class HandOversController {
  constructor(
    private readonly handOvers: HandOvers,
    private readonly store: HandOverStore,
    private readonly customers: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Needs('bot')
  @Answers('Give a contact to a person', askedAnswer)
  async ask(
    @Body({ schema: askBody }) body: z.output<typeof askBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof askedAnswer>> {
    const { handOver, repeated } = await this.handOvers.ask(body, caller.name, this.clock.now());
    const { customerId } = handOver;
    const customer = customerId === null ? undefined : await this.customers.show(this.database, customerId);
    const line = lineFor('handedOver', body.locale ?? handOver.locale ?? customer?.locale ?? null);
    return { ...shown(handOver, customer?.externalId ?? null), line, repeated };
  }

  @Get()
  @Needs('agent')
  @Answers('List hand-overs', pageAnswer(handOverAnswer))
  async list(@Query({ schema: listQuery }) { state, cursor, limit }: z.output<typeof listQuery>) {
    const rows = await this.store.list(this.database, { state, before: cursorId(cursor), limit: limit + 1 });
    const names = await this.names(rows);
    return pageOf(
      rows,
      limit,
      ({ id }) => id,
      (row) => shown(row, names.get(row.customerId ?? 0) ?? null),
    );
  }

  @Patch(':id')
  @Needs('agent')
  @Answers('Take or close a hand-over', handOverAnswer)
  async move(
    @Param('id') id: string,
    @Body({ schema: moveBody }) { state }: z.output<typeof moveBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof handOverAnswer>> {
    const row = await this.handOvers.move(rowId('hand-over', id), state, caller.name, this.clock.now());
    return shown(row, (await this.names([row])).get(row.customerId ?? 0) ?? null);
  }

  private names(rows: readonly HandOver[]): Promise<Map<number, string>> {
    return this.customers.externalIds(
      this.database,
      rows.flatMap(({ customerId }) => customerId ?? []),
    );
  }
}

function shown(one: HandOver, customer: string | null): Answer<typeof handOverAnswer> {
  return {
    id: String(one.id),
    customer,
    contactId: one.contactId === null ? null : String(one.contactId),
    incidentId: one.incidentId === null ? null : String(one.incidentId),
    channel: one.channel,
    reason: one.reason,
    text: one.text,
    locale: one.locale,
    state: one.state,
    createdAt: one.createdAt,
    createdBy: one.createdBy,
    takenAt: one.takenAt,
    takenBy: one.takenBy,
    closedAt: one.closedAt,
    closedBy: one.closedBy,
    delivery: one.delivery,
    attempts: one.attempts,
    lastFailure: one.lastFailure,
    deliveredAt: one.deliveredAt,
  };
}

import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers, count, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { Projects } from '../../projects/project.registry.js';
import { type Contact, HANDOVERS, MATCHED_BY } from '../contact.js';
import {
  channelName,
  contactAnswer,
  directoryField,
  idText,
  localeTag,
  senderFields,
  shortContactAnswer,
  words,
} from './contact-fields.js';
import { ContactStore } from './contact.store.js';
import { ContactRecorder } from './contacts.service.js';
import { Senders } from './senders.service.js';

/** How far ahead the clock of a support channel may be, and how old a contact may be, milliseconds. */
const AHEAD_MS = 5 * 60_000;
const OLDEST_MS = 365 * 86_400_000;

const reportBody = z.strictObject({
  channel: channelName,
  ...senderFields,
  externalId: z.string().trim().min(1).max(200),
  text: words,
  at: z.iso
    .datetime({ offset: true })
    .transform((value) => new Date(value))
    .optional(),
  locale: localeTag.optional(),
});
const assignBody = z.strictObject({ incidentId: idText.nullable() });
const listQuery = pageQuery.extend({
  customer: z.string().max(200).optional(),
  directory: directoryField,
  incident: idText.optional(),
});
const takenAnswer = z.object({
  id: z.string(),
  customer: z.enum(['known', 'unknown']).describe('`unknown` when nobody has the names that were given.'),
  incidentId: z.string().nullable(),
  matchedBy: z
    .enum(MATCHED_BY)
    .nullable()
    .describe('`hit`: own events. `atRisk`: it may concern them. `words`: like what is said about it.'),
  earlier: z
    .array(shortContactAnswer)
    .describe('Contacts of the customer about the same thing on any channel, newest first.'),
  asked: count.describe('How often the customer has asked about this, this time included.'),
  stillOpen: z.boolean().describe('True while the incident is not resolved.'),
  handover: z
    .enum(HANDOVERS)
    .nullable()
    .describe('`required`: give it to a person now. `offered`: offer one. Null: the answer may do.'),
  line: z.string().nullable().describe('Line to show to the customer, in their language, where `handover` is set.'),
});

/** `POST /v1/contacts` and `GET /v1/contacts`: customers reaching us, on whatever channel. */
@Controller('v1/contacts')
export class ContactsController {
  constructor(
    private readonly recorder: ContactRecorder,
    private readonly senders: Senders,
    private readonly store: ContactStore,
    private readonly customers: CustomerDirectory,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Needs('bot')
  @Answers('Report that a customer made contact', takenAnswer)
  async report(
    @Body({ schema: reportBody }) body: z.output<typeof reportBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof takenAnswer>> {
    const now = this.clock.now();
    const age = now.getTime() - (body.at ?? now).getTime();
    if (age < -AHEAD_MS || age > OLDEST_MS)
      throw new Problem(400, 'invalid', 'at: lies in the future, or more than a year ago.');
    const { contact, earlier, ...rest } = await this.recorder.take(body, caller.name, now);
    return {
      ...rest,
      id: String(contact.id),
      customer: contact.customerId === null ? 'unknown' : 'known',
      incidentId: textOf(contact.incidentId),
      matchedBy: contact.matchedBy,
      earlier: earlier.map(shortly),
    };
  }

  @Get()
  @Needs('agent')
  @Answers('List contacts', pageAnswer(contactAnswer))
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>) {
    const { customer, directory, incident, cursor, limit } = query;
    const customerId =
      customer === undefined ? undefined : await this.senders.require(this.database, customer, directory);
    const before = cursorId(cursor);
    const rows = await this.store.list(this.database, {
      before,
      limit: limit + 1,
      ...(customerId !== undefined && { customerId }),
      ...(incident !== undefined && { incidentId: incident }),
    });
    const names = await this.names(rows);
    return pageOf(
      rows,
      limit,
      ({ id }) => id,
      (row) => this.shown(row, names),
    );
  }

  @Patch(':id')
  @Needs('agent')
  @Answers('Say which incident a contact is about', contactAnswer)
  async assign(
    @Param('id') id: string,
    @Body({ schema: assignBody }) body: z.output<typeof assignBody>,
  ): Promise<Answer<typeof contactAnswer>> {
    const row = await this.recorder.assign(rowId('contact', id), body.incidentId);
    return this.shown(row, await this.names([row]));
  }

  private names(rows: readonly Contact[]): Promise<Map<number, string>> {
    return this.customers.externalIds(
      this.database,
      rows.flatMap(({ customerId }) => customerId ?? []),
    );
  }

  private shown(row: Contact, names: ReadonlyMap<number, string>): Answer<typeof contactAnswer> {
    const { matchedBy, score, locale, reportedBy } = row;
    return {
      ...shortly(row),
      customer: row.customerId === null ? null : (names.get(row.customerId) ?? null),
      project: row.projectId === null ? null : (this.projects.find(row.projectId)?.slug ?? null),
      ...{ matchedBy, score, locale, reportedBy },
    };
  }
}

function shortly({ id, channel, externalId, incidentId, text, at }: Contact): Answer<typeof shortContactAnswer> {
  return { id: String(id), channel, externalId, incidentId: textOf(incidentId), text, at };
}

function textOf(id: number | null): string | null {
  return id === null ? null : String(id);
}

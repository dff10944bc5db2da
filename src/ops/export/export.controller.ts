import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { HungUp } from '../../platform/http/hang-up.js';
import { ExportReadModel } from './export.read-model.js';

const directoryQuery = z.strictObject({ directory: z.string().max(200).optional() });
const rows = z.array(z.record(z.string(), z.unknown()));
const exportAnswer = z.object({
  customer: rows.describe('The entry, and strangers who turned out to be this customer.'),
  identities: rows,
  identityHistory: rows.describe('Names that were linked or unlinked, oldest first.'),
  devices: rows.describe('Devices on which the customer logged in lately.'),
  addresses: rows,
  consent: rows.describe('Every word of the customer, oldest first.'),
  activity: rows,
  traits: rows.describe('Releases, systems, features and the like that the customer was seen with, by name.'),
  health: rows,
  healthCalls: rows,
  hits: rows,
  ignored: rows,
  feedback: rows,
  contacts: rows,
  handOvers: rows,
  botQuestions: rows.describe('What the customer asked a bot in their own words.'),
  botOutcomes: rows.describe('Whether the answer of a bot helped.'),
  audiences: rows,
  atRisk: rows,
  heldOut: rows,
  messages: rows,
  replies: rows,
  outbox: rows,
});

/** `GET /v1/customers/{externalId}/export`: everything that is held of one person. */
@Controller('v1/customers/:externalId/export')
export class ExportController {
  constructor(
    private readonly directory: CustomerDirectory,
    private readonly held: ExportReadModel,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('directory')
  @Answers('Hand out everything that is held of a customer', exportAnswer)
  async export(
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) query: z.output<typeof directoryQuery>,
    @HungUp() hungUp: AbortSignal,
  ): Promise<Answer<typeof exportAnswer>> {
    const database = this.database.until(hungUp);
    const id = await this.directory.findByExternalId(database, externalId, query.directory);
    if (id === undefined) throw notFound('customer', externalId);
    return (await this.held.of(database, id)) as Answer<typeof exportAnswer>;
  }
}

import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { z } from 'zod';
import { type Answer, Answers, AnswersNothing, count, maybeMoment, moment } from '../../platform/http/answers.js';
import { Projects } from '../../projects/project.registry.js';
import { consentProblem, directoryQuery, entrySchema, externalIdSchema, searchQuery } from '../algorithm/entry.js';
import { lastWords, mayWrite, PERMISSION_REASONS } from '../consent.js';
import { CHANNELS, type CustomerEntry, CONSENT_SOURCES, PURPOSES } from '../customer.js';
import { CustomerImporter } from '../import/customer.importer.js';
import { importQuery } from '../import/import-query.js';
import { CustomerDirectory } from '../public.js';

const customerAnswer = z
  .object({
    id: z.string(),
    directory: z.string().describe('Name of the directory in which the ids are.'),
    externalId: z.string().nullable(),
    name: z.string().nullable(),
    locale: z.string().nullable(),
    timeZone: z.string().nullable(),
    account: z.string().nullable().describe('Company that the customer belongs to.'),
    accountContact: z.boolean().describe('True: policies with `accounts: contact` tell this customer for the account.'),
    attributes: z.record(z.string(), z.unknown()),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    consent: z.partialRecord(z.enum(CHANNELS), z.boolean()),
    source: z.enum(['directory', 'telemetry']).describe('`telemetry`: known from events only.'),
  })
  .meta({ id: 'Customer' });
const importAnswer = z.object({
  directory: z.string().describe('Name of the directory into which the lines went.'),
  dryRun: z.boolean().describe('True when nothing was written.'),
  imported: count,
  failed: count,
  created: count.describe('Of the imported ones, those that the directory did not have; 0 of a dry run.'),
  cellsLeftOut: count.describe('Cells that were left out of lines that were imported.'),
  repeated: count.describe('Lines whose id stood in an earlier line; the later one counts.'),
  optOutsKept: count.describe('Yeses that were not taken, since the own no of the customer is newer.'),
  records: count.describe('Records that were read in all; where to go on after a stop.'),
  mistakes: z.array(z.object({ problem: z.string(), count, lines: z.array(z.int()).describe('The first ones.') })),
  errors: z.array(z.object({ line: z.int(), problem: z.string() })).describe('The first hundred.'),
});
const consentAnswer = z.object({
  may: z
    .array(
      z.object({
        channel: z.enum(CHANNELS),
        purpose: z.enum(PURPOSES),
        allowed: z.boolean(),
        reason: z.enum(PERMISSION_REASONS),
        source: z.enum(CONSENT_SOURCES).nullable(),
        since: maybeMoment,
      }),
    )
    .describe('Whether a message may be sent, for each channel and purpose, and by which word.'),
  ledger: z
    .array(
      z.object({
        channel: z.enum(CHANNELS),
        purpose: z.enum(PURPOSES),
        granted: z.boolean(),
        source: z.enum(CONSENT_SOURCES),
        at: moment,
      }),
    )
    .describe('Every word, oldest first.'),
});
const searchAnswer = z.object({ items: z.array(customerAnswer), nextCursor: z.null() });

type DirectoryQuery = z.output<typeof directoryQuery>;

/** `PUT/GET/DELETE /v1/customers/{externalId}` and `POST /v1/customers/import`. */
@Controller('v1/customers')
export class CustomersController {
  /** Imports that this process is doing now. */
  private imports = 0;

  constructor(
    private readonly directory: CustomerDirectory,
    private readonly importer: CustomerImporter,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Put(':externalId')
  @Needs('directory')
  @Answers('Make or change a customer', customerAnswer)
  async put(
    @Param('externalId', { schema: externalIdSchema }) externalId: string,
    @Query({ schema: directoryQuery }) query: DirectoryQuery,
    @Body({ schema: entrySchema }) entry: CustomerEntry,
  ): Promise<Answer<typeof customerAnswer>> {
    const now = this.clock.now();
    const problem = consentProblem(entry, now);
    if (problem) throw new Problem(400, 'invalid', problem);
    const directoryId = this.projects.directory(query.directory).id;
    const id = await this.database.transaction((tx) =>
      this.directory.put(tx, { directoryId, externalId, entry, source: 'api' }, now),
    );
    return this.shown(id, externalId);
  }

  /** Finds customers; people look them up by what they were told. */
  @Get()
  @Needs('agent')
  @Answers('Find customers by id, name, address or number', searchAnswer)
  async search(
    @Query({ schema: searchQuery }) query: z.output<typeof searchQuery>,
  ): Promise<Answer<typeof searchAnswer>> {
    const found = await this.directory.search(this.database, query.query, query.directory, query.limit);
    return { items: found.map((one) => ({ ...one, id: String(one.id) })), nextCursor: null };
  }

  @Get(':externalId')
  @Needs('agent')
  @Answers('Show a customer', customerAnswer)
  async get(
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) query: DirectoryQuery,
  ): Promise<Answer<typeof customerAnswer>> {
    return this.shown(await this.idOf(externalId, query), externalId);
  }

  @Get(':externalId/consent')
  @Needs('agent')
  @Answers('Show what a customer agreed to', consentAnswer)
  async consent(
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) query: DirectoryQuery,
  ): Promise<Answer<typeof consentAnswer>> {
    const ledger = await this.directory.consentLedger(this.database, await this.idOf(externalId, query));
    const latest = lastWords(ledger);
    const may = CHANNELS.flatMap((channel) =>
      PURPOSES.map((purpose) => ({ channel, purpose, ...mayWrite(latest, channel, purpose) })),
    );
    return { may, ledger };
  }

  @Delete(':externalId')
  @Needs('directory')
  @HttpCode(204)
  @AnswersNothing('Erase a customer')
  async erase(
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) query: DirectoryQuery,
  ): Promise<void> {
    const id = await this.idOf(externalId, query);
    await this.database.transaction((tx) => this.directory.erase(tx, id));
  }

  @Post('import')
  @Needs('directory')
  @HttpCode(200)
  @Answers('Import customers from CSV or NDJSON', importAnswer, ['text/csv', 'application/x-ndjson'])
  async import(
    @Body() body: unknown,
    @Query({ schema: importQuery }) query: z.output<typeof importQuery>,
    @Headers('content-type') contentType = '',
  ): Promise<Answer<typeof importAnswer>> {
    if (!(body instanceof Readable)) throw unsupported(contentType);
    const directory = this.projects.directory(query.directory);
    if (this.imports >= MOST_IMPORTS)
      throw new Problem(503, 'busy', `There are ${MOST_IMPORTS} imports under way; try again when one is done.`);
    this.imports++;
    let records = 0;
    try {
      const onProgress = (done: number) => (records = done);
      return await this.importer.import(bounded(body), { ...query, directory, onProgress });
    } catch (error) {
      if (!body.readableAborted) throw error;
      throw new Problem(
        400,
        'cut-off',
        `The import was cut off; ${records} records are done, go on with skip=${records}.`,
      );
    } finally {
      this.imports--;
    }
  }

  private async idOf(externalId: string, { directory }: DirectoryQuery): Promise<number> {
    const id = await this.directory.findByExternalId(this.database, externalId, directory);
    if (id === undefined) throw notFound('customer', externalId);
    return id;
  }

  private async shown(id: number, externalId: string): Promise<Answer<typeof customerAnswer>> {
    const customer = await this.directory.show(this.database, id);
    if (!customer) throw notFound('customer', externalId);
    return { ...customer, id: String(customer.id) };
  }
}

/** Largest import in one request, bytes: ten million customers of 200 bytes each. */
const MAX_IMPORT = 2 * 1024 ** 3;
/** Imports at a time in one process; each holds a connection of 16 to the database and half a processor. */
const MOST_IMPORTS = 2;

async function* bounded(body: Readable): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_IMPORT)
      throw new Problem(413, 'too-large', `The import is larger than ${MAX_IMPORT} bytes; send it in parts.`);
    yield chunk;
  }
}

function unsupported(contentType: string): Problem {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return new Problem(
    415,
    'unsupported-media-type',
    `Content-Type is "${type}"; send text/csv or application/x-ndjson.`,
  );
}

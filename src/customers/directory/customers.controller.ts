import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { z } from 'zod';
import { type Answer, Answers, AnswersNothing, count } from '../../platform/http/answers.js';
import { Projects } from '../../projects/project.registry.js';
import { consentProblem, directoryQuery, entrySchema, externalIdSchema } from '../algorithm/entry.js';
import { CHANNELS, type CustomerEntry } from '../customer.js';
import { CustomerImporter } from './customer.importer.js';
import { type ImportFormat, readImport } from './import.js';
import { CustomerDirectory } from '../public.js';

const customerAnswer = z
  .object({
    id: z.string(),
    directory: z.string().describe('Name of the directory in which the ids are.'),
    externalId: z.string().nullable(),
    name: z.string().nullable(),
    locale: z.string().nullable(),
    timeZone: z.string().nullable(),
    attributes: z.record(z.string(), z.unknown()),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    consent: z.partialRecord(z.enum(CHANNELS), z.boolean()),
    source: z.enum(['directory', 'telemetry']).describe('`telemetry`: known from events only.'),
  })
  .meta({ id: 'Customer' });
const importAnswer = z.object({
  imported: count,
  failed: count,
  errors: z.array(z.object({ line: z.int(), problem: z.string() })),
});

type DirectoryQuery = z.output<typeof directoryQuery>;

/** `PUT/GET/DELETE /v1/customers/{externalId}` and `POST /v1/customers/import`. */
@Controller('v1/customers')
export class CustomersController {
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

  @Get(':externalId')
  @Needs('agent')
  @Answers('Show a customer', customerAnswer)
  async get(
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) query: DirectoryQuery,
  ): Promise<Answer<typeof customerAnswer>> {
    return this.shown(await this.idOf(externalId, query), externalId);
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
    @Query({ schema: directoryQuery }) query: DirectoryQuery,
    @Headers('content-type') contentType = '',
  ): Promise<Answer<typeof importAnswer>> {
    const directory = this.projects.directory(query.directory);
    const format = formatOf(contentType);
    const { lines, errors } = readImport(await textOf(body), format, this.clock.now());
    return this.importer.import(directory, lines, errors);
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

/** Largest import in one request, bytes (some 100,000 customers). */
const MAX_IMPORT = 50 * 1024 * 1024;

async function textOf(body: unknown): Promise<string> {
  if (!(body instanceof Readable)) return '';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_IMPORT)
      throw new Problem(413, 'too-large', `The import is larger than ${MAX_IMPORT} bytes; send it in parts.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function formatOf(contentType: string): ImportFormat {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/csv') return 'csv';
  if (['application/x-ndjson', 'application/jsonl'].includes(type)) return 'ndjson';
  throw new Problem(415, 'unsupported-media-type', `Content-Type is "${type}"; send text/csv or application/x-ndjson.`);
}

import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import {
  type Answer,
  Answers,
  AnswersNothing,
  count,
  listAnswer,
  maybeMoment,
  moment,
} from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { KEY_KINDS, limitsSchema, originsSchema } from '../project-key.js';
import { ProjectKeys, type ShownKey } from '../keys.service.js';
import { Projects } from '../project.registry.js';
import { dsnOf } from '../dsn.js';

/** A name stands in terminals and on pages. */
const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must hold no control characters')
  .nullish();
const newKey = z.strictObject({
  kind: z.enum(KEY_KINDS),
  name,
  origins: originsSchema.optional(),
  limits: limitsSchema.optional(),
});
const keyChange = newKey.omit({ kind: true });

const keyAnswer = z
  .object({
    id: z.string(),
    kind: z.enum(KEY_KINDS),
    name: z.string().nullable(),
    key: z
      .string()
      .nullable()
      .describe('The key itself: of a public one always, of the others in the answer that made it and never again.'),
    dsn: z.string().nullable().describe('For Sentry SDKs; null of a signing key.'),
    origins: z.array(z.string()),
    limits: z.object({
      eventsPerMinute: count,
      sourceEventsPerMinute: count,
      newIssuesPerHour: count,
      sourceNewIssuesPerHour: count,
      newCustomersPerMinute: count,
      sourceNewCustomersPerMinute: count,
    }),
    createdAt: moment,
    revokedAt: maybeMoment,
  })
  .meta({ id: 'ProjectKey' });
const keyList = listAnswer(keyAnswer);

/** `/v1/projects/{id}/keys`: what opens a project, from where and how often. */
@Controller('v1/projects/:id/keys')
export class KeysController {
  constructor(
    private readonly keys: ProjectKeys,
    private readonly projects: Projects,
    private readonly publicUrl: PublicUrl,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('ops')
  @OfProject('project')
  @Answers('List the keys of a project', keyList)
  async list(@Param('id') id: string): Promise<Answer<typeof keyList>> {
    const keys = await this.keys.list(this.database, this.projectId(id));
    return { items: keys.map((key) => this.shown(key, key.publicKey)) };
  }

  @Post()
  @Needs('admin')
  @Answers('Make a key of a project', keyAnswer)
  async create(
    @Param('id') id: string,
    @Body({ schema: newKey }) body: z.output<typeof newKey>,
  ): Promise<Answer<typeof keyAnswer>> {
    const { key, secret } = await this.keys.create(this.projectId(id), body);
    await this.projects.load();
    return this.shown(key, secret);
  }

  @Patch(':keyId')
  @Needs('admin')
  @Answers('Change the origins or limits of a key', keyAnswer)
  async change(
    @Param('id') id: string,
    @Param('keyId') keyId: string,
    @Body({ schema: keyChange }) body: z.output<typeof keyChange>,
  ): Promise<Answer<typeof keyAnswer>> {
    const key = await this.keys.change(this.projectId(id), rowId('key', keyId), body);
    if (!key) throw notFound('working key', keyId);
    await this.projects.load();
    return this.shown(key, key.publicKey);
  }

  @Delete(':keyId')
  @Needs('admin')
  @HttpCode(204)
  @AnswersNothing('Revoke a key')
  async revoke(@Param('id') id: string, @Param('keyId') keyId: string): Promise<void> {
    if (!(await this.keys.revoke(this.projectId(id), rowId('key', keyId)))) throw notFound('working key', keyId);
    await this.projects.load();
  }

  private projectId(text: string): number {
    const id = rowId('project', text);
    if (!this.projects.find(id)) throw notFound('project', text);
    return id;
  }

  private shown({ id, projectId, publicKey: _, ...rest }: ShownKey, key: string | null): Answer<typeof keyAnswer> {
    const opens = key !== null && rest.kind !== 'signing';
    return { id: String(id), ...rest, key, dsn: opens ? dsnOf(this.publicUrl.base, key, projectId) : null };
  }
}

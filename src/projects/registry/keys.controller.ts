import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
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

/** A key as the API shows it. */
interface KeyView extends Omit<ShownKey, 'id' | 'projectId' | 'publicKey'> {
  readonly id: string;
  /** The key itself: of a public one always, of the others in the answer that made it and never again. */
  readonly key: string | null;
  /** For Sentry SDKs; null of a signing key. */
  readonly dsn: string | null;
}

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
  async list(@Param('id') id: string): Promise<{ items: KeyView[] }> {
    const keys = await this.keys.list(this.database, this.projectId(id));
    return { items: keys.map((key) => this.shown(key, key.publicKey)) };
  }

  @Post()
  @Needs('admin')
  async create(@Param('id') id: string, @Body({ schema: newKey }) body: z.output<typeof newKey>): Promise<KeyView> {
    const { key, secret } = await this.keys.create(this.projectId(id), body);
    await this.projects.load();
    return this.shown(key, secret);
  }

  @Patch(':keyId')
  @Needs('admin')
  async change(
    @Param('id') id: string,
    @Param('keyId') keyId: string,
    @Body({ schema: keyChange }) body: z.output<typeof keyChange>,
  ): Promise<KeyView> {
    const key = await this.keys.change(this.projectId(id), rowId('key', keyId), body);
    if (!key) throw notFound('working key', keyId);
    await this.projects.load();
    return this.shown(key, key.publicKey);
  }

  @Delete(':keyId')
  @Needs('admin')
  @HttpCode(204)
  async revoke(@Param('id') id: string, @Param('keyId') keyId: string): Promise<void> {
    if (!(await this.keys.revoke(this.projectId(id), rowId('key', keyId)))) throw notFound('working key', keyId);
    await this.projects.load();
  }

  private projectId(text: string): number {
    const id = rowId('project', text);
    if (!this.projects.find(id)) throw notFound('project', text);
    return id;
  }

  private shown({ id, projectId, publicKey: _, ...rest }: ShownKey, key: string | null): KeyView {
    const opens = key !== null && rest.kind !== 'signing';
    return { id: String(id), ...rest, key, dsn: opens ? dsnOf(this.publicUrl.base, key, projectId) : null };
  }
}

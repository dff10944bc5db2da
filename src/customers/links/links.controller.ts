import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { type Caller } from '../../platform/auth/role.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, moment } from '../../platform/http/answers.js';
import { type Cell, readEmail, readName, readPhone } from '../algorithm/cells.js';
import { directoryQuery } from '../algorithm/entry.js';
import { CustomerDirectory } from '../public.js';
import { LINK_ACTIONS, LINK_CAUSES, LINKED_KINDS, type LinkedKind, type LinkedName, LinkStore } from './link.store.js';
import { Links } from './links.service.js';

const reason = z.string().trim().min(1).max(500);
const nameShape = z.strictObject({ kind: z.enum(LINKED_KINDS), value: z.string().max(1000) });

function readLinkedValue(kind: LinkedKind, value: string): Cell<string> {
  return kind === 'email' ? readEmail(value) : kind === 'phone' ? readPhone(value) : readName(value);
}

/** A name in the spelling in which it is kept. */
const readLinked = ({ kind, value }: z.output<typeof nameShape>, context: z.RefinementCtx): LinkedName => {
  const found = readLinkedValue(kind, value);
  if ('value' in found) return { kind, value: found.value };
  context.addIssue({ code: 'custom', path: ['value'], message: found.problem });
  return z.NEVER;
};
/** A name in the spelling in which it is kept, as far as there is one: what is no name is linked to nobody. */
function normalOf(kind: LinkedKind, value: string): string {
  const found = readLinkedValue(kind, value);
  return 'value' in found ? found.value : value;
}

const linkBody = nameShape.extend({ reason }).transform(({ reason: why, ...name }, context) => ({
  ...readLinked(name, context),
  reason: why,
}));
const unlinkQuery = directoryQuery.extend({ reason });
const identitiesAnswer = z.object({
  items: z.array(
    z.object({
      kind: z.enum(['id', ...LINKED_KINDS]),
      value: z.string(),
      linked: z
        .boolean()
        .describe('True where a login or a person linked it; false where the directory or the first event gave it.'),
    }),
  ),
  history: z
    .array(
      z.object({
        kind: z.enum(LINKED_KINDS),
        value: z.string(),
        action: z.enum(LINK_ACTIONS),
        cause: z.enum(LINK_CAUSES),
        actor: z.string(),
        reason: z.string().nullable(),
        at: moment,
      }),
    )
    .describe('What was linked, unlinked and refused, oldest first.'),
});

type DirectoryQuery = z.output<typeof directoryQuery>;

/** `GET/POST /v1/customers/{externalId}/identities` and `DELETE …/identities/{kind}/{value}`. */
@Controller('v1/customers/:externalId/identities')
export class LinksController {
  constructor(
    private readonly links: Links,
    private readonly store: LinkStore,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('agent')
  @Answers('List the names of a customer, with their history', identitiesAnswer)
  async list(
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) query: DirectoryQuery,
  ): Promise<Answer<typeof identitiesAnswer>> {
    return this.shown(await this.idOf(externalId, query.directory));
  }

  @Post()
  @Needs('ops')
  @HttpCode(200)
  @Answers('Link a name to a customer', identitiesAnswer)
  async link(
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) { directory }: DirectoryQuery,
    @Body({ schema: linkBody }) order: z.output<typeof linkBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof identitiesAnswer>> {
    const customerId = await this.idOf(externalId, directory);
    await this.links.link({ ...order, customerId, directory, actor: caller.name }, this.clock.now());
    return this.shown(customerId);
  }

  @Delete(':kind/:value')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Unlink a name, and give back what came under it', identitiesAnswer)
  async unlink(
    @Param('externalId') externalId: string,
    @Param('kind', { schema: z.enum(LINKED_KINDS) }) kind: LinkedKind,
    @Param('value', { schema: z.string().max(1000) }) value: string,
    @Query({ schema: unlinkQuery }) { directory, reason: why }: z.output<typeof unlinkQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof identitiesAnswer>> {
    const customerId = await this.idOf(externalId, directory);
    const order = { customerId, directory, kind, value: normalOf(kind, value), actor: caller.name, reason: why };
    await this.links.unlink(order, this.clock.now());
    return this.shown(customerId);
  }

  private async idOf(externalId: string, directory: string | undefined): Promise<number> {
    const id = await this.directory.findByExternalId(this.database, externalId, directory);
    if (id === undefined) throw notFound('customer', externalId);
    return id;
  }

  private async shown(customerId: number): Promise<Answer<typeof identitiesAnswer>> {
    const [items, history] = await Promise.all([
      this.store.names(this.database, customerId),
      this.store.history(this.database, customerId),
    ]);
    return { items, history };
  }
}

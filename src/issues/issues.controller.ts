import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../customers/public.js';
import { IntakeLedger, Projects } from '../intake/public.js';
import { Needs } from '../platform/auth/auth.guard.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/db/database.js';
import { notFound, Problem } from '../platform/errors.js';
import { cursorId, type Page, pageOf, pageQuery, rowId } from '../platform/http/page.js';
import { type Issue, ISSUE_STATUSES } from './issue.js';
import { IssueStore } from './issue.store.js';

const listQuery = pageQuery.extend({ project: z.string().optional(), status: z.enum(ISSUE_STATUSES).optional() });
const change = z.strictObject({ status: z.enum(ISSUE_STATUSES) });
const SAMPLES = 5;

/** `GET /v1/issues`, `/v1/issues/{id}`, `PATCH`, `GET …/customers`. */
@Controller('v1/issues')
export class IssuesController {
  constructor(
    private readonly store: IssueStore,
    private readonly ledger: IntakeLedger,
    private readonly projects: Projects,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('agent')
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Page<unknown>> {
    const filter = {
      projectId: this.projectId(query.project),
      status: query.status,
      before: cursorId(query.cursor),
      limit: query.limit + 1,
    };
    return pageOf(
      await this.store.list(this.database, filter),
      query.limit,
      (issue) => issue.id,
      (issue) => this.shape(issue),
    );
  }

  @Get(':id')
  @Needs('agent')
  async get(@Param('id') id: string): Promise<unknown> {
    const issue = await this.one(id);
    const fingerprints = await this.store.fingerprints(this.database, issue.id);
    return {
      ...this.shape(issue),
      fingerprints,
      samples: await this.ledger.samplesOf(this.database, issue.id, SAMPLES),
    };
  }

  @Patch(':id')
  @Needs('ops')
  async patch(@Param('id') id: string, @Body({ schema: change }) body: z.output<typeof change>): Promise<unknown> {
    const issue = await this.one(id);
    await this.database.transaction((tx) => this.store.setStatus(tx, issue.id, body.status, this.clock.now()));
    return this.shape(await this.one(id));
  }

  /** Who was hit, with the evidence. */
  @Get(':id/customers')
  @Needs('agent')
  async customers(
    @Param('id') id: string,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ): Promise<Page<unknown>> {
    const issue = await this.one(id);
    const after = query.cursor === undefined ? 0 : cursorId(query.cursor);
    const hits = await this.store.hits(this.database, [issue.id], after, query.limit + 1);
    const shown = await this.directory.externalIds(
      this.database,
      hits.map((hit) => hit.customerId),
    );
    return pageOf(
      hits,
      query.limit,
      (hit) => hit.customerId,
      ({ issueId: _, customerId, ...evidence }) => ({
        customerId: String(customerId),
        externalId: shown.get(customerId) ?? null,
        ...evidence,
      }),
    );
  }

  private async one(id: string): Promise<Issue> {
    const [issue] = await this.store.find(this.database, [rowId('issue', id)]);
    if (!issue) throw notFound('issue', id);
    return issue;
  }

  private projectId(slug: string | undefined): number | undefined {
    if (slug === undefined) return undefined;
    const project = this.projects.list().find((one) => one.slug === slug);
    if (!project) throw new Problem(400, 'invalid', `project: there is no project "${slug}".`);
    return project.id;
  }

  private shape({ id, projectId, ...rest }: Issue) {
    return { id: String(id), project: this.projects.find(projectId)?.slug ?? null, ...rest };
  }
}

import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { IntakeLedger } from '../../intake/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery } from '../../platform/http/page.js';
import { completenessOf } from './completeness.js';
import { IssueActions } from './action.service.js';
import { type Issue, ISSUE_STATUSES } from '../issue.js';
import { type completenessAnswer, hitPage, issueAnswer, issuePage, wholeIssueAnswer } from './issue.answers.js';
import { IssueStore } from './issue.store.js';
import { IssueViews } from './issue.views.service.js';

const listQuery = pageQuery.extend({ project: z.string().optional(), status: z.enum(ISSUE_STATUSES).optional() });
const change = z
  .strictObject({
    status: z.enum(ISSUE_STATUSES),
    inRelease: z.string().min(1).max(250).optional(),
    until: z.iso.datetime({ offset: true }).optional(),
    untilCustomers: z.number().int().min(1).max(1_000_000).optional(),
  })
  .refine(({ status, inRelease }) => inRelease === undefined || status === 'resolved', {
    path: ['inRelease'],
    message: 'goes with the status resolved only',
  })
  .refine(({ status, until, untilCustomers }) => status === 'ignored' || (until ?? untilCustomers) === undefined, {
    path: ['until'],
    message: 'goes with the status ignored only, as untilCustomers does',
  });
const SAMPLES = 5;
/** SDKs tell what they dropped within about a minute of it (Sentry JavaScript flushes its reports every 60 s). */
const REPORTED_WITHIN_MS = 120_000;
const FINGERPRINTS_SHOWN = 100;

/** `GET /v1/issues`, `/v1/issues/{id}`, `PATCH`, `GET …/customers`. */
@Controller('v1/issues')
export class IssuesController {
  constructor(
    private readonly store: IssueStore,
    private readonly views: IssueViews,
    private readonly actions: IssueActions,
    private readonly ledger: IntakeLedger,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('agent')
  @OfProject('query')
  @Answers('List known issues, newest first', issuePage)
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Answer<typeof issuePage>> {
    const filter = {
      projectId: this.views.projectId(query.project),
      status: query.status,
      before: cursorId(query.cursor),
      limit: query.limit + 1,
    };
    return pageOf(
      await this.store.list(this.database, filter),
      query.limit,
      (issue) => issue.id,
      (issue) => this.views.shape(issue),
    );
  }

  @Get(':id')
  @Needs('agent')
  @OfProject('issue')
  @Answers('Show an issue with its fingerprints and newest samples', wholeIssueAnswer)
  async get(@Param('id') id: string): Promise<Answer<typeof wholeIssueAnswer>> {
    const issue = await this.views.one(id);
    const fingerprints = await this.store.fingerprints(this.database, issue.id, FINGERPRINTS_SHOWN);
    const cells = await this.store.cells(this.database, issue.id);
    return {
      ...this.views.shape(issue),
      fingerprints: fingerprints.map(({ cellId, ...one }) => ({ ...one, countedIn: String(cellId) })),
      affected: await this.completeness(issue),
      samples: await this.ledger.samplesOf(this.database, cells, SAMPLES),
    };
  }

  /** Resolve (for good, or in the release that holds the fix), ignore (for good, or for a time), or open. On a merged issue: what it was merged into. */
  @Patch(':id')
  @Needs('ops')
  @OfProject('issue')
  @Answers('Resolve, ignore or open an issue', issueAnswer)
  async patch(
    @Param('id') id: string,
    @Body({ schema: change }) body: z.output<typeof change>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof issueAnswer>> {
    const issue = await this.views.root(id);
    const doing = { actor: caller.name, now: this.clock.now() };
    const until = body.until === undefined ? undefined : new Date(body.until);
    if (until && until <= doing.now) throw new Problem(400, 'invalid', 'until: must be in the future.');
    await this.database.transaction((tx) => this.actions.decide(tx, issue, { ...body, until }, doing));
    return this.views.shape(await this.views.one(String(issue.id)));
  }

  /** Who was hit, with the evidence. */
  @Get(':id/customers')
  @Needs('agent')
  @OfProject('issue')
  @Answers('List whom an issue hit, with the evidence', hitPage)
  async customers(
    @Param('id') id: string,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ): Promise<Answer<typeof hitPage>> {
    const issue = await this.views.one(id);
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
      ({ issueId: _, customerId, lastEventId, ...evidence }) => ({
        customerId: String(customerId),
        externalId: shown.get(customerId) ?? null,
        ...evidence,
        lastEventId: lastEventId.replaceAll('-', ''),
      }),
    );
  }

  /**
   * Whether the list of affected customers can be trusted. A report of what an SDK dropped names no fault, so it concerns
   * every issue of its project that was active then.
   */
  private async completeness(issue: Issue): Promise<Answer<typeof completenessAnswer>> {
    const until = new Date(issue.lastSeen.getTime() + REPORTED_WITHIN_MS);
    const from = new Date(issue.firstSeen.getTime() - REPORTED_WITHIN_MS);
    const drops = await this.ledger.dropsBetween(this.database, issue.projectId, from, until);
    return completenessOf(drops, await this.store.evidence(this.database, [issue.id]));
  }
}

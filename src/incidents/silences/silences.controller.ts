import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Detections } from '../../detection/public.js';
import { Projects } from '../../projects/project.registry.js';
import { Issues } from '../../issues/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type Answer, Answers, count, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { wake } from '../../platform/stages/wake.js';
import { weeklySchema } from '../incidents-config.js';
import { type MadeSilence, type Silence } from './silence.js';
import { SilenceStore, type Stop } from './silence.store.js';
import { silenceOf, Silences } from './silences.service.js';

const STOPS_SHOWN = 50;
const name = z.string().trim().min(1).max(200);
const newSilence = z
  .strictObject({
    project: z.string().optional(),
    issue: z.string().optional(),
    service: name.optional(),
    area: name.optional(),
    from: z.iso.datetime({ offset: true }).optional(),
    to: z.iso.datetime({ offset: true }),
    weekly: weeklySchema.optional(),
    reason: z.string().trim().min(1).max(500),
  })
  .refine(
    ({ project, issue, service, area }) => [project, issue, service, area].some((one) => one !== undefined),
    'name at least one of project, issue, service, area',
  );

const silenceAnswer = z
  .object({
    id: z.string().describe('`config:NAME` of a maintenance window of the configuration.'),
    project: z.string().nullable(),
    issue: z.string().nullable(),
    service: z.string().nullable(),
    area: z.string().nullable(),
    from: moment,
    to: moment,
    weekly: z
      .object({
        days: z.array(z.string()),
        from: z.string(),
        to: z.string(),
        timeZone: z.string(),
        until: moment.optional(),
      })
      .optional(),
    reason: z.string(),
    createdBy: z.string(),
    state: z.enum(['planned', 'active', 'ended']),
    stopped: count,
    stops: z.array(
      z.object({
        what: z.enum(['incident', 'outreach', 'alert']),
        ref: z.string(),
        words: z.string(),
        firstAt: moment,
        lastAt: moment,
      }),
    ),
  })
  .meta({ id: 'Silence' });
const silencePage = pageAnswer(silenceAnswer);

/** `GET/POST /v1/silences`, `DELETE /v1/silences/{id}`: silences, and what they held back. */
@Controller('v1/silences')
export class SilencesController {
  constructor(
    private readonly store: SilenceStore,
    private readonly silences: Silences,
    private readonly detections: Detections,
    private readonly issues: Issues,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Lists silences, newest first; the first page starts with the maintenance windows of the configuration. */
  @Get()
  @Needs('agent')
  @Answers('List silences with what they stopped', silencePage)
  async list(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>): Promise<Answer<typeof silencePage>> {
    const rows = await this.store.list(this.database, { before: cursorId(query.cursor), limit: query.limit + 1 });
    const planned = query.cursor === undefined ? this.silences.planned(this.clock.now()) : [];
    const shown = [...planned, ...rows.slice(0, query.limit)];
    const stops = await this.store.stops(
      this.database,
      shown.map(({ id }) => id),
      STOPS_SHOWN,
    );
    const page = pageOf(
      rows,
      query.limit,
      (row) => Number(row.id),
      (row) => this.shape(silenceOf(row, this.clock.now()), stops),
    );
    return { ...page, items: [...planned.map((one) => this.shape(one, stops)), ...page.items] };
  }

  /** Shows one silence with its stops. */
  @Get(':id')
  @Needs('agent')
  @Answers('Show a silence with what it stopped', silenceAnswer)
  async get(@Param('id') id: string): Promise<Answer<typeof silenceAnswer>> {
    const row = id.startsWith('config:') ? this.window(id) : await this.made(id);
    if (!row) throw notFound('silence', id);
    return this.shape(row, await this.store.stops(this.database, [row.id], STOPS_SHOWN));
  }

  /**
   * Silences incidents and outreach about the named subject, from now or `from` until `to`; with `weekly` at those
   * times between them.
   */
  @Post()
  @Needs('ops')
  @HttpCode(201)
  @Answers('Keep incidents and messages back for a time', silenceAnswer)
  async create(
    @Body({ schema: newSilence }) body: z.output<typeof newSilence>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof silenceAnswer>> {
    const now = this.clock.now();
    const from = body.from === undefined ? now : new Date(body.from);
    const until = new Date(body.to);
    if (until <= from || until <= now) throw new Problem(400, 'invalid', 'to: must be after from, and in the future.');
    const project = this.projects.named(body.project);
    const issueId = body.issue === undefined ? null : rowId('issue', body.issue);
    if (issueId !== null && (await this.issues.find(this.database, [issueId])).length === 0)
      throw new Problem(400, 'invalid', `issue: there is no issue ${body.issue ?? ''}.`);
    const id = await this.database.transaction(async (tx) =>
      this.store.insert(
        tx,
        {
          projectId: project?.id ?? null,
          issueId,
          service: body.service ?? null,
          area: body.area ?? null,
          from,
          until,
          weekly: body.weekly ?? null,
          reason: body.reason,
          createdBy: caller.name,
        },
        now,
      ),
    );
    return this.get(id);
  }

  /** Ends a silence now; held verdicts that still last are called. */
  @Delete(':id')
  @Needs('ops')
  @Answers('End a silence now', silenceAnswer)
  async end(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<Answer<typeof silenceAnswer>> {
    const now = this.clock.now();
    const silence = rowId('silence', id);
    await this.database.transaction(async (tx) => {
      if (!(await this.store.end(tx, silence, caller.name, now))) return;
      await this.detections.release(tx, String(silence), now);
      await wake(tx, 'incident-open', 'campaign');
    });
    return this.get(id);
  }

  private window(id: string): Silence | undefined {
    return this.silences.planned(this.clock.now()).find((one) => one.id === id);
  }

  private async made(id: string): Promise<Silence | undefined> {
    const [row]: MadeSilence[] = await this.store.list(this.database, {
      id: rowId('silence', id),
      before: cursorId(undefined),
      limit: 1,
    });
    return row && silenceOf(row, this.clock.now());
  }

  private shape(
    { projectId, issueId, from, until, ...rest }: Silence,
    stops: ReadonlyMap<string, { count: number; stops: Stop[] }>,
  ): Answer<typeof silenceAnswer> {
    const now = this.clock.now();
    const stopped = stops.get(rest.id) ?? { count: 0, stops: [] };
    return {
      ...rest,
      project: projectId === null ? null : (this.projects.find(projectId)?.slug ?? null),
      issue: issueId === null ? null : String(issueId),
      from,
      to: until,
      state: until <= now ? 'ended' : from > now ? 'planned' : 'active',
      stopped: stopped.count,
      stops: stopped.stops,
    };
  }
}

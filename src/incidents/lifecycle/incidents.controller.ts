import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Detections } from '../../detection/public.js';
import { Projects } from '../../projects/project.registry.js';
import { Issues } from '../../issues/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { wake } from '../../platform/stages/wake.js';
import { AlertStore } from '../alerts/alert.store.js';
import { type Incident, INCIDENT_STATUSES, SEVERITIES } from '../incident.js';
import { incidentPage, wholeIncidentAnswer } from './incident.answers.js';
import { IncidentStore } from './incident.store.js';
import { Outlooks } from '../outlook.registry.js';
import { Incidents } from '../public.js';

const listQuery = pageQuery.extend({
  status: z.enum(INCIDENT_STATUSES).optional(),
  open: z.enum(['true', 'false']).optional(),
  project: z.string().optional(),
});
const title = z.string().trim().min(1).max(200);
const newIncident = z.strictObject({
  project: z.string(),
  title,
  severity: z.enum(SEVERITIES).default('major'),
  area: z.string().trim().min(1).max(100).optional(),
  startedAt: z.iso.datetime({ offset: true }).optional(),
  issues: z.array(z.string()).max(200).default([]),
});
const change = z.strictObject({
  status: z.enum(INCIDENT_STATUSES).optional(),
  severity: z.enum(SEVERITIES).optional(),
  title: title.optional(),
  area: z.string().trim().min(1).max(100).nullable().optional(),
});

const attachment = z.strictObject({ issueId: z.string(), reason: z.string().trim().min(1).max(200).default('manual') });
const merge = z.strictObject({ into: z.string() });

/** Days that the start of an incident may lie back: as long as hits are kept by the hour (`rollup`). */
const OLDEST_START_DAYS = 90;
const DAY_MS = 86_400_000;

/** @throws Problem 400 for a moment of which nothing is kept, or that is yet to come */
function startOf(text: string, now: Date): Date {
  const startedAt = new Date(text);
  if (startedAt > now) throw new Problem(400, 'invalid', 'startedAt: must not be in the future.');
  if (now.getTime() - startedAt.getTime() > OLDEST_START_DAYS * DAY_MS)
    throw new Problem(
      400,
      'invalid',
      `startedAt: must lie within the last ${OLDEST_START_DAYS} days, for which hits are kept.`,
    );
  return startedAt;
}

/** `GET/POST /v1/incidents`, `GET/PATCH /v1/incidents/{id}`, `POST/DELETE …/issues`, `POST …/merge`. */
@Controller('v1/incidents')
export class IncidentsController {
  constructor(
    private readonly store: IncidentStore,
    private readonly incidents: Incidents,
    private readonly issues: Issues,
    private readonly detections: Detections,
    private readonly alerts: AlertStore,
    private readonly outlooks: Outlooks,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('agent')
  @OfProject('query')
  @Answers('List incidents, newest first', incidentPage)
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Answer<typeof incidentPage>> {
    const open = query.open === undefined ? undefined : query.open === 'true';
    const rows = await this.store.list(this.database, {
      projectId: this.projects.named(query.project)?.id,
      status: query.status,
      open,
      before: cursorId(query.cursor),
      limit: query.limit + 1,
    });
    return pageOf(
      rows,
      query.limit,
      (incident) => incident.id,
      (incident) => this.shape(incident),
    );
  }

  /** Opens an incident by hand, optionally with issues that belong to it. */
  @Post()
  @Needs('ops')
  @HttpCode(201)
  @Answers('Open an incident by hand', wholeIncidentAnswer)
  async create(
    @Body({ schema: newIncident }) body: z.output<typeof newIncident>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeIncidentAnswer>> {
    const projectId = this.projects.named(body.project).id;
    const now = this.clock.now();
    const startedAt = body.startedAt === undefined ? now : startOf(body.startedAt, now);
    const id = await this.database.transaction(async (tx) => {
      const id = await this.store.insert(
        tx,
        { projectId, severity: body.severity, title: body.title, area: body.area, startedAt },
        now,
      );
      await this.attach(tx, id, projectId, body.issues, now);
      const fact = { kind: 'opened' as const, severity: body.severity, issues: body.issues };
      await this.store.append(tx, id, caller.name, [fact], now);
      return id;
    });
    return this.get(String(id));
  }

  @Get(':id')
  @Needs('agent')
  @OfProject('incident')
  @Answers('Show an incident with its timeline', wholeIncidentAnswer)
  async get(@Param('id') id: string): Promise<Answer<typeof wholeIncidentAnswer>> {
    const incident = await this.one(id);
    const alerts = (await this.alerts.ofIncident(this.database, incident.id)).map(
      ({ status, labels, annotations, startsAt, endsAt, url }) => ({
        status,
        labels,
        annotations,
        startsAt,
        endsAt,
        url,
      }),
    );
    const evidence = await this.issues.evidence(this.database, incident.issueIds);
    const timeline = await this.store.timeline(this.database, incident.id);
    const outreach = await this.outlooks.of(this.database, incident);
    return { ...this.shape(incident), evidence, alerts, outreach, timeline };
  }

  /**
   * Acknowledges, mitigates or resolves an incident, or corrects its title and area. A resolved incident stays
   * resolved.
   */
  @Patch(':id')
  @Needs('ops')
  @OfProject('incident')
  @Answers('Acknowledge, mitigate, resolve or rename an incident', wholeIncidentAnswer)
  async patch(
    @Param('id') id: string,
    @Body({ schema: change }) body: z.output<typeof change>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeIncidentAnswer>> {
    const incident = await this.one(id);
    if (incident.status === 'resolved' && body.status !== undefined && body.status !== 'resolved') {
      throw new Problem(
        409,
        'conflict',
        `Incident ${id} is resolved and its customers are told so. Open a new one if the fault is back.`,
      );
    }
    const now = this.clock.now();
    const { status, ...rest } = body;
    await this.database.transaction(async (tx) => {
      const byOps = rest.severity === undefined ? rest : { ...rest, severityByOps: true };
      await this.store.update(tx, incident.id, status === 'resolved' ? byOps : { ...byOps, status });
      if (status === 'resolved') await this.incidents.resolve(tx, incident.id, caller.name, { resolution: 'ops' }, now);
      else await this.store.append(tx, incident.id, caller.name, [{ kind: 'changed', ...body }], now);
    });
    return this.get(id);
  }

  /** Attaches an issue that a person knows to belong to it. */
  @Post(':id/issues')
  @Needs('ops')
  @OfProject('incident')
  @HttpCode(200)
  @Answers('Attach an issue to an incident', wholeIncidentAnswer)
  async attachIssue(
    @Param('id') id: string,
    @Body({ schema: attachment }) { issueId, reason }: z.output<typeof attachment>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeIncidentAnswer>> {
    const incident = await this.openOne(id);
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      const [issue] = await this.issues.find(tx, [rowId('issue', issueId)]);
      if (issue?.projectId !== incident.projectId)
        throw new Problem(400, 'invalid', `issueId: there is no issue ${issueId} in this project.`);
      await this.store.allowIssue(tx, incident.id, issue.id);
      if ((await this.store.attachIssues(tx, incident.id, [{ issueId: issue.id, reason }], now)).size > 0)
        await this.store.append(
          tx,
          incident.id,
          caller.name,
          [{ kind: 'issue_attached', issueId: String(issue.id), reason }],
          now,
        );
      await wake(tx, 'audience');
    });
    return this.get(id);
  }

  /**
   * Detaches an issue, which does not come back automatically. Customers who were already written to keep their
   * messages.
   */
  @Delete(':id/issues/:issueId')
  @Needs('ops')
  @OfProject('incident')
  @Answers('Detach an issue from an incident', wholeIncidentAnswer)
  async detachIssue(
    @Param('id') id: string,
    @Param('issueId') issueId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeIncidentAnswer>> {
    const incident = await this.openOne(id);
    const issue = rowId('issue', issueId);
    await this.database.transaction(async (tx) => {
      if (!(await this.store.detachIssue(tx, incident.id, issue)))
        throw new Problem(404, 'not-found', `Issue ${issueId} is not part of incident ${id}.`);
      await this.detections.move(tx, incident.id, null, issue);
      await this.store.append(tx, incident.id, caller.name, [{ kind: 'issue_detached', issueId }], this.clock.now());
    });
    return this.get(id);
  }

  /**
   * Merges this incident into another: its issues go there, and it ends without a message to anybody, so nobody is told
   * twice.
   */
  @Post(':id/merge')
  @Needs('ops')
  @OfProject('incident')
  @HttpCode(200)
  @Answers('Make an incident part of another', wholeIncidentAnswer)
  async merge(
    @Param('id') id: string,
    @Body({ schema: merge }) body: z.output<typeof merge>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeIncidentAnswer>> {
    const [from, into] = [await this.openOne(id), await this.openOne(body.into)];
    if (from.id === into.id || from.projectId !== into.projectId)
      throw new Problem(409, 'conflict', 'Only two different incidents of one project can become one.');
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      await this.store.mergeInto(tx, from.id, into.id, now);
      await this.detections.move(tx, from.id, into.id);
      await this.incidents.resolve(tx, from.id, caller.name, { resolution: 'merged', into: String(into.id) }, now);
      const issues = from.issueIds.map(String);
      const fact = { kind: 'merged' as const, incidentId: String(from.id), issues };
      await this.store.append(tx, into.id, caller.name, [fact], now);
      await wake(tx, 'audience');
    });
    return this.get(body.into);
  }

  private async openOne(id: string): Promise<Incident> {
    const incident = await this.one(id);
    if (incident.status === 'resolved') throw new Problem(409, 'conflict', `Incident ${id} is resolved.`);
    return incident;
  }

  private async attach(tx: Tx, id: number, projectId: number, issueIds: readonly string[], now: Date): Promise<void> {
    const issues = await this.issues.find(
      tx,
      issueIds.map((issue) => rowId('issue', issue)),
    );
    const fitting = issues.filter((issue) => issue.projectId === projectId);
    if (fitting.length < new Set(issueIds).size)
      throw new Problem(400, 'invalid', 'issues: not all of them are issues of this project.');
    const manual = fitting.map((issue) => ({ issueId: issue.id, reason: 'manual' }));
    await this.store.attachIssues(tx, id, manual, now);
  }

  private async one(id: string): Promise<Incident> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    return incident;
  }

  private shape({ id, projectId, previousIncidentId, mergedInto, mergedIds, issueIds, ...rest }: Incident) {
    const { status, severity, title, area, startedAt, openedAt, resolvedAt, resolution, reopened } = rest;
    return {
      id: String(id),
      project: this.projects.find(projectId)?.slug ?? null,
      status,
      severity,
      title,
      area,
      startedAt,
      openedAt,
      resolvedAt,
      resolution,
      reopened,
      previous: previousIncidentId === null ? null : String(previousIncidentId),
      mergedInto: mergedInto === null ? null : String(mergedInto),
      merged: mergedIds.map(String),
      issues: issueIds.map(String),
    };
  }
}

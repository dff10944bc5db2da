import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Projects } from '../../projects/project.registry.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, count, maybeMoment, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { type DetectionRow } from '../detection.js';
import { DetectionStore } from './detection.store.js';

const listQuery = pageQuery.extend({ project: z.string().optional(), issue: z.string().optional() });

const detectionAnswer = z
  .object({
    id: z.string(),
    project: z.string().nullable(),
    issue: z.string().nullable().describe('Null of a sum over more than one issue.'),
    incident: z.string().nullable(),
    series: z.string(),
    kind: z.enum(['new', 'spike', 'slow_burn', 'regression', 'drop', 'recovered', 'contacts']),
    since: moment,
    detectedAt: moment,
    evidence: z.object({
      expected: z.number(),
      seen: z.number(),
      unit: z.enum(['customers', 'events', 'active customers', 'sessions']),
      unlikeliness: z.number().describe('-log10 of the probability of such a count if nothing were wrong.'),
      words: z.string(),
      windowMs: z.number().optional(),
      ofAll: z.number().optional(),
      customers: count.optional(),
      issues: z.array(z.string()).optional(),
      activeCustomers: count.optional(),
      release: z.string().optional(),
    }),
    recoveredSince: maybeMoment,
    silencedBy: z.string().nullable(),
  })
  .meta({ id: 'Detection' });
const detectionPage = pageAnswer(detectionAnswer);

/** `GET /v1/detections`: verdicts on what was out of the ordinary, each with its evidence. */
@Controller('v1/detections')
export class DetectionsController {
  constructor(
    private readonly store: DetectionStore,
    private readonly projects: Projects,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('agent')
  @OfProject('query')
  @Answers('List what was out of the ordinary, newest first', detectionPage)
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Answer<typeof detectionPage>> {
    const project = this.projects.named(query.project);
    const issueId = query.issue === undefined ? undefined : rowId('issue', query.issue);
    const filter = { projectId: project?.id, issueId, before: cursorId(query.cursor), limit: query.limit + 1 };
    return pageOf(
      await this.store.list(this.database, filter),
      query.limit,
      (row) => row.id,
      (row) => this.shape(row),
    );
  }

  private shape({ id, projectId, issueId, incidentId, ...rest }: DetectionRow) {
    return {
      id: String(id),
      project: this.projects.find(projectId)?.slug ?? null,
      issue: issueId === null ? null : String(issueId),
      incident: incidentId === null ? null : String(incidentId),
      ...rest,
    };
  }
}

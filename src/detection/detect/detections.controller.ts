import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Projects } from '../../projects/project.registry.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { cursorId, type Page, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { type DetectionRow } from '../detection.js';
import { DetectionStore } from './detection.store.js';

const listQuery = pageQuery.extend({ project: z.string().optional(), issue: z.string().optional() });

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
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Page<unknown>> {
    const project = this.projects.list().find((one) => one.slug === query.project);
    if (query.project !== undefined && !project)
      throw new Problem(400, 'invalid', `project: there is no project "${query.project}".`);
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

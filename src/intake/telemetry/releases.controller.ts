import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Clock } from '../../platform/clock.js';
import { duration } from '../../platform/config/schema.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count, listAnswer, moment } from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { Projects } from '../../projects/project.registry.js';
import { TelemetryStore } from './telemetry.store.js';

const releasesQuery = z.object({ within: duration.prefault('1d') });

const releaseAnswer = z
  .object({
    release: z.string(),
    environment: z.string(),
    sessions: count,
    crashed: count,
    crashedDevices: count,
    errored: count,
    firstSeen: moment,
    lastSeen: moment,
    crashFreeSessions: z.number().min(0).max(1).nullable(),
  })
  .meta({ id: 'ReleaseHealth' });
const releaseList = listAnswer(releaseAnswer);

/** `GET /v1/projects/{id}/releases`. */
@Controller('v1/projects')
export class ReleasesController {
  constructor(
    private readonly projects: Projects,
    private readonly telemetry: TelemetryStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** How stable each release is: sessions, how many crashed, the crash-free share. */
  @Get(':id/releases')
  @Needs('agent')
  @OfProject('project')
  @Answers('Show how stable each release is', releaseList)
  async list(
    @Param('id') id: string,
    @Query({ schema: releasesQuery }) query: z.output<typeof releasesQuery>,
  ): Promise<Answer<typeof releaseList>> {
    const project = this.projects.find(rowId('project', id));
    if (!project) throw notFound('project', id);
    const since = new Date(this.clock.now().getTime() - query.within);
    const rows = await this.telemetry.releases(this.database, project.id, since);
    const crashFree = (sessions: number, crashed: number) =>
      sessions > 0 ? Math.max(0, 1 - crashed / sessions) : null;
    return { items: rows.map((row) => ({ ...row, crashFreeSessions: crashFree(row.sessions, row.crashed) })) };
  }
}

import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Projects } from '../../projects/project.registry.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, moment } from '../../platform/http/answers.js';
import { RollupStore } from '../rollup/rollup.store.js';

const STEPS = ['hour', 'day'] as const;
/** Milliseconds of series shown before `to` if `from` is left out. */
const SHOWN = { hour: 7 * 86_400_000, day: 90 * 86_400_000 };
const MOST_POINTS = 2500;

const seriesQuery = z.strictObject({
  project: z.string(),
  series: z.string().min(1).max(300),
  step: z.enum(STEPS).default('hour'),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
});

const seriesAnswer = z.object({
  project: z.string(),
  series: z.string(),
  step: z.enum(STEPS),
  points: z.array(z.object({ at: moment, seen: z.number(), ofAll: z.number().nullable() })),
});

/** `GET /v1/series`: counts of a series by hour or day, under the names that verdicts use. */
@Controller('v1/series')
export class SeriesController {
  constructor(
    private readonly store: RollupStore,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('agent')
  @OfProject('query')
  @Answers('Show what a series counted by hour or day', seriesAnswer)
  async get(@Query({ schema: seriesQuery }) query: z.output<typeof seriesQuery>): Promise<Answer<typeof seriesAnswer>> {
    const project = this.projects.named(query.project);
    const to = query.to === undefined ? this.clock.now() : new Date(query.to);
    const from = query.from === undefined ? new Date(to.getTime() - SHOWN[query.step]) : new Date(query.from);
    const { series, step } = query;
    const points = await this.store.points(
      this.database,
      { projectId: project.id, series, step, from, to },
      MOST_POINTS,
    );
    return { project: project.slug, series, step, points };
  }
}

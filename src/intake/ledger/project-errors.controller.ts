import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Clock } from '../../platform/clock.js';
import { duration } from '../../platform/config/schema.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count } from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { Projects } from '../../projects/project.registry.js';
import { countNobody, nobodyFix, nobodyWords } from '../nobody.read-model.js';

const errorsQuery = z.object({ within: duration.prefault('1d').describe('Age of the oldest error that counts.') });
const projectAnswer = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    errors: z.object({
      events: count.describe('Errors that were accepted.'),
      nobody: count.describe('Those of them that name no customer, so that nobody can be told.'),
      share: z.number().min(0).max(1).nullable().describe('Null where there were none.'),
      words: z.string(),
      fix: z
        .string()
        .nullable()
        .describe('What the app does so that its errors name their customers; null where enough do.'),
    }),
  })
  .meta({ id: 'ProjectErrors' });

/** `GET /v1/projects/{id}`: a project, and whether its errors say whose they are. */
@Controller('v1/projects')
export class ProjectErrorsController {
  constructor(
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get(':id')
  @Needs('agent')
  @OfProject('project')
  @Answers('Show a project, and how many of its errors name no customer', projectAnswer)
  async find(
    @Param('id') id: string,
    @Query({ schema: errorsQuery }) query: z.output<typeof errorsQuery>,
  ): Promise<Answer<typeof projectAnswer>> {
    const project = this.projects.find(rowId('project', id));
    if (!project) throw notFound('project', id);
    const counts = await countNobody(this.database, new Date(this.clock.now().getTime() - query.within));
    const own = counts.find(({ projectId }) => projectId === project.id) ?? { events: 0, nobody: 0 };
    const { events, nobody } = own;
    const share = events === 0 ? null : nobody / events;
    const errors = { events, nobody, share, words: nobodyWords(own), fix: nobodyFix(own) };
    return { id: String(project.id), slug: project.slug, name: project.name, errors };
  }
}

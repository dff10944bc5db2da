import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, count, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, type PageQuery, pageQuery, rowId } from '../../platform/http/page.js';
import { BufferOutlet } from '../buffer/buffer-outlet.service.js';
import { PoisonStore } from './poison.store.js';
import { Projects } from '../../projects/project.registry.js';

const poisonAnswer = z
  .object({
    id: z.string(),
    project: z.string().nullable(),
    eventId: z.string().nullable(),
    reason: z.string(),
    attempts: count,
    setAsideAt: moment,
  })
  .meta({ id: 'PoisonEvent' });
const poisonPage = pageAnswer(poisonAnswer);
const replayAnswer = z.object({ outcomes: z.array(z.enum(['accepted', 'duplicate', 'ignored', 'invalid'])) });

/** `GET /v1/intake/poison` and `POST …/{id}/replay`: events that digest could not take. */
@Controller('v1/intake/poison')
export class PoisonController {
  constructor(
    private readonly store: PoisonStore,
    private readonly outlet: BufferOutlet,
    private readonly projects: Projects,
    private readonly database: Database,
  ) {}

  /** Newest first. */
  @Get()
  @Needs('ops')
  @Answers('List events that could not be digested and were set aside, newest first', poisonPage)
  async list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Answer<typeof poisonPage>> {
    const events = await this.store.list(this.database, cursorId(query.cursor), query.limit + 1);
    return pageOf(
      events,
      query.limit,
      ({ id }) => id,
      ({ id, projectId, eventId, reason, attempts, setAsideAt }) => ({
        id: String(id),
        project: this.projects.find(projectId)?.slug ?? null,
        eventId: eventId ?? null,
        reason,
        attempts,
        setAsideAt,
      }),
    );
  }

  @Post(':id/replay')
  @HttpCode(200)
  @Needs('ops')
  @Answers('Digest an event again that was set aside', replayAnswer)
  async replay(@Param('id') id: string): Promise<Answer<typeof replayAnswer>> {
    return { outcomes: await this.outlet.replay(rowId('event that was set aside', id)) };
  }
}

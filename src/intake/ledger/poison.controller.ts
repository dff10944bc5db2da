import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { cursorId, type Page, pageOf, type PageQuery, pageQuery, rowId } from '../../platform/http/page.js';
import { BufferOutlet } from '../buffer/buffer-outlet.service.js';
import { type DigestOutcome } from '../outcome.js';
import { PoisonStore } from './poison.store.js';
import { Projects } from '../../projects/project.registry.js';

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
  async list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<unknown>> {
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
  async replay(@Param('id') id: string): Promise<{ outcomes: DigestOutcome[] }> {
    return { outcomes: await this.outlet.replay(rowId('event that was set aside', id)) };
  }
}

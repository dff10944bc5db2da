import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { Projects } from '../../projects/project.registry.js';
import { directoryField } from '../record/contact-fields.js';
import { Senders } from '../record/senders.service.js';
import { contextAnswer, shownContext } from './context.answer.js';
import { CustomerContexts } from './context.service.js';

const contextQuery = z.strictObject({ directory: directoryField });

/** `GET /v1/customers/{externalId}/context`: what is known of a customer who makes contact, in one call. */
@Controller('v1/customers/:externalId/context')
export class ContextController {
  constructor(
    private readonly contexts: CustomerContexts,
    private readonly senders: Senders,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('bot')
  @Answers('Show what is known of a customer who makes contact', contextAnswer)
  async context(
    @Param('externalId') externalId: string,
    @Query({ schema: contextQuery }) query: z.output<typeof contextQuery>,
  ): Promise<Answer<typeof contextAnswer>> {
    const id = await this.senders.require(this.database, externalId, query.directory);
    const context = await this.contexts.of(this.database, id, this.clock.now());
    const shown = shownContext(context, (projectId) => this.projects.find(projectId)?.slug);
    if (!shown) throw notFound('customer', externalId.slice(0, 200));
    return shown;
  }
}

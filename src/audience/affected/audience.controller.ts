import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { Incidents } from '../../incidents/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { TRUSTS } from '../../projects/project-key.js';
import { AUDIENCE_KINDS } from '../audience.js';
import { Audiences } from '../public.js';

const memberAnswer = z
  .object({
    customerId: z.string(),
    externalId: z.string().nullable(),
    kind: z.enum(AUDIENCE_KINDS),
    evidence: z.object({
      events: count,
      firstAt: z.string(),
      lastAt: z.string(),
      lastEventId: z.string(),
      issues: z.array(z.string()),
      known: z.record(z.enum(TRUSTS), count).describe('Events by how they are known.'),
    }),
    trust: z.enum(TRUSTS),
    addedAt: moment,
  })
  .meta({ id: 'AudienceMember' });
const audiencePage = pageAnswer(memberAnswer);

/** `GET /v1/incidents/{id}/audience`: customers whom an incident concerns, each with the evidence. */
@Controller('v1/incidents')
export class AudienceController {
  constructor(
    private readonly audiences: Audiences,
    private readonly incidents: Incidents,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
  ) {}

  @Get(':id/audience')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List whom an incident concerns, with the evidence', audiencePage)
  async list(
    @Param('id') id: string,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ): Promise<Answer<typeof audiencePage>> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    const after = query.cursor === undefined ? 0 : cursorId(query.cursor);
    const members = await this.audiences.list(this.database, incident, after, query.limit + 1);
    const names = await this.directory.externalIds(
      this.database,
      members.map((one) => one.customerId),
    );
    return pageOf(
      members,
      query.limit,
      (member) => member.customerId,
      ({ customerId, ...rest }) => ({
        customerId: String(customerId),
        externalId: names.get(customerId) ?? null,
        ...rest,
      }),
    );
  }
}

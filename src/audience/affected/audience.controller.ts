import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { TRUSTS } from '../../projects/project-key.js';
import { CausesStore } from '../causes/causes.store.js';
import { Audiences } from '../public.js';

const audienceQuery = pageQuery.extend({
  kind: z
    .enum(['affected', 'atRisk'])
    .default('affected')
    .describe('Those whom it hit, or those who share what they have in common and were not hit.'),
});
const affectedEvidence = z.object({
  events: count,
  firstAt: z.string(),
  lastAt: z.string(),
  lastEventId: z.string(),
  issues: z.array(z.string()),
  known: z.record(z.enum(TRUSTS), count).describe('Events by how they are known.'),
});
const atRiskEvidence = z.object({
  expectedHitRate: z.number().describe('What was expected when the customer was first called at risk.'),
});
const memberAnswer = z
  .object({
    customerId: z.string(),
    externalId: z.string().nullable(),
    kind: z.enum(['affected', 'atRisk']),
    evidence: z.union([affectedEvidence, atRiskEvidence]),
    trust: z.enum(TRUSTS),
    addedAt: moment,
  })
  .meta({ id: 'AudienceMember' });
const audiencePage = pageAnswer(memberAnswer);

type ShownMember = Omit<z.output<typeof memberAnswer>, 'customerId' | 'externalId'> & { readonly customerId: number };

/** `GET /v1/incidents/{id}/audience`: customers whom an incident concerns, each with the evidence. */
@Controller('v1/incidents')
export class AudienceController {
  constructor(
    private readonly audiences: Audiences,
    private readonly incidents: Incidents,
    private readonly directory: CustomerDirectory,
    private readonly causes: CausesStore,
    private readonly database: Database,
  ) {}

  @Get(':id/audience')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List whom an incident concerns, with the evidence', audiencePage)
  async list(
    @Param('id') id: string,
    @Query({ schema: audienceQuery }) query: z.output<typeof audienceQuery>,
  ): Promise<Answer<typeof audiencePage>> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    const after = query.cursor === undefined ? 0 : cursorId(query.cursor);
    const members = await this.members(incident, query.kind, after, query.limit + 1);
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

  /** Nothing that a customer at risk reported names them: they are known by a claim at most. */
  private async members(
    incident: Incident,
    kind: 'affected' | 'atRisk',
    after: number,
    limit: number,
  ): Promise<readonly Answer<z.ZodType<ShownMember>>[]> {
    if (kind === 'affected') {
      const members = await this.audiences.list(this.database, incident, after, limit);
      return members.map((one) => ({ ...one, kind }));
    }
    const atRisk = await this.causes.atRisk(this.database, incident.id, after, limit);
    return atRisk.map(({ customerId, since: addedAt, expected: expectedHitRate }) => {
      return { customerId, kind, evidence: { expectedHitRate }, trust: 'claimed' as const, addedAt };
    });
  }
}

import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { IntakeLedger } from '../../intake/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { assertNever, notFound } from '../../platform/errors.js';
import { type Answer, Answers, count, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId } from '../../platform/http/page.js';
import { TRUSTS } from '../../projects/project-key.js';
import { CausesStore } from '../causes/causes.store.js';
import { HoldOutStore } from '../hold-out/hold-out.store.js';
import { Audiences } from '../public.js';

const KINDS = ['affected', 'atRisk', 'heldOut'] as const;
const audienceQuery = pageQuery.extend({
  kind: z
    .enum(KINDS)
    .default('affected')
    .describe(
      'Those whom it hit, those who share what they have in common and were not hit, or those whom chance keeps from being written to.',
    ),
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
const heldOutEvidence = z.object({
  audience: z.enum(['affected', 'atRisk']).describe('Why they would have been written to.'),
  share: z.number().describe('Share of the audience that was held out.'),
  channel: z.string().nullable().describe('Channel that they would have been written to on; null where none was open.'),
});
const memberAnswer = z
  .object({
    customerId: z.string(),
    externalId: z.string().nullable(),
    account: z.string().nullable().describe('Company that the customer belongs to.'),
    kind: z.enum(KINDS),
    evidence: z.union([affectedEvidence, atRiskEvidence, heldOutEvidence]),
    trust: z.enum(TRUSTS),
    addedAt: moment,
  })
  .meta({ id: 'AudienceMember' });
const audiencePage = pageAnswer(memberAnswer).extend({
  complete: z
    .boolean()
    .describe('False where SDKs dropped reports by themselves, so that affected customers may be missing.'),
  missing: count.describe('Reports that SDKs dropped since the incident began, of any fault of the project.'),
  drops: z.array(z.object({ reason: z.string(), quantity: count, fix: z.string() })),
});

type ShownMember = Omit<z.output<typeof memberAnswer>, 'customerId' | 'externalId' | 'account'> & {
  readonly customerId: number;
  /** Number by which the page is ordered; left out where it is the customer's. */
  readonly seq?: number;
};

/** `GET /v1/incidents/{id}/audience`: customers whom an incident concerns, each with the evidence. */
@Controller('v1/incidents')
export class AudienceController {
  constructor(
    private readonly audiences: Audiences,
    private readonly incidents: Incidents,
    private readonly directory: CustomerDirectory,
    private readonly causes: CausesStore,
    private readonly holdOuts: HoldOutStore,
    private readonly ledger: IntakeLedger,
    private readonly clock: Clock,
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
    const ids = members.map((one) => one.customerId);
    const names = await this.directory.externalIds(this.database, ids);
    const accounts = await this.directory.accounts(this.database, ids);
    const page = pageOf(
      members,
      query.limit,
      (member) => member.seq ?? member.customerId,
      ({ customerId, seq: _, ...rest }) => ({
        customerId: String(customerId),
        externalId: names.get(customerId) ?? null,
        account: accounts.get(customerId) ?? null,
        ...rest,
      }),
    );
    return { ...page, ...(await this.completeness(incident)) };
  }

  private async completeness({ projectId, startedAt, resolvedAt }: Incident) {
    const until = resolvedAt ?? this.clock.now();
    const drops = await this.ledger.dropsBetween(this.database, projectId, startedAt, until);
    const missing = drops.reduce((sum, { quantity }) => sum + quantity, 0);
    return { complete: missing === 0, missing, drops };
  }

  /** The affected and those held out by customer, those at risk in the order in which they are written to. */
  private async members(
    incident: Incident,
    kind: (typeof KINDS)[number],
    after: number,
    limit: number,
  ): Promise<readonly Answer<z.ZodType<ShownMember>>[]> {
    switch (kind) {
      case 'affected': {
        const members = await this.audiences.list(this.database, incident, after, limit);
        return members.map((one) => ({ ...one, kind }));
      }
      case 'atRisk': {
        const members = await this.causes.atRisk(this.database, incident.id, after, limit);
        return members.map(({ expectedHitRate, ...one }) => ({ ...one, kind, evidence: { expectedHitRate } }));
      }
      case 'heldOut':
        return this.heldOut(incident, after, limit);
      default:
        return assertNever(kind);
    }
  }

  private async heldOut(
    incident: Incident,
    after: number,
    limit: number,
  ): Promise<readonly Answer<z.ZodType<ShownMember>>[]> {
    const members = await this.holdOuts.list(this.database, incident.id, after, limit);
    const ids = members.map(({ customerId }) => customerId);
    const trusts = await this.holdOuts.trusts(this.database, incident.id, ids);
    return members.map(({ customerId, audience, share, channel, heldAt: addedAt }) => {
      const evidence = { audience: audience === 'at_risk' ? ('atRisk' as const) : audience, share, channel };
      return { customerId, kind: 'heldOut', evidence, trust: trusts.get(customerId) ?? 'claimed', addedAt };
    });
  }
}

import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { type AudienceKind } from '../../audience/audience.js';
import { CustomerDirectory } from '../../customers/public.js';
import { Incidents } from '../../incidents/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database, type Sql } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { HungUp } from '../../platform/http/hang-up.js';
import { type Answer, Answers, AnswersText } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery, rowId, rowUuid } from '../../platform/http/page.js';
import { wake } from '../../platform/stages/wake.js';
import { csvOf } from '../algorithm/dry-run.js';
import { type Campaign, type Message } from '../campaign.js';
import { campaignFacts, type CampaignReason, campaignWords, messageWords } from '../reasons.js';
import { CAMPAIGN_STATES, type CampaignState, DOUBT_ENDINGS } from '../states.js';
import {
  campaignPage,
  messagePage,
  previewAnswer,
  settledAnswer,
  takenOutAnswer,
  wholeCampaignAnswer,
} from './campaign.answers.js';
import { Approvals } from './approvals.service.js';
import { CampaignStore } from './campaign.store.js';
import { DryRuns } from './dry-run.service.js';
import { CampaignPreviews } from './preview.service.js';
import { TrustReadModel } from './trust.read-model.js';
import { SendCeilings } from '../limits/ceilings.service.js';
import { MessageStore } from '../messages/message.store.js';
import { MessageReadModel } from '../messages/message.read-model.js';

const listQuery = pageQuery.extend({ incident: z.string().optional(), state: z.enum(CAMPAIGN_STATES).optional() });
const messagesQuery = pageQuery.extend({ cursor: z.uuid().optional() });
const reasonBody = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }).optional();
const approveBody = z
  .strictObject({ version: z.string().max(40).optional(), reason: z.string().trim().min(1).max(500).optional() })
  .optional();
const directoryQuery = z.strictObject({ directory: z.string().max(63).optional() });
const verdictBody = z.strictObject({ sent: z.boolean() });

/** A change that a person asks for. */
interface PersonsChange {
  readonly from: readonly CampaignState[];
  readonly to: 'approved' | 'paused' | 'cancelled';
  readonly fact: 'campaign_resumed' | 'campaign_paused' | 'campaign_cancelled';
  readonly note: string | undefined;
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** `GET /v1/campaigns`, `/v1/campaigns/{id}`, `POST …/approve`, `…/undo`, `…/pause`, `…/resume`, `…/cancel`, `DELETE …/customers/{externalId}`, `GET …/messages`, `…/preview`, `…/preview.csv`; `POST /v1/messages/{id}/settle`. */
@Controller('v1')
export class CampaignsController {
  constructor(
    private readonly store: CampaignStore,
    private readonly messages: MessageStore,
    private readonly lists: MessageReadModel,
    private readonly previews: CampaignPreviews,
    private readonly approvals: Approvals,
    private readonly dryRuns: DryRuns,
    private readonly trust: TrustReadModel,
    private readonly ceilings: SendCeilings,
    private readonly incidents: Incidents,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('campaigns')
  @Needs('ops')
  @Answers('List campaigns, newest first', campaignPage)
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Answer<typeof campaignPage>> {
    const incidentId = query.incident === undefined ? undefined : rowId('incident', query.incident);
    const rows = await this.store.list(this.database, {
      incidentId,
      state: query.state,
      before: cursorId(query.cursor),
      limit: query.limit + 1,
    });
    return pageOf(rows, query.limit, (campaign) => campaign.id, shape);
  }

  @Get('campaigns/:id')
  @Needs('ops')
  @OfProject('campaign')
  @Answers('Show a campaign with its messages counted', wholeCampaignAnswer)
  async get(@Param('id') id: string): Promise<Answer<typeof wholeCampaignAnswer>> {
    const campaign = await this.one(id);
    return { ...shape(campaign), ...(await this.facts(campaign)) };
  }

  /** Lets a campaign go out that still is what the preview of this version showed. */
  @Post('campaigns/:id/approve')
  @Needs('ops')
  @OfProject('campaign')
  @HttpCode(200)
  @Answers('Let a campaign go out', wholeCampaignAnswer)
  async approve(
    @Param('id') id: string,
    @Body({ schema: approveBody }) body: z.output<typeof approveBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeCampaignAnswer>> {
    const word = { by: caller.name, note: body?.reason };
    await this.approvals.approve((await this.one(id)).id, body?.version, word, this.clock.now());
    return this.get(id);
  }

  /** Takes an approval back before its first message: for `outreach.undo` after it nothing goes out. Later, pause the campaign. */
  @Post('campaigns/:id/undo')
  @Needs('ops')
  @OfProject('campaign')
  @HttpCode(200)
  @Answers('Take an approval back before anything goes out', wholeCampaignAnswer)
  async undo(
    @Param('id') id: string,
    @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeCampaignAnswer>> {
    await this.approvals.undo((await this.one(id)).id, { by: caller.name, note: body?.reason }, this.clock.now());
    return this.get(id);
  }

  /** Takes one customer out, whose message then never goes out; no later wave of the incident takes them in again. */
  @Delete('campaigns/:id/customers/:externalId')
  @Needs('agent')
  @OfProject('campaign')
  @Answers('Take one customer out of a campaign', takenOutAnswer)
  async takeOut(
    @Param('id') id: string,
    @Param('externalId') externalId: string,
    @Query({ schema: directoryQuery }) { directory }: z.output<typeof directoryQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof takenOutAnswer>> {
    const campaign = await this.one(id);
    const customerId = await this.directory.findByExternalId(this.database, externalId, directory);
    const message = customerId && (await this.lists.ofCustomer(this.database, campaign.id, customerId));
    if (!customerId || !message) throw new Problem(404, 'not-found', 'This customer has no message in this campaign.');
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      if (!(await this.messages.takeOut(tx, campaign.id, customerId, now)))
        throw new Problem(409, 'conflict', `The message is ${message.state}, so it cannot be taken out any more.`);
      const fact = { kind: 'customer_taken_out', campaignId: id, messageId: message.id } as const;
      await this.incidents.append(tx, campaign.incidentId, caller.name, fact, now);
    });
    return { campaignId: id, messageId: message.id, state: 'cancelled', stateReason: 'taken_out' };
  }

  /** Takes a paused campaign up again; nobody was added to it meanwhile. */
  @Post('campaigns/:id/resume')
  @Needs('ops')
  @OfProject('campaign')
  @Answers('Take a paused campaign up again', wholeCampaignAnswer)
  @HttpCode(200)
  async resume(
    @Param('id') id: string,
    @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeCampaignAnswer>> {
    const change = { from: ['paused'], to: 'approved', fact: 'campaign_resumed', note: body?.reason } as const;
    return this.change(id, change, caller);
  }

  @Post('campaigns/:id/pause')
  @Needs('ops')
  @OfProject('campaign')
  @HttpCode(200)
  @Answers('Hold a campaign', wholeCampaignAnswer)
  async pause(
    @Param('id') id: string,
    @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeCampaignAnswer>> {
    return this.change(id, { from: ['approved'], to: 'paused', fact: 'campaign_paused', note: body?.reason }, caller);
  }

  /** Ends a campaign: what waits is never sent, and the incident gets no further waves. */
  @Post('campaigns/:id/cancel')
  @Needs('ops')
  @OfProject('campaign')
  @HttpCode(200)
  @Answers('End a campaign; what waits is never sent', wholeCampaignAnswer)
  async cancel(
    @Param('id') id: string,
    @Body({ schema: reasonBody }) body: z.output<typeof reasonBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof wholeCampaignAnswer>> {
    const from = ['awaiting_approval', 'approved', 'paused'] as const;
    return this.change(id, { from, to: 'cancelled', fact: 'campaign_cancelled', note: body?.reason }, caller);
  }

  /** A campaign's messages with the text that went out. */
  @Get('campaigns/:id/messages')
  @Needs('ops')
  @OfProject('campaign')
  @Answers('List the messages of a campaign', messagePage)
  async messagesOf(
    @Param('id') id: string,
    @Query({ schema: messagesQuery }) query: z.output<typeof messagesQuery>,
  ): Promise<Answer<typeof messagePage>> {
    const campaign = await this.one(id);
    const rows = await this.lists.ofCampaign(this.database, campaign.id, query.cursor ?? NIL, query.limit + 1);
    const names = await this.directory.externalIds(
      this.database,
      rows.flatMap((row) => row.customerId ?? []),
    );
    const items = rows.slice(0, query.limit).map((row) => shapeMessage(row, names));
    return { items, nextCursor: rows.length > query.limit ? (rows[query.limit - 1]?.id ?? null) : null };
  }

  /** Shows the messages that would be sent now, as some customers would read them, and the reasons of those that would not. */
  @Get('campaigns/:id/preview')
  @Needs('ops')
  @OfProject('campaign')
  @Answers('Show what would be sent now', previewAnswer)
  async preview(@Param('id') id: string, @HungUp() hungUp: AbortSignal): Promise<Answer<typeof previewAnswer>> {
    const database = this.database.until(hungUp);
    const campaign = await this.one(id, database);
    return {
      ...shape(campaign),
      version: await this.previews.version(database, campaign),
      ...(await this.facts(campaign, database)),
      limits: await this.ceilings.shown(database, this.clock.now()),
      drafts: await this.previews.drafts(database, campaign),
      samples: await this.previews.samples(database, campaign),
      dryRun: await this.dryRuns.summary(database, campaign),
    };
  }

  /** Every recipient with channel, language, decision, hour and cost, and with the reason of those who are left out. */
  @Get('campaigns/:id/preview.csv')
  @Needs('ops')
  @OfProject('campaign')
  @AnswersText('List every recipient of a campaign as CSV', 'text/csv')
  @Header('content-type', 'text/csv; charset=utf-8')
  async previewCsv(@Param('id') id: string, @HungUp() hungUp: AbortSignal): Promise<string> {
    const database = this.database.until(hungUp);
    return csvOf(await this.dryRuns.all(database, await this.one(id, database)));
  }

  /** A person's verdict on a message in doubt, after a look at the provider: it went out, or it did not and shall be sent. */
  @Post('messages/:id/settle')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Settle a message in doubt after a look at the provider', settledAnswer)
  async settle(
    @Param('id') id: string,
    @Body({ schema: verdictBody }) body: z.output<typeof verdictBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof settledAnswer>> {
    const message = await this.messages.find(this.database, rowUuid('message', id));
    if (!message) throw notFound('message', id.slice(0, 40));
    const now = this.clock.now();
    const ending = body.sent ? 'settled_sent' : 'settled_not_sent';
    await this.database.transaction(async (tx) => {
      if (!(await this.messages.endDoubt(tx, message, ending, now)))
        throw new Problem(409, 'conflict', `Message ${id} is ${message.state}, not in_doubt.`);
      const fact = { kind: 'message_settled', messageId: message.id, sent: body.sent } as const;
      await this.incidents.append(tx, message.incidentId, caller.name, fact, now);
    });
    return { id: message.id, state: DOUBT_ENDINGS[ending], stateReason: ending, stateWords: messageWords(ending) };
  }

  private async facts(campaign: Campaign, sql: Sql = this.database) {
    return {
      messages: await this.lists.summary(sql, campaign.id),
      trust: await this.trust.ofCampaign(sql, campaign.id),
    };
  }

  /** Changes a campaign as a person asked. */
  private async change(
    id: string,
    { from, to, fact, note }: PersonsChange,
    caller: Caller,
  ): Promise<Answer<typeof wholeCampaignAnswer>> {
    const campaign = await this.one(id);
    const now = this.clock.now();
    const reason: CampaignReason = { code: 'by_person', note: note ?? null };
    await this.database.transaction(async (tx) => {
      const pausedBy = to === 'paused' ? 'person' : undefined;
      if (!(await this.store.setState(tx, campaign.id, { from, to, reason, actor: caller.name, pausedBy }, now))) {
        throw new Problem(
          409,
          'conflict',
          `Campaign ${id} is ${campaign.state}; only ${from.join(' or ')} can become ${to}.`,
        );
      }
      if (to === 'cancelled')
        await this.messages.cancelPending(tx, { campaignId: campaign.id }, 'campaign_cancelled', now);
      const line = { kind: fact, ...campaignFacts(campaign.id, reason) };
      await this.incidents.append(tx, campaign.incidentId, caller.name, line, now);
      await wake(tx, 'dispatch');
    });
    return this.get(id);
  }

  private async one(id: string, sql: Sql = this.database): Promise<Campaign> {
    const campaign = await this.store.find(sql, rowId('campaign', id));
    if (!campaign) throw notFound('campaign', id);
    return campaign;
  }
}

/** Names an audience as the API does. */
function audienceName(kind: AudienceKind): 'affected' | 'atRisk' {
  return kind === 'at_risk' ? 'atRisk' : kind;
}

function shape({
  id,
  incidentId,
  audienceSeq,
  frozenSeq,
  frozenRest: _rest,
  asked: _asked,
  reason,
  audience,
  ...rest
}: Campaign) {
  const words = { stateReason: reason.code, stateWords: campaignWords(reason) };
  const planning = frozenSeq > audienceSeq && (rest.state === 'awaiting_approval' || rest.state === 'approved');
  return {
    id: String(id),
    incidentId: String(incidentId),
    audience: audienceName(audience),
    ...rest,
    planning,
    ...words,
  };
}

function shapeMessage(message: Message, names: ReadonlyMap<number, string>) {
  const {
    id,
    customerId,
    kind,
    audience,
    round,
    turn,
    leadId,
    channel,
    locale,
    state,
    stateReason,
    why,
    account,
    address,
    subject,
    body,
    gateway,
    providerId,
    providerCode,
    attempts,
    nextAt,
    sentAt,
  } = message;
  const customer = customerId === null ? null : { id: String(customerId), externalId: names.get(customerId) ?? null };
  return {
    id,
    customer,
    kind,
    audience: audienceName(audience),
    round,
    turn,
    mergedInto: leadId,
    channel,
    locale,
    state,
    stateReason,
    stateWords: messageWords(stateReason),
    why,
    account,
    address,
    subject,
    body,
    gateway,
    providerId,
    providerCode,
    attempts,
    nextAt,
    sentAt,
  };
}

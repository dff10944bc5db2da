import { Inject, Injectable } from '@nestjs/common';
import { Audiences } from '../../audience/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Projects } from '../../projects/project.registry.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { wake } from '../../platform/stages/wake.js';
import { othersOf, policiesFor } from '../algorithm/decide.js';
import { type CampaignKind } from '../campaign.js';
import { AccountContacts } from './account-contacts.service.js';
import { Approvals } from './approvals.service.js';
import { CampaignStore } from './campaign.store.js';
import { MessageStore } from '../messages/message.store.js';
import { ToldStore } from '../messages/told.store.js';
import { NewsForTold } from './news.service.js';
import { NoticeWaves, WaveChanged } from './notices.service.js';
import { Ramps } from './ramp.service.js';
import { POLICIES_CONFIG, type Policy } from '../policy.js';
import { campaignFacts } from '../reasons.js';

/**
 * Hours after which an approval that still waits is asked for anew, so that nobody approves what they saw half a shift ago. A judgement: at half of
 * it a person in a long meeting has to look twice, at double a whole shift may have passed.
 */
const ASK_AGAIN_HOURS = 4;
const HOUR_MS = 3_600_000;
/** Time after the end of an incident in which we look for customers who must hear that it is over. A judgement: two days. */
const RESOLVED_LOOKBACK_MS = 48 * 3_600_000;

/** Kinds of campaigns that say that there is a fault, and so stop at its end. */
const ABOUT_FAULT = ['notice', 'returned', 'update'] as const satisfies readonly CampaignKind[];

/**
 * DECIDE: makes campaigns of open incidents and plans their messages; when an incident ends, cancels what waits and
 * plans "fixed" for those who were told. Planning is idempotent by (incident, customer, kind).
 */
@Injectable()
export class CampaignStage implements Stage {
  readonly name = 'campaign';
  readonly pauseMs = 2000;
  readonly limitMs = 120_000;

  constructor(
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    private readonly incidents: Incidents,
    private readonly audiences: Audiences,
    private readonly projects: Projects,
    private readonly campaigns: CampaignStore,
    private readonly approvals: Approvals,
    private readonly messages: MessageStore,
    private readonly told: ToldStore,
    private readonly accounts: AccountContacts,
    private readonly ramps: Ramps,
    private readonly notices: NoticeWaves,
    private readonly news: NewsForTold,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    let worked = (await this.approveDue(database, now)) + (await this.askAgain(database, now));
    for (const incident of await this.incidents.open(database))
      worked += await this.locked(database, incident, now, (tx, policies) => this.notify(tx, incident, policies, now));
    for (const incident of await this.incidents.resolvedSince(
      database,
      new Date(now.getTime() - RESOLVED_LOOKBACK_MS),
    )) {
      worked += await this.locked(database, incident, now, (tx, policies) =>
        this.conclude(tx, incident, policies, now),
      );
    }
    worked += await this.ramps.advance(database, now);
    worked += await database.transaction((tx) => this.campaigns.finish(tx));
    if (worked > 0) await wake(database, 'dispatch');
    return { worked, more: worked >= this.notices.batch };
  }

  /** One process at a time plans an incident. */
  private async locked(
    database: Database,
    incident: Incident,
    now: Date,
    work: (tx: Tx, policies: readonly Policy[]) => Promise<number>,
  ): Promise<number> {
    const project = this.projects.find(incident.projectId)?.slug ?? '';
    const policies = policiesFor(this.policies, { ...incident, project });
    if (policies.length === 0) {
      await this.noteNoPolicy(database, incident, project, now);
      return 0;
    }
    try {
      return await database.transaction(async (tx) =>
        (await tx.tryLock(`campaign:${incident.id}`)) ? work(tx, policies) : 0,
      );
    } catch (error) {
      if (error instanceof WaveChanged) return 0;
      throw error;
    }
  }

  /** Says once in the timeline of an open incident that nobody is written to, and why. */
  private async noteNoPolicy(database: Database, incident: Incident, project: string, now: Date): Promise<void> {
    if (incident.status === 'resolved') return;
    const { severity, area } = incident;
    const words = `no policy matches project ${project}, severity ${severity}, area ${area ?? '(none)'}, so nobody is written to`;
    await database.transaction(async (tx) => {
      await this.incidents.appendNew(tx, incident.id, { kind: 'no_policy', words }, now);
      await this.campaigns.endSnapshotsBut(tx, incident.id, []);
    });
  }

  private async notify(tx: Tx, incident: Incident, policies: readonly Policy[], now: Date): Promise<number> {
    await this.withdrawEnd(tx, incident, now);
    if (await this.heldBack(tx, incident, now)) return 0;
    const drawing = policies.flatMap(({ holdOut }) => holdOut ?? []);
    if (drawing.length > 0 && drawing.every(({ neverFor }) => neverFor.includes(incident.severity)))
      await this.audiences.releaseHeldOut(tx, incident.id, now);
    let planned = await this.accounts.release(tx, incident, policies);
    for (const policy of policies)
      planned += await this.news.tellReturn(tx, incident, policy, othersOf(policies, policy), now);
    planned += await this.notices.plan(tx, incident, policies, now);
    for (const policy of policies) {
      planned += await this.news.tellUpdate(tx, incident, policy, othersOf(policies, policy), now);
      planned += await this.news.tryNextChannel(tx, incident, policy, now);
    }
    return planned;
  }

  /** The fault of an incident that ended is back: whoever was not yet told that it is over is not told so now. */
  private async withdrawEnd(tx: Tx, { previousIncidentId }: Incident, now: Date): Promise<void> {
    if (previousIncidentId === null) return;
    await this.messages.cancelPending(tx, { incidentId: previousIncidentId, kind: 'resolved' }, 'came_back', now);
  }

  /** Under a silence nothing is planned and approved notices wait; when it ends they go on. */
  private async heldBack(tx: Tx, incident: Incident, now: Date): Promise<boolean> {
    const silence = await this.incidents.silencedBy(tx, incident, now);
    if (!silence) {
      await this.campaigns.resumeSilenced(tx, incident.id);
      return false;
    }
    await this.incidents.noteSilenced(tx, silence, incident, now);
    await this.campaigns.pauseSilenced(tx, incident.id);
    return true;
  }

  private async conclude(tx: Tx, incident: Incident, policies: readonly Policy[], now: Date): Promise<number> {
    const family = [incident.id, ...incident.mergedIds];
    const waiting = await this.campaigns.waiting(tx, incident.id, ABOUT_FAULT);
    const tellEnd = policies.some(({ onResolve }) => onResolve);
    if (waiting.length === 0 && !(await this.told.needEnd(tx, family, tellEnd))) return 0;
    if (!(await this.incidents.conclude(tx, incident.id, now))) return 0;
    let worked = 0;
    for (const kind of ABOUT_FAULT)
      worked += await this.messages.cancelPending(tx, { incidentId: incident.id, kind }, 'resolved', now);
    for (const { id, state } of waiting) {
      const reason = { code: 'incident_ended' } as const;
      await this.campaigns.setState(tx, id, { from: [state], to: 'cancelled', reason, actor: 'forewarn' }, now);
    }
    for (const policy of policies) {
      worked += await this.news.tellEnd(tx, incident, policy, othersOf(policies, policy), now);
      worked += await this.news.tryNextChannel(tx, incident, policy, now);
    }
    return worked;
  }

  /** An approval that has waited for hours is asked for anew: what was looked at by then cannot be approved any more. */
  private async askAgain(database: Database, now: Date): Promise<number> {
    const before = new Date(now.getTime() - ASK_AGAIN_HOURS * HOUR_MS);
    return database.transaction(async (tx) => {
      const asked = await this.campaigns.askAgain(tx, before, ASK_AGAIN_HOURS, now);
      for (const { id, incidentId } of asked) {
        const facts = campaignFacts(id, { code: 'asked_again', hours: ASK_AGAIN_HOURS });
        await this.incidents.append(tx, incidentId, 'forewarn', { kind: 'campaign_asked_again', ...facts }, now);
      }
      return asked.length;
    });
  }

  private async approveDue(database: Database, now: Date): Promise<number> {
    const due = await this.campaigns.dueForApproval(database, now);
    for (const campaign of due) {
      const { id, incidentId } = campaign;
      await database.transaction(async (tx) => {
        const reason = { code: 'nobody_objected' } as const;
        const change = { from: ['awaiting_approval'], to: 'approved', reason, actor: 'policy' } as const;
        if (!(await this.campaigns.setState(tx, id, change, now))) return;
        await this.approvals.grant(tx, campaign, 'policy', now);
        const fact = { kind: 'campaign_approved', ...campaignFacts(id, reason) } as const;
        await this.incidents.append(tx, incidentId, 'forewarn', fact, now);
      });
    }
    return due.length;
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { type NumberedMember } from '../../audience/audience.js';
import { Audiences } from '../../audience/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Projects } from '../../projects/project.registry.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { wake } from '../../platform/stages/wake.js';
import { choosePolicy, decideApproval } from '../algorithm/decide.js';
import { CampaignStore } from './campaign.store.js';
import { MessageStore } from '../messages/message.store.js';
import { Planner } from './planner.service.js';
import { POLICIES_CONFIG, type Policy } from '../policy.js';
import { campaignFacts } from '../reasons.js';

/** Members planned in one transaction, and so in one wave. */
const BATCH = 5000;
const PAGE = 1000;
/** Between two waves of one incident: those hit meanwhile go out together. */
const WAVE_PAUSE_MS = 15_000;
/** How long after its end an incident is looked at for people who were told and must hear that it is over. */
const RESOLVED_LOOKBACK_MS = 48 * 3_600_000;

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
    private readonly messages: MessageStore,
    private readonly planner: Planner,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    let worked = await this.approveDue(database, now);
    for (const incident of await this.incidents.open(database))
      worked += await this.locked(database, incident, (tx, policy) => this.notify(tx, incident, policy, now));
    for (const incident of await this.incidents.resolvedSince(
      database,
      new Date(now.getTime() - RESOLVED_LOOKBACK_MS),
    )) {
      worked += await this.locked(database, incident, (tx, policy) => this.conclude(tx, incident, policy, now));
    }
    worked += await database.transaction((tx) => this.campaigns.finish(tx));
    if (worked > 0) await wake(database, 'dispatch');
    return { worked, more: false };
  }

  /** One process at a time plans an incident. */
  private async locked(
    database: Database,
    incident: Incident,
    work: (tx: Tx, policy: Policy) => Promise<number>,
  ): Promise<number> {
    const policy = choosePolicy(this.policies, this.projects.find(incident.projectId)?.slug ?? '', incident.severity);
    if (!policy) return 0;
    return database.transaction(async (tx) => ((await tx.tryLock(`campaign:${incident.id}`)) ? work(tx, policy) : 0));
  }

  private async notify(tx: Tx, incident: Incident, policy: Policy, now: Date): Promise<number> {
    await this.withdrawEnd(tx, incident, now);
    if (await this.heldBack(tx, incident, now)) return 0;
    const last = await this.campaigns.lastWave(tx, incident.id, 'notice');
    // A person's word on one wave holds for those after it.
    if (await this.campaigns.hasWaveIn(tx, incident.id, 'notice', ['cancelled', 'paused'])) return 0;
    const growing = last?.state === 'awaiting_approval';
    if (last && !growing && now.getTime() - last.createdAt.getTime() < WAVE_PAUSE_MS) return 0;
    const members = await this.newMembers(tx, incident.id, policy, last?.audienceSeq ?? 0);
    const newest = members.at(-1);
    if (!newest) return 0;
    const told = await this.messages.countNotices(tx, incident.id);
    const toldBefore = await this.messages.toldIn(
      tx,
      incident.mergedIds,
      members.map((one) => one.customerId),
    );
    const untold = members.filter((one) => !toldBefore.has(one.customerId));
    const decision = decideApproval(policy, told + members.length, now);
    const wave = (last?.wave ?? 0) + 1;
    const id =
      last && growing
        ? last.id
        : await this.campaigns.insert(
            tx,
            { incidentId: incident.id, policy: policy.name, kind: 'notice', wave },
            decision,
            now,
          );
    if (growing && decision.approveAfter === undefined) await this.campaigns.await(tx, id, decision);
    await this.campaigns.extend(tx, id, newest.seq);
    const planned = await this.planner.planNotices(
      tx,
      { campaignId: id, incidentId: incident.id, kind: 'notice' },
      policy,
      untold,
      now,
    );
    if (!growing)
      await this.incidents.append(
        tx,
        incident.id,
        'forewarn',
        {
          kind: 'campaign',
          wave,
          customers: planned,
          state: decision.state,
          ...campaignFacts(id, decision.reason),
        },
        now,
      );
    return planned;
  }

  /** Who came after the member numbered `seq`, `BATCH` at most; read in pages, since thousands of rows at once hold up this thread. */
  private async newMembers(tx: Tx, incidentId: number, { audience }: Policy, seq: number): Promise<NumberedMember[]> {
    const members: NumberedMember[] = [];
    while (members.length < BATCH) {
      const page = await this.audiences.after(tx, incidentId, audience, members.at(-1)?.seq ?? seq, PAGE);
      members.push(...page);
      if (page.length < PAGE) break;
    }
    return members;
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

  private async conclude(tx: Tx, incident: Incident, policy: Policy, now: Date): Promise<number> {
    const family = [incident.id, ...incident.mergedIds];
    const last = await this.campaigns.lastWave(tx, incident.id, 'notice');
    const waits = last?.state === 'awaiting_approval' || last?.state === 'paused';
    if (!waits && !(await this.messages.needEnd(tx, family, policy.onResolve))) return 0;
    if (!(await this.incidents.conclude(tx, incident.id, now))) return 0;
    const cancelled = await this.messages.cancelPending(
      tx,
      { incidentId: incident.id, kind: 'notice' },
      'resolved',
      now,
    );
    if (last && waits) {
      const reason = { code: 'incident_ended' } as const;
      const change = { from: [last.state], to: 'cancelled', reason, actor: 'forewarn' } as const;
      await this.campaigns.setState(tx, last.id, change, now);
    }
    if (!policy.onResolve) return cancelled;
    const told = await this.messages.toldWithoutResolved(tx, family, BATCH);
    if (told.length === 0) return cancelled;
    const before = await this.campaigns.lastWave(tx, incident.id, 'resolved');
    if (before?.state === 'cancelled') return cancelled;
    const reuse = before && before.state !== 'done';
    const decision = decideApproval({ ...policy, blastLimit: Number.MAX_SAFE_INTEGER }, told.length, now);
    const id = reuse
      ? before.id
      : await this.campaigns.insert(
          tx,
          { incidentId: incident.id, policy: policy.name, kind: 'resolved', wave: (before?.wave ?? 0) + 1 },
          decision,
          now,
        );
    await this.planner.planResolved(
      tx,
      { campaignId: id, incidentId: incident.id, kind: 'resolved' },
      policy,
      told,
      now,
    );
    return cancelled + told.length;
  }

  private async approveDue(database: Database, now: Date): Promise<number> {
    const due = await this.campaigns.dueForApproval(database, now);
    for (const { id, incidentId } of due) {
      await database.transaction(async (tx) => {
        const reason = { code: 'nobody_objected' } as const;
        const change = { from: ['awaiting_approval'], to: 'approved', reason, actor: 'policy' } as const;
        if (!(await this.campaigns.setState(tx, id, change, now))) return;
        const fact = { kind: 'campaign_approved', ...campaignFacts(id, reason) } as const;
        await this.incidents.append(tx, incidentId, 'forewarn', fact, now);
      });
    }
    return due.length;
  }
}

import { Injectable } from '@nestjs/common';
import { Audiences } from '../../audience/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Issues } from '../../issues/public.js';
import { type Tx } from '../../platform/db/database.js';
import {
  type ApprovalDecision,
  countsByItself,
  decideApproval,
  isLopsided,
  waitForPerson,
} from '../algorithm/decide.js';
import { ToldStore } from '../messages/told.store.js';
import { type Policy } from '../policy.js';
import { campaignFacts } from '../reasons.js';
import { CampaignStore } from './campaign.store.js';
import { Planner } from './planner.service.js';

/** Customers told in one transaction. */
const BATCH = 5000;
const PAGE = 1000;
/** Least time between two looks for customers of an incident to whom an update is due: they are told together. */
const UPDATE_PAUSE_MS = 60_000;
/** Incidents of which we remember when we looked last; beyond it we forget all and look again. */
const MOST_LOOKS = 10_000;

/**
 * What follows a notice: those who were told hear that we still work on it, that it is back, and that it is over, and what did not arrive is tried on the
 * next channel. Each is called under the lock of its incident, and is idempotent by (incident, customer, kind, round, turn).
 */
@Injectable()
export class NewsForTold {
  private readonly looks = new Map<string, number>();

  constructor(
    private readonly incidents: Incidents,
    private readonly audiences: Audiences,
    private readonly issues: Issues,
    private readonly campaigns: CampaignStore,
    private readonly told: ToldStore,
    private readonly planner: Planner,
  ) {}

  /** Tells those who were told, and have heard nothing for as long as the policy says, that we still work on it. */
  async tellUpdate(tx: Tx, incident: Incident, policy: Policy, others: readonly string[], now: Date): Promise<number> {
    if (!policy.updates || !this.mayLook(`${incident.id} ${policy.name}`, now)) return 0;
    const of = { incidentId: incident.id, kind: 'update', audience: 'affected', others } as const;
    if ((await this.campaigns.isStopped(tx, of)) || (await this.campaigns.isStopped(tx, { ...of, kind: 'notice' })))
      return 0;
    const { every, atMost } = policy.updates;
    const due = { others, since: new Date(now.getTime() - every), atMost };
    const told = await this.told.dueForUpdate(tx, [incident.id, ...incident.mergedIds], due, BATCH);
    if (told.length === 0) return 0;
    const { wave } = await this.campaigns.reached(tx, of);
    // It goes to exactly those who were told, and what they were told was approved.
    const decision: ApprovalDecision = { state: 'approved', reason: { code: 'goes_with_notice' } };
    const about = { ...of, policy: policy.name, wave: wave + 1, claimed: false };
    const id = await this.campaigns.insert(tx, about, decision, now);
    const customers = await this.planner.planNews(tx, { ...of, campaignId: id, incident }, policy, told, now);
    const facts = { wave: wave + 1, customers, state: decision.state, ...campaignFacts(id, decision.reason) };
    await this.incidents.append(tx, incident.id, 'forewarn', { kind: 'campaign', ...facts }, now);
    return customers;
  }

  /** Keeps looks that read many rows apart. */
  private mayLook(what: string, now: Date): boolean {
    if (now.getTime() - (this.looks.get(what) ?? 0) < UPDATE_PAUSE_MS) return false;
    if (this.looks.size >= MOST_LOOKS) this.looks.clear();
    this.looks.set(what, now.getTime());
    return true;
  }

  /**
   * Tells those who were told that the fault was fixed that it is back: an approval of theirs is no approval of these words, and where only claims
   * say that it is back a person decides.
   */
  async tellReturn(tx: Tx, incident: Incident, policy: Policy, others: readonly string[], now: Date): Promise<number> {
    const { id: incidentId, previousIncidentId } = incident;
    const of = { incidentId, kind: 'returned', audience: 'affected', others } as const;
    if (!policy.onReturn || previousIncidentId === null || (await this.campaigns.isStopped(tx, of))) return 0;
    const previous = await this.incidents.find(tx, previousIncidentId);
    const family = [previousIncidentId, ...(previous?.mergedIds ?? [])];
    const told = await this.told.toldEndOf(tx, family, [incidentId, ...incident.mergedIds], others, BATCH);
    if (told.length === 0) return 0;
    const hit = await this.audiences.after(tx, incidentId, 'affected', 0, PAGE);
    const believed = await this.believed(tx, incident, policy);
    const before = (await this.told.countNotices(tx, incidentId)) + (await this.campaigns.unplanned(tx, incidentId));
    const decision = hit.some(({ trust }) => countsByItself(believed, 'affected', trust))
      ? decideApproval(policy, before + told.length, now)
      : waitForPerson('affected', told.length);
    const { wave } = await this.campaigns.reached(tx, of);
    const about = { ...of, policy: policy.name, wave: wave + 1, claimed: false };
    const id = await this.campaigns.insert(tx, about, decision, now);
    if (policy.ramp?.[0] !== undefined) await this.campaigns.setShare(tx, id, policy.ramp[0], now);
    const customers = await this.planner.planNews(tx, { ...of, campaignId: id, incident }, policy, told, now);
    const facts = { wave: wave + 1, customers, state: decision.state, ...campaignFacts(id, decision.reason) };
    await this.incidents.append(tx, incidentId, 'forewarn', { kind: 'campaign', ...facts }, now);
    return customers;
  }

  /** Tells those who were told under a policy that it is over, once; returns how many. */
  async tellEnd(tx: Tx, incident: Incident, policy: Policy, others: readonly string[], now: Date): Promise<number> {
    if (!policy.onResolve) return 0;
    const told = await this.told.toldWithoutResolved(tx, [incident.id, ...incident.mergedIds], others, BATCH);
    if (told.length === 0) return 0;
    const of = { incidentId: incident.id, kind: 'resolved', audience: 'affected', others } as const;
    const before = await this.campaigns.lastWave(tx, of);
    if (before?.state === 'cancelled') return 0;
    const reuse = before && before.state !== 'done';
    // It goes to exactly those who were told, and what they were told was approved.
    const decision: ApprovalDecision = { state: 'approved', reason: { code: 'goes_with_notice' } };
    const id = reuse
      ? before.id
      : await this.campaigns.insert(
          tx,
          {
            ...of,
            policy: policy.name,
            wave: (before?.wave ?? 0) + 1,
            claimed: false,
          },
          decision,
          now,
        );
    await this.planner.planNews(tx, { ...of, campaignId: id, incident }, policy, told, now);
    return told.length;
  }

  /** Tries the next channel where a message did not arrive; the same customers, so with the approval of that message. */
  async tryNextChannel(tx: Tx, incident: Incident, policy: Policy, now: Date): Promise<number> {
    const { id, status } = incident;
    if (!policy.fallback) return 0;
    const sentBefore = new Date(now.getTime() - policy.fallback.after);
    const of = { incidentId: id, policy: policy.name, isOver: status === 'resolved' };
    const missed = await this.told.notArrived(tx, of, sentBefore, PAGE);
    if (missed.length === 0) return 0;
    const { customers, failed } = await this.planner.planNextChannel(tx, incident, policy, missed, now);
    const campaignIds = [...new Set(missed.map(({ campaignId }) => campaignId))];
    await this.campaigns.goOn(tx, campaignIds);
    const fact = {
      kind: 'next_channel',
      campaignIds: campaignIds.map(String),
      noReceipt: customers - failed,
      failed,
    } as const;
    if (customers > 0) await this.incidents.append(tx, id, 'forewarn', fact, now);
    return missed.length;
  }

  /** The policy with the trust that it has in this incident: no claims where one source makes unusually many. */
  async believed(tx: Tx, { issueIds }: Incident, policy: Policy): Promise<Policy> {
    if (!policy.trust.includes('claimed') || !isLopsided(await this.issues.evidence(tx, issueIds))) return policy;
    return { ...policy, trust: policy.trust.filter((one) => one !== 'claimed') };
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { type AtRiskMember, AUDIENCE_KINDS, type AudienceKind, type NumberedMember } from '../../audience/audience.js';
import { CustomerHealth } from '../../audience/health.service.js';
import { Audiences } from '../../audience/public.js';
import { CustomerDirectory } from '../../customers/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Issues } from '../../issues/public.js';
import { Projects } from '../../projects/project.registry.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { wake } from '../../platform/stages/wake.js';
import {
  type ApprovalDecision,
  asksHowMany,
  byGrant,
  countsByItself,
  decideApproval,
  isLopsided,
  type MatchableCustomer,
  othersOf,
  policiesFor,
  takesCustomer,
  waitForPerson,
} from '../algorithm/decide.js';
import { type Campaign, type CampaignKind } from '../campaign.js';
import { AccountContacts, type AccountContactsOfWave } from './account-contacts.service.js';
import { Approvals } from './approvals.service.js';
import { CampaignStore, type WavesOf } from './campaign.store.js';
import { GrantStore } from './grant.store.js';
import { MessageStore } from '../messages/message.store.js';
import { ToldStore } from '../messages/told.store.js';
import { MessageReadModel } from '../messages/message.read-model.js';
import { NewsForTold } from './news.service.js';
import { Planner } from './planner.service.js';
import { Ramps } from './ramp.service.js';
import { POLICIES_CONFIG, type Policy } from '../policy.js';
import { campaignFacts } from '../reasons.js';

/** Members planned in one transaction, and so in one wave. */
const BATCH = 5000;
const PAGE = 1000;
/** Between two waves of one incident: those hit meanwhile go out together. */
const WAVE_PAUSE_MS = 15_000;
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

/** A member of either audience with the number of the arrival. */
type NewMember = NumberedMember | AtRiskMember;

/** A policy's turn at an audience. */
interface Turn {
  readonly incident: Incident;
  readonly of: WavesOf;
  readonly asWritten: Policy;
  /** Policies before it that look at nobody now; whom they would take is left to them. */
  readonly before: readonly Policy[];
  /** The newest member whom all others before it have looked at. */
  readonly upTo: number;
  readonly now: Date;
}

/** Members that are added to one wave. */
interface Wave {
  readonly incident: Incident;
  readonly audience: AudienceKind;
  readonly policy: Policy;
  /** The last wave of its kind. */
  readonly last: Campaign | undefined;
  readonly claimed: boolean;
  /** The number that a new wave gets. */
  readonly number: number;
  readonly members: readonly NewMember[];
  /** Who is told in place of some of them. */
  readonly contacts: AccountContactsOfWave;
  /** The newest audience member that was looked at. */
  readonly seq: number;
  readonly now: Date;
}

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
    private readonly issues: Issues,
    private readonly health: CustomerHealth,
    private readonly directory: CustomerDirectory,
    private readonly projects: Projects,
    private readonly campaigns: CampaignStore,
    private readonly grants: GrantStore,
    private readonly approvals: Approvals,
    private readonly messages: MessageStore,
    private readonly told: ToldStore,
    private readonly lists: MessageReadModel,
    private readonly planner: Planner,
    private readonly accounts: AccountContacts,
    private readonly ramps: Ramps,
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
    return { worked, more: worked >= BATCH };
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
    return database.transaction(async (tx) => ((await tx.tryLock(`campaign:${incident.id}`)) ? work(tx, policies) : 0));
  }

  /** Says once in the timeline of an open incident that nobody is written to, and why. */
  private async noteNoPolicy(database: Database, incident: Incident, project: string, now: Date): Promise<void> {
    if (incident.status === 'resolved') return;
    const { severity, area } = incident;
    const words = `no policy matches project ${project}, severity ${severity}, area ${area ?? '(none)'}, so nobody is written to`;
    await database.transaction((tx) => this.incidents.appendNew(tx, incident.id, { kind: 'no_policy', words }, now));
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
    for (const audience of AUDIENCE_KINDS) planned += await this.notifyByTurns(tx, incident, audience, policies, now);
    for (const policy of policies) {
      planned += await this.news.tellUpdate(tx, incident, policy, othersOf(policies, policy), now);
      planned += await this.news.tryNextChannel(tx, incident, policy, now);
    }
    return planned;
  }

  /** Each policy in turn takes its customers out of those whom the policies before it have looked at and left. */
  private async notifyByTurns(
    tx: Tx,
    incident: Incident,
    audience: AudienceKind,
    policies: readonly Policy[],
    now: Date,
  ): Promise<number> {
    let planned = 0;
    const before: Policy[] = [];
    let upTo = Number.MAX_SAFE_INTEGER;
    for (const policy of policies) {
      const of = { incidentId: incident.id, kind: 'notice', audience, others: othersOf(policies, policy) } as const;
      // A person's word on one wave holds for those after it; on claims it holds for claims alone.
      const goesOn = policy.audience.includes(audience) && !(await this.campaigns.isStopped(tx, of));
      if (goesOn) {
        planned += await this.notifyAudience(tx, { incident, of, asWritten: policy, before, upTo, now });
        if (policies.length > 1) upTo = Math.min(upTo, (await this.campaigns.reached(tx, of)).audienceSeq);
      } else before.push(policy); // Its customers are left to it.
    }
    return planned;
  }

  private async notifyAudience(tx: Tx, turn: Turn): Promise<number> {
    const { incident, of, asWritten, now } = turn;
    const { audience, others } = of;
    const last = await this.campaigns.lastWave(tx, of);
    const claims = await this.campaigns.lastWave(tx, of, true);
    const reached = await this.campaigns.reached(tx, of);
    const arrived = (await this.newMembers(tx, incident.id, audience, reached.audienceSeq)).filter(
      ({ seq }) => seq <= turn.upTo,
    );
    const isYoung = last !== undefined && now.getTime() - last.createdAt.getTime() < WAVE_PAUSE_MS;
    if (isYoung && last.state !== 'awaiting_approval' && arrived.length < BATCH) return 0;
    const members = await this.own(tx, turn, arrived);
    const seq = arrived.at(-1)?.seq ?? reached.audienceSeq;
    if (seq > reached.audienceSeq)
      await this.campaigns.setReach(tx, { incidentId: incident.id, audience, policy: asWritten.name }, seq);
    const open = claims?.state === 'awaiting_approval' ? claims : undefined;
    // Of those at risk no claim counts by itself, so there is nothing to look for; nor where nobody is known by a claim alone.
    const hasClaims = open !== undefined || members.some(({ trust }) => trust === 'claimed');
    const policy = audience === 'affected' && hasClaims ? await this.news.believed(tx, incident, asWritten) : asWritten;
    const promotes = open && audience === 'affected';
    const proven = promotes ? await this.messages.countPromotable(tx, open.id, policy.trust) : 0;
    if (members.length === 0 && proven === 0) return 0;
    const counts = ({ trust }: NewMember) => countsByItself(policy, audience, trust);
    await this.makeRoom(
      tx,
      incident,
      asWritten,
      audience,
      audience === 'affected' ? members : members.filter(counts),
      now,
    );
    const told = await this.withoutHeldOut(tx, incident, policy, await this.untold(tx, incident, members), now);
    const [counting, claimed] = [told.filter(counts), told.filter((one) => !counts(one))];
    const wave = { incident, audience, policy, seq, now };
    let planned = 0;
    let number = reached.wave;
    if (counting.length + proven > 0 || claimed.length === 0) {
      // An approval is of the words that a person saw, and those to customers at risk are others.
      const grant = audience === 'affected' ? await this.grants.find(tx, incident.id, false, others) : undefined;
      const contacts = await this.accounts.choose(tx, incident, policy, idsOf(counting));
      const before = asksHowMany(policy, grant) ? await this.told.countNotices(tx, incident.id) : 0;
      const asked = before + contacts.countTold(idsOf(counting)) + proven;
      const decision = decideApproval(policy, asked, now, grant);
      const id = await this.addWave(
        tx,
        { ...wave, last, claimed: false, number: ++number, members: counting, contacts },
        decision,
      );
      planned += counting.length;
      if (open && proven > 0) await this.promote(tx, open, id, policy, now);
    }
    if (claimed.length > 0 && !(claims?.state === 'cancelled' && claims.reason.code === 'by_person')) {
      const waiting = open ? await this.lists.countWaiting(tx, open.id) : 0;
      const contacts = await this.accounts.choose(tx, incident, policy, idsOf(claimed));
      const decision = await this.decideClaims(tx, turn, waiting, contacts.countTold(idsOf(claimed)));
      const claim = { last: claims, claimed: true, number: number + 1, members: claimed, contacts };
      await this.addWave(tx, { ...wave, ...claim }, decision);
      planned += claimed.length;
    } else if (claims) await this.campaigns.extend(tx, claims.id, seq);
    return planned + proven;
  }

  /** Claims wait for a person, whose approval holds for later claims; not where one source makes unusually many. */
  private async decideClaims(
    tx: Tx,
    { incident: { id, issueIds }, of: { audience, others } }: Turn,
    waiting: number,
    added: number,
  ): Promise<ApprovalDecision> {
    const grant = audience === 'affected' ? await this.grants.find(tx, id, true, others) : undefined;
    if (!grant || isLopsided(await this.issues.evidence(tx, issueIds))) return waitForPerson(audience, waiting + added);
    return byGrant(grant, (await this.told.countNotices(tx, id, true)) + added);
  }

  /** Of those who arrived, whom a policy takes and no policy before it, which did not look at them yet, would take. */
  private async own(tx: Tx, { asWritten, before }: Turn, arrived: readonly NewMember[]): Promise<NewMember[]> {
    const choosers = [asWritten, ...before].filter(({ match }) => match.customers !== undefined);
    if (choosers.length === 0) return before.length === 0 ? [...arrived] : [];
    const facts = await this.factsOf(tx, arrived);
    return arrived.filter(({ customerId }) => {
      const customer = facts(customerId);
      return takesCustomer(asWritten, customer) && !before.some((one) => takesCustomer(one, customer));
    });
  }

  /** Reads what policies match customers by. */
  private async factsOf(tx: Tx, members: readonly NewMember[]): Promise<(customerId: number) => MatchableCustomer> {
    const ids = members.map(({ customerId }) => customerId);
    const bands = await this.health.bands(tx, ids);
    const attributes = await this.directory.attributes(tx, ids);
    return (customerId) => ({ health: bands.get(customerId), attributes: attributes.get(customerId) ?? {} });
  }

  /** Whoever waits among those at risk and was hit meanwhile, or is better known now, is planned anew, and told once all the same. */
  private async makeRoom(
    tx: Tx,
    { id }: Incident,
    policy: Policy,
    audience: AudienceKind,
    members: readonly NewMember[],
    now: Date,
  ): Promise<void> {
    const ids = idsOf(members);
    const contacts = audience === 'affected' ? await this.accounts.contactsOf(tx, policy, ids) : [];
    await this.messages.makeRoom(tx, id, [...ids, ...contacts], audience === 'at_risk');
    for (const { id: emptied } of await this.campaigns.emptied(tx, id)) {
      const reason = { code: 'evidence_trusted' } as const;
      const change = { from: ['awaiting_approval'], to: 'cancelled', reason, actor: 'forewarn' } as const;
      await this.campaigns.setState(tx, emptied, change, now);
    }
  }

  /** Leaves out whom chance holds out, and notes them. */
  private async withoutHeldOut(
    tx: Tx,
    incident: Incident,
    policy: Policy,
    members: readonly NewMember[],
    now: Date,
  ): Promise<readonly NewMember[]> {
    if (members.length === 0) return members;
    const { share, neverFor } = policy.holdOut ?? { share: 0, neverFor: [] };
    const drawn = neverFor.includes(incident.severity) ? 0 : share;
    const ids = members.map(({ customerId }) => customerId);
    const held = await this.audiences.drawHoldOut(tx, incident, ids, drawn);
    if (held.size === 0) return members;
    const out = members.filter(({ customerId }) => held.has(customerId));
    const noted = await this.planner.heldOut(tx, incident, policy, out, now);
    await this.audiences.holdOut(tx, incident.id, drawn, noted, now);
    return members.filter(({ customerId }) => !held.has(customerId));
  }

  /** Of these members, those without a message of this incident (who come again when better evidence does) or of one that became part of it. */
  private async untold(tx: Tx, incident: Incident, members: readonly NewMember[]): Promise<NewMember[]> {
    const ids = members.map((one) => one.customerId);
    const toldBefore = await this.told.toldIn(tx, [incident.id, ...incident.mergedIds], ids);
    return members.filter((one) => !toldBefore.has(one.customerId));
  }

  /** Adds members to the last wave while that still waits for approval, and begins a new one otherwise; returns the campaign. */
  private async addWave(tx: Tx, wave: Wave, decision: ApprovalDecision): Promise<number> {
    const { incident, audience, policy, last, claimed, members, now } = wave;
    // Under a lock, so that nobody is added to what a person approves in the same moment.
    const growing = last !== undefined && (await this.campaigns.lockIn(tx, last.id, ['awaiting_approval']));
    const of = { incidentId: incident.id, kind: 'notice', audience } as const;
    const about = { ...of, policy: policy.name, wave: wave.number, claimed };
    const id = growing ? last.id : await this.campaigns.insert(tx, about, decision, now);
    if (!growing && policy.ramp?.[0] !== undefined) await this.campaigns.setShare(tx, id, policy.ramp[0], now);
    if (growing && decision.approveAfter === undefined) await this.campaigns.await(tx, id, decision);
    await this.campaigns.extend(tx, id, wave.seq);
    const plan = { ...of, campaignId: id, incident };
    const customers = await this.planner.planNotices(tx, plan, policy, members, wave.contacts, now);
    const accounts = wave.contacts.facts(idsOf(members));
    if (accounts) {
      const fact = { kind: 'account_contacts', campaignId: String(id), ...accounts } as const;
      await this.incidents.append(tx, incident.id, 'forewarn', fact, now);
    }
    if (growing) return id;
    const facts = { wave: wave.number, customers, state: decision.state, ...campaignFacts(id, decision.reason) };
    await this.incidents.append(tx, incident.id, 'forewarn', { kind: 'campaign', ...facts }, now);
    return id;
  }

  /** Customers whom better evidence than a claim hits by now go with those who need no person. */
  private async promote(tx: Tx, from: Campaign, to: number, policy: Policy, now: Date): Promise<void> {
    await this.messages.promote(tx, from.id, to, policy.trust);
    if ((await this.lists.countWaiting(tx, from.id)) > 0) return;
    const reason = { code: 'evidence_trusted' } as const;
    const change = { from: [from.state], to: 'cancelled', reason, actor: 'forewarn' } as const;
    await this.campaigns.setState(tx, from.id, change, now);
  }

  /** Members who came after the one numbered `seq`, at most `BATCH`. Reads pages, since thousands of rows at once hold up this thread. */
  private async newMembers(tx: Tx, incidentId: number, audience: AudienceKind, seq: number): Promise<NewMember[]> {
    const members: NewMember[] = [];
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

function idsOf(members: readonly NewMember[]): number[] {
  return members.map(({ customerId }) => customerId);
}

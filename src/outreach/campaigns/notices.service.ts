import { Injectable } from '@nestjs/common';
import { type AtRiskMember, AUDIENCE_KINDS, type AudienceKind, type NumberedMember } from '../../audience/audience.js';
import { CustomerHealth } from '../../audience/health.service.js';
import { Audiences } from '../../audience/public.js';
import { CustomerDirectory } from '../../customers/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Issues } from '../../issues/public.js';
import { TRUSTS } from '../../projects/project-key.js';
import { type Tx } from '../../platform/db/database.js';
import {
  type ApprovalDecision,
  asksHowMany,
  byGrant,
  countsByItself,
  decideApproval,
  type Grant,
  isLopsided,
  type MatchableCustomer,
  othersOf,
  takesCustomer,
  waitForPerson,
} from '../algorithm/decide.js';
import { type Campaign } from '../campaign.js';
import { AccountContacts, type AccountContactsOfWave } from './account-contacts.service.js';
import { CampaignStore, type Going, type Snapshot, type WavesOf } from './campaign.store.js';
import { GrantStore } from './grant.store.js';
import { MessageStore } from '../messages/message.store.js';
import { ToldStore } from '../messages/told.store.js';
import { MessageReadModel } from '../messages/message.read-model.js';
import { NewsForTold } from './news.service.js';
import { Planner } from './planner.service.js';
import { type Policy } from '../policy.js';
import { campaignFacts } from '../reasons.js';

/** Members planned in one transaction; a wave of more is planned step by step. */
const BATCH = 5000;
const PAGE = 1000;
/** Between two waves of one incident: those hit meanwhile go out together. */
const WAVE_PAUSE_MS = 15_000;

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

/** A turn at those who arrived. */
interface Step extends Turn {
  /** The last wave of its kind, and the last one of claims. */
  readonly last: Campaign | undefined;
  readonly claims: Campaign | undefined;
  /** The last wave, where its snapshot is not planned to the end. */
  readonly begun: Campaign | undefined;
  /** The number of the last wave of the incident. */
  readonly number: number;
  readonly arrived: readonly NewMember[];
  /** The newest audience member that is looked at with this step. */
  readonly seq: number;
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
  /** True: these members belong to the snapshot of the last wave, which was approved with them. */
  readonly joins: boolean;
  /** The newest audience member that was looked at. */
  readonly seq: number;
  readonly snapshot: Snapshot;
  readonly now: Date;
}

/**
 * Writes to the audiences of an open incident: a wave is of everybody who is there when it begins, planned step by step, and those who come later are in
 * the next. It is called under the lock of its incident, and is idempotent by (incident, customer, kind).
 */
@Injectable()
export class NoticeWaves {
  /** See `BATCH`. */
  batch = BATCH;

  constructor(
    private readonly incidents: Incidents,
    private readonly audiences: Audiences,
    private readonly issues: Issues,
    private readonly health: CustomerHealth,
    private readonly directory: CustomerDirectory,
    private readonly campaigns: CampaignStore,
    private readonly grants: GrantStore,
    private readonly messages: MessageStore,
    private readonly told: ToldStore,
    private readonly lists: MessageReadModel,
    private readonly planner: Planner,
    private readonly accounts: AccountContacts,
    private readonly news: NewsForTold,
  ) {}

  /**
   * Plans the next step of each audience under each of these policies; returns how many customers.
   * @throws WaveChanged when somebody approved or stopped a wave meanwhile; then nothing of the transaction is to be kept
   */
  async plan(tx: Tx, incident: Incident, policies: readonly Policy[], now: Date): Promise<number> {
    const going = await this.goingOf(tx, incident, policies);
    await this.campaigns.endSnapshotsBut(tx, incident.id, going);
    let planned = 0;
    for (const audience of AUDIENCE_KINDS) {
      const names = going.filter((one) => one.audience === audience).map((one) => one.policy);
      planned += await this.planByTurns(tx, incident, audience, policies, new Set(names), now);
    }
    return planned;
  }

  /** The policies that write to an audience now. A person's word on one wave holds for those after it; on claims it holds for claims alone. */
  private async goingOf(tx: Tx, { id: incidentId }: Incident, policies: readonly Policy[]): Promise<Going[]> {
    const going: Going[] = [];
    for (const audience of AUDIENCE_KINDS) {
      for (const policy of policies) {
        const of = { incidentId, kind: 'notice', audience, others: othersOf(policies, policy) } as const;
        if (policy.audience.includes(audience) && !(await this.campaigns.isStopped(tx, of)))
          going.push({ policy: policy.name, audience });
      }
    }
    return going;
  }

  /** Each policy in turn takes its customers out of those whom the policies before it have looked at and left. */
  private async planByTurns(
    tx: Tx,
    incident: Incident,
    audience: AudienceKind,
    policies: readonly Policy[],
    going: ReadonlySet<string>,
    now: Date,
  ): Promise<number> {
    let planned = 0;
    const before: Policy[] = [];
    let upTo = Number.MAX_SAFE_INTEGER;
    for (const policy of policies) {
      const of = { incidentId: incident.id, kind: 'notice', audience, others: othersOf(policies, policy) } as const;
      if (going.has(policy.name)) {
        planned += await this.planAudience(tx, { incident, of, asWritten: policy, before, upTo, now });
        if (policies.length > 1) upTo = Math.min(upTo, (await this.campaigns.reached(tx, of)).audienceSeq);
      } else before.push(policy); // Its customers are left to it.
    }
    return planned;
  }

  private async planAudience(tx: Tx, turn: Turn): Promise<number> {
    const { incident, of, asWritten, now } = turn;
    const { audience } = of;
    const last = await this.campaigns.lastWave(tx, of);
    const claims = await this.campaigns.lastWave(tx, of, true);
    const reached = await this.campaigns.reached(tx, of);
    if (last && isStopped(last)) return 0; // Since it was asked who goes on.
    const begun = last && last.policy === asWritten.name && last.frozenSeq > reached.audienceSeq ? last : undefined;
    const goesOn = begun?.state === 'approved';
    const upTo = goesOn ? Math.min(turn.upTo, begun.frozenSeq) : turn.upTo;
    const arrived = (await this.newMembers(tx, incident.id, audience, reached.audienceSeq)).filter(
      (one) => one.seq <= upTo,
    );
    const isYoung = last !== undefined && now.getTime() - last.createdAt.getTime() < WAVE_PAUSE_MS;
    if (!goesOn && isYoung && last.state !== 'awaiting_approval' && arrived.length < this.batch) return 0;
    const seq = goesOn && arrived.length < this.batch ? upTo : (arrived.at(-1)?.seq ?? reached.audienceSeq);
    if (seq > reached.audienceSeq)
      await this.campaigns.setReach(tx, { incidentId: incident.id, audience, policy: asWritten.name }, seq);
    const planned = await this.planArrived(tx, { ...turn, last, claims, begun, number: reached.wave, arrived, seq });
    // Last of all, since it locks the wave, and whoever wants to stop it must not wait for the planning.
    const through = Math.min(arrived.length < this.batch ? upTo : seq, begun?.frozenSeq ?? 0);
    if (begun && through > begun.audienceSeq) {
      if (!(await this.campaigns.advance(tx, begun, through))) throw new WaveChanged();
    } else if (last?.state === 'approved' && planned > 0 && !(await this.campaigns.lockIn(tx, last.id, ['approved'])))
      throw new WaveChanged();
    return planned;
  }

  /** Plans those who arrived: in the waves that there are, or in new ones. */
  private async planArrived(tx: Tx, step: Step): Promise<number> {
    const { incident, of, asWritten, last, claims, begun, arrived, seq, now } = step;
    const { audience, others } = of;
    const goesOn = begun?.state === 'approved';
    const members = await this.own(tx, step, arrived);
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
    let { number } = step;
    if (counting.length + proven > 0 || claimed.length === 0) {
      // An approval is of the words that a person saw, and those to customers at risk are others.
      const grant = audience === 'affected' ? await this.grants.find(tx, incident.id, false, others) : undefined;
      const contacts = await this.accounts.choose(tx, incident, policy, idsOf(counting));
      const size = contacts.countTold(idsOf(counting)) + proven;
      const joins = goesOn && size <= begun.frozenRest && letsGoOn(policy, begun, now, grant);
      if (goesOn && !joins) await this.campaigns.endSnapshot(tx, begun.id);
      const asks = !joins && asksHowMany(policy, grant);
      const snapshot = begun ? restOf(begun, seq, size) : await this.freeze(tx, step, policy, arrived, asks);
      const before = asks ? await this.countTold(tx, incident.id, begun?.id) : 0;
      const decision = decideApproval(policy, before + size + snapshot.rest, now, grant);
      const added = { ...wave, last, joins, claimed: false, number: number + 1, members: counting, contacts, snapshot };
      const id = await this.addWave(tx, added, decision);
      if (id !== last?.id) number++;
      planned += counting.length;
      if (open && proven > 0) await this.promote(tx, open, id, policy, now);
    }
    if (claimed.length > 0 && !(claims?.state === 'cancelled' && claims.reason.code === 'by_person')) {
      const waiting = open ? await this.lists.countWaiting(tx, open.id) : 0;
      const contacts = await this.accounts.choose(tx, incident, policy, idsOf(claimed));
      const decision = await this.decideClaims(tx, step, waiting, contacts.countTold(idsOf(claimed)));
      const snapshot = { frozenSeq: seq, rest: 0 };
      const claim = { last: claims, claimed: true, number: number + 1, members: claimed, contacts, snapshot };
      await this.addWave(tx, { ...wave, ...claim, joins: false }, decision);
      planned += claimed.length;
    } else if (claims?.policy === asWritten.name) await this.campaigns.extend(tx, claims.id, seq);
    return planned + proven;
  }

  /** Counts the customers of an incident who are told of it, and those of other snapshots who are yet to be planned. */
  private async countTold(tx: Tx, incidentId: number, except?: number): Promise<number> {
    return (await this.told.countNotices(tx, incidentId)) + (await this.campaigns.unplanned(tx, incidentId, except));
  }

  /**
   * The snapshot of a wave with these members in front: everybody of the audience by now. Where it matters how many are written to and only planning
   * tells, it holds these members alone.
   */
  private async freeze(
    tx: Tx,
    { incident, of: { audience, others }, upTo }: Turn,
    policy: Policy,
    arrived: readonly NewMember[],
    asks: boolean,
  ): Promise<Snapshot> {
    const seq = arrived.at(-1)?.seq ?? 0;
    const takesEach = others.length === 0 && policy.match.customers === undefined && policy.accounts === 'each';
    if (arrived.length < this.batch || (asks && !takesEach)) return { frozenSeq: seq, rest: 0 };
    const trusts = TRUSTS.filter((trust) => countsByItself(policy, audience, trust));
    const { newest, count } = await this.audiences.beyond(tx, incident.id, audience, { seq, upTo, trusts });
    return { frozenSeq: newest, rest: takesEach ? count : 0 };
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

  /** Adds members to the last wave while that still waits for approval, or when they belong to its snapshot, and begins a new one otherwise; returns the campaign. */
  private async addWave(tx: Tx, wave: Wave, decision: ApprovalDecision): Promise<number> {
    const { incident, audience, policy, last, claimed, members, now } = wave;
    const isOwn = last?.policy === policy.name;
    const growing = last !== undefined && (wave.joins || (last.state === 'awaiting_approval' && (isOwn || claimed)));
    // Under a lock, so that nobody is added to what a person approves in the same moment.
    if (growing && !wave.joins && !(await this.campaigns.lockIn(tx, last.id, ['awaiting_approval'])))
      throw new WaveChanged();
    const of = { incidentId: incident.id, kind: 'notice', audience } as const;
    const about = { ...of, policy: policy.name, wave: wave.number, claimed };
    const id = growing ? last.id : await this.campaigns.insert(tx, about, decision, now);
    if (!growing && policy.ramp?.[0] !== undefined) await this.campaigns.setShare(tx, id, policy.ramp[0], now);
    if (growing && decision.state === 'awaiting_approval' && decision.approveAfter === undefined)
      await this.campaigns.await(tx, id, decision);
    const plan = { ...of, campaignId: id, incident };
    const customers = await this.planner.planNotices(tx, plan, policy, members, wave.contacts, now);
    // How far a wave of another policy goes says nothing about this one.
    if (!growing || isOwn) await this.campaigns.extend(tx, id, wave.seq, wave.snapshot);
    const accounts = wave.contacts.facts(idsOf(members));
    if (accounts) {
      const fact = { kind: 'account_contacts', campaignId: String(id), ...accounts } as const;
      await this.incidents.append(tx, incident.id, 'forewarn', fact, now);
    }
    if (growing) return id;
    const told = { wave: wave.number, customers: customers + wave.snapshot.rest, state: decision.state };
    const fact = { kind: 'campaign', ...told, ...campaignFacts(id, decision.reason) } as const;
    await this.incidents.append(tx, incident.id, 'forewarn', fact, now);
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

  /** Members who came after the one numbered `seq`, at most `batch`. Reads pages, since thousands of rows at once hold up this thread. */
  private async newMembers(tx: Tx, incidentId: number, audience: AudienceKind, seq: number): Promise<NewMember[]> {
    const members: NewMember[] = [];
    while (members.length < this.batch) {
      const limit = Math.min(PAGE, this.batch - members.length);
      const page = await this.audiences.after(tx, incidentId, audience, members.at(-1)?.seq ?? seq, limit);
      members.push(...page);
      if (page.length < limit) break;
    }
    return members;
  }
}

function idsOf(members: readonly NewMember[]): number[] {
  return members.map(({ customerId }) => customerId);
}

/** Whether a policy, and an approval that holds, still let the rest of a snapshot go out that was approved as a whole: both may be others by now. */
function letsGoOn(policy: Policy, { frozenRest }: Campaign, now: Date, grant: Grant | undefined): boolean {
  return decideApproval(policy, frozenRest, now, grant).state === 'approved';
}

/** What is left of a snapshot once those up to `seq` are planned, `size` of whom are written to. */
function restOf({ frozenSeq, frozenRest }: Campaign, seq: number, size: number): Snapshot {
  return { frozenSeq, rest: seq < frozenSeq ? Math.max(0, frozenRest - size) : 0 };
}

/** True of a wave that somebody, or a rule, paused or cancelled. */
function isStopped({ state, reason }: Campaign): boolean {
  return state === 'paused' || (state === 'cancelled' && reason.code !== 'evidence_trusted');
}

/** A wave was approved, paused or cancelled while this step planned for it. Nothing of the step is kept; the next one looks anew. */
export class WaveChanged extends Error {}

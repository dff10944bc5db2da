import { Injectable } from '@nestjs/common';
import { type Incident } from '../incidents/incident.js';
import { Issues } from '../issues/public.js';
import { type Sql, type Tx } from '../platform/db/database.js';
import { byCustomer, evidenceOf, trustIn } from './algorithm/evidence.js';
import { isHeldOut } from './algorithm/hold-out.v1.js';
import {
  type AtRiskMember,
  type AudienceKind,
  type Beyond,
  type HeldOut,
  type Member,
  type NumberedMember,
  type Stretch,
} from './audience.js';
import { HoldOutStore } from './hold-out/hold-out.store.js';
import { AudienceStore } from './affected/audience.store.js';
import { CausesStore } from './causes/causes.store.js';

/** Offers audiences to other rooms. */
@Injectable()
export class Audiences {
  constructor(
    private readonly store: AudienceStore,
    private readonly issues: Issues,
    private readonly causes: CausesStore,
    private readonly holdOuts: HoldOutStore,
  ) {}

  /** Lists members of a kind after the one numbered `seq`, in the order in which they came; at most `limit`. Who was hit is not at risk any more. */
  async after(
    sql: Sql,
    incidentId: number,
    kind: AudienceKind,
    seq: number,
    limit: number,
  ): Promise<(NumberedMember | AtRiskMember)[]> {
    if (kind === 'at_risk') return this.causes.atRisk(sql, incidentId, seq, limit);
    return this.store.after(sql, incidentId, seq, limit);
  }

  /** The newest member of a stretch of an audience, and how many it holds; one pass over their numbers. */
  async beyond(sql: Sql, incidentId: number, kind: AudienceKind, stretch: Stretch): Promise<Beyond> {
    if (kind === 'at_risk') return this.causes.beyond(sql, incidentId, stretch);
    return this.store.beyond(sql, incidentId, stretch);
  }

  /**
   * Picks whom chance holds out of an incident's outreach: always the same customers, and those who are held out of an incident that became part
   * of it.
   * @param share of the customers, 0 to 1
   */
  async drawHoldOut(
    tx: Tx,
    { id, mergedIds }: Pick<Incident, 'id' | 'mergedIds'>,
    customerIds: readonly number[],
    share: number,
  ): Promise<Set<number>> {
    const before = await this.holdOuts.among(tx, [id, ...mergedIds], customerIds);
    if (share === 0) return before;
    const secret = await this.holdOuts.secret(tx);
    const drawn = (customerId: number) => isHeldOut(secret, { incidentId: id, customerId }, share);
    return new Set(customerIds.filter((one) => before.has(one) || drawn(one)));
  }

  /** Notes who is held out, so that they can be compared with those who are told. */
  async holdOut(tx: Tx, incidentId: number, share: number, held: readonly HeldOut[], now: Date): Promise<void> {
    await this.holdOuts.add(tx, incidentId, share, held, now);
  }

  /** Lets all who are held out of an incident be told after all, as new arrivals; returns how many. */
  async releaseHeldOut(tx: Tx, incidentId: number, now: Date): Promise<number> {
    return this.holdOuts.release(tx, incidentId, now);
  }

  /** Lets these members of an incident's audiences count as new arrivals, so that stages which passed them over look again. */
  async arriveAgain(tx: Tx, incidentId: number, customerIds: readonly number[]): Promise<void> {
    await this.holdOuts.arriveAgain(tx, incidentId, customerIds);
  }

  /** Lists members by customer id after `after`, each with current evidence. */
  async list(sql: Sql, incident: Incident, after: number, limit: number): Promise<Member[]> {
    const members = await this.store.list(sql, incident.id, after, limit);
    const ids = members.map(({ customerId }) => customerId);
    const issueIds = await this.issues.singleFaults(sql, incident.issueIds);
    const hits = byCustomer(await this.issues.hitsOfCustomers(sql, issueIds, ids));
    return members.map((member) => {
      const own = hits.get(member.customerId);
      if (!own) return member;
      const evidence = evidenceOf(own);
      return { ...member, evidence, trust: trustIn(evidence) };
    });
  }

  /** True if anything of an incident hit a customer, as is known now. */
  async isHit(sql: Sql, { issueIds }: Pick<Incident, 'issueIds'>, customerId: number): Promise<boolean> {
    const single = await this.issues.singleFaults(sql, issueIds);
    return (await this.issues.hitsOfCustomers(sql, single, [customerId])).length > 0;
  }

  /** Finds what the affected of an incident share, the best cause by its traits; undefined where nothing is known to be shared. */
  async cause(sql: Sql, incidentId: number): Promise<Readonly<Record<string, string>> | undefined> {
    return (await this.causes.find(sql, incidentId))?.causes[0]?.cause;
  }
}

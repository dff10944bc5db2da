import { Injectable } from '@nestjs/common';
import { type Incident } from '../incidents/incident.js';
import { Issues } from '../issues/public.js';
import { type Sql } from '../platform/db/database.js';
import { byCustomer, evidenceOf, trustIn } from './algorithm/evidence.js';
import { type AudienceKind, type Member, type NumberedMember } from './audience.js';
import { AudienceStore } from './affected/audience.store.js';
import { CausesStore } from './causes/causes.store.js';

/** Offers audiences to other rooms. */
@Injectable()
export class Audiences {
  constructor(
    private readonly store: AudienceStore,
    private readonly issues: Issues,
    private readonly causes: CausesStore,
  ) {}

  /** Lists members of these kinds after the member numbered `seq`, in the order in which they came; at most `limit`. */
  async after(
    sql: Sql,
    incidentId: number,
    kinds: readonly AudienceKind[],
    seq: number,
    limit: number,
  ): Promise<NumberedMember[]> {
    return this.store.after(sql, incidentId, kinds, seq, limit);
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

  /** Finds what the affected of an incident share, the best cause by its traits; undefined where nothing is known to be shared. */
  async cause(sql: Sql, incidentId: number): Promise<Readonly<Record<string, string>> | undefined> {
    return (await this.causes.find(sql, incidentId))?.causes[0]?.cause;
  }
}

import { Injectable } from '@nestjs/common';
import { CustomerHealth } from '../../audience/health.service.js';
import { type HealthBand } from '../../audience/algorithm/health.v1.js';
import { type Customer } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { Explanations, type RenderedExplanation } from '../../explanations/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { type Sql } from '../../platform/db/database.js';
import { unresolvedOf, type Unresolved } from '../algorithm/unresolved.js';
import { type Contact, type HandOver } from '../contact.js';
import { HandOverStore } from '../hand-overs/hand-over.store.js';
import { ContactStore } from '../record/contact.store.js';
import {
  ContextReadModel,
  type HitOfIncident,
  type IssueOfCustomer,
  type MessageOfCustomer,
} from './context.read-model.js';

/** Time for which an incident that is over stays in the context; by judgement, not measured. */
const REMEMBERED_MS = 7 * 86_400_000;
/** Contacts that are shown, the newest. */
const CONTACTS = 20;

/** An incident of a customer with what may be said about it. */
export interface IncidentOfCustomer {
  readonly incident: Incident;
  readonly concern: 'hit' | 'atRisk' | 'contact';
  readonly evidence: HitOfIncident | null;
  readonly explanation: RenderedExplanation | undefined;
}

/** Everything that a person or a bot needs to know of a customer who makes contact. */
export interface CustomerContext {
  readonly customer: Customer | undefined;
  readonly incidents: readonly IncidentOfCustomer[];
  readonly issues: readonly IssueOfCustomer[];
  readonly messages: readonly MessageOfCustomer[];
  readonly contacts: readonly Contact[];
  readonly handOvers: readonly HandOver[];
  readonly unresolved: readonly Unresolved[];
  readonly health: HealthBand | undefined;
}

/** Gathers what is known of a customer. */
@Injectable()
export class CustomerContexts {
  constructor(
    private readonly directory: CustomerDirectory,
    private readonly incidents: Incidents,
    private readonly explanations: Explanations,
    private readonly contacts: ContactStore,
    private readonly handOvers: HandOverStore,
    private readonly facts: ContextReadModel,
    private readonly health: CustomerHealth,
  ) {}

  /** Gathers the context of a customer: incidents that are open or ended within a week, the newest issues, messages and contacts. */
  async of(sql: Sql, customerId: number, now: Date): Promise<CustomerContext> {
    const since = new Date(now.getTime() - REMEMBERED_MS);
    const [customer, facts, contacts, handOvers, open, over, bands] = await Promise.all([
      this.directory.show(sql, customerId),
      this.facts.of(sql, customerId, since),
      this.contacts.ofCustomer(sql, customerId),
      this.handOvers.ofCustomer(sql, customerId),
      this.incidents.open(sql),
      this.incidents.resolvedSince(sql, since),
      this.health.bands(sql, [customerId]),
    ]);
    const hits = new Map(facts.hits.map((one) => [one.incidentId, one]));
    const atRisk = new Set(facts.atRisk);
    const openIds = new Set(open.map(({ id }) => id));
    const asked = new Set(contacts.map(({ incidentId }) => incidentId));
    const own = [...open, ...over].filter(
      ({ id }) => hits.has(id) || (atRisk.has(id) && openIds.has(id)) || asked.has(id),
    );
    const locale = this.explanations.localeFor(customer?.locale);
    const texts = await this.explanations.forReader(sql, own, locale, customer?.timeZone ?? null);
    const incidents = own.map((incident): IncidentOfCustomer => {
      const evidence = hits.get(incident.id) ?? null;
      const concern = evidence ? 'hit' : atRisk.has(incident.id) ? 'atRisk' : 'contact';
      return { incident, concern, evidence, explanation: texts.get(incident.id) };
    });
    return {
      customer,
      incidents: incidents.toSorted((a, b) => Number(b.concern === 'hit') - Number(a.concern === 'hit')),
      issues: facts.issues,
      messages: facts.messages,
      contacts: contacts.slice(0, CONTACTS),
      handOvers,
      unresolved: unresolvedOf(contacts, handOvers, openIds, now),
      health: bands.get(customerId),
    };
  }
}

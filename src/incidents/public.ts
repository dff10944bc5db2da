import { Injectable } from '@nestjs/common';
import { Issues } from '../issues/public.js';
import { type Sql, type Tx } from '../platform/db/database.js';
import { wake } from '../platform/stages/wake.js';
import { type Incident } from './incident.js';
import { IncidentStore } from './lifecycle/incident.store.js';
import { type Silence } from './silences/silence.js';
import { SilenceStore } from './silences/silence.store.js';
import { Silences } from './silences/silences.service.js';
import { type TimelineFact } from './timeline.js';

/** End of an incident, as its timeline records it. */
export type IncidentEnd = Omit<Extract<TimelineFact, { readonly kind: 'resolved' }>, 'kind'>;

/** Offers incidents to other rooms. */
@Injectable()
export class Incidents {
  constructor(
    private readonly store: IncidentStore,
    private readonly issues: Issues,
    private readonly silences: Silences,
    private readonly silenceStore: SilenceStore,
  ) {}

  /** Finds an incident; undefined if there is none. */
  async find(sql: Sql, id: number): Promise<Incident | undefined> {
    return this.store.find(sql, id);
  }

  /** Lists all incidents that are not resolved, oldest first. */
  async open(sql: Sql): Promise<Incident[]> {
    return this.store.open(sql);
  }

  /** Lists the incidents that ended after `since`, oldest first, without those merged into another. */
  async resolvedSince(sql: Sql, since: Date): Promise<Incident[]> {
    return (await this.store.resolvedSince(sql, since)).filter(({ resolution }) => resolution !== 'merged');
  }

  /** Appends to an incident's history. */
  async append(tx: Tx, incidentId: number, actor: string, fact: TimelineFact, now: Date): Promise<void> {
    await this.store.append(tx, incidentId, actor, [fact], now);
  }

  /** Appends to an incident's history what does not stand there yet, word for word. */
  async appendNew(tx: Tx, incidentId: number, fact: TimelineFact, now: Date): Promise<void> {
    await this.store.appendNew(tx, incidentId, 'forewarn', fact, now);
  }

  /** Ends an incident and wakes the stage that tells customers; has no effect on an ended one. */
  async resolve(tx: Tx, id: number, actor: string, end: IncidentEnd, now: Date): Promise<void> {
    if (!(await this.store.resolve(tx, id, end.resolution, now))) return;
    await this.store.append(tx, id, actor, [{ kind: 'resolved', ...end }], now);
    await wake(tx, 'campaign', 'alertmanager-push');
  }

  /**
   * Notes that the end of an incident reaches its customers now; from here on the same fault opens a new incident.
   * False if it was reopened first, and nobody may be told that it is over.
   */
  async conclude(tx: Tx, id: number, now: Date): Promise<boolean> {
    return this.store.conclude(tx, id, now);
  }

  /**
   * Finds the silence that holds outreach about an incident back: it covers the incident, or each of its issues.
   * Undefined if none does.
   */
  async silencedBy(sql: Sql, incident: Incident, now: Date): Promise<Silence | undefined> {
    const active = await this.silences.active(sql, now);
    if (active.length === 0) return undefined;
    const issues = await this.issues.find(sql, incident.issueIds);
    const { projectId, area } = incident;
    if (issues.length === 0) return this.silences.over(active, [{ projectId, issueId: null, services: [], area }]);
    const all = issues.map(({ id, service }) => ({ projectId, issueId: id, services: service ? [service] : [], area }));
    return this.silences.over(active, all);
  }

  /** Notes on a silence that it held back outreach about an incident. */
  async noteSilenced(sql: Sql, silence: Silence, incident: Incident, now: Date): Promise<void> {
    const words = `outreach about incident ${incident.id}: ${incident.title}`;
    await this.silenceStore.note(sql, silence.id, { what: 'outreach', ref: `incident:${incident.id}`, words }, now);
  }

  /**
   * Notes that a provider took a message about these incidents; returns those of which it was the first, with when the first customer was hit.
   */
  async noteFirstMessage(tx: Tx, ids: readonly number[], now: Date): Promise<{ projectId: number; startedAt: Date }[]> {
    return this.store.noteFirstMessage(tx, ids, now);
  }

  /** Counts open incidents by project slug and severity. */
  async countOpen(sql: Sql): Promise<{ project: string; severity: string; count: number }[]> {
    return this.store.countOpen(sql);
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';
import { wake } from '../platform/stages/wake.js';
import { type Incident, type Resolution } from './incident.js';
import { IncidentStore } from './incident.store.js';

/** Incidents: what other folders may ask and say. */
@Injectable()
export class Incidents {
  constructor(private readonly store: IncidentStore) {}

  /** One incident, undefined when there is none. */
  async find(sql: Sql, id: number): Promise<Incident | undefined> {
    return this.store.find(sql, id);
  }

  /** All incidents that are not resolved, oldest first. */
  async open(sql: Sql): Promise<Incident[]> {
    return this.store.open(sql);
  }

  /** Incidents that ended after `since`, oldest first. */
  async resolvedSince(sql: Sql, since: Date): Promise<Incident[]> {
    return this.store.resolvedSince(sql, since);
  }

  /** Appends to an incident's history. */
  async append(
    tx: Tx,
    incidentId: number,
    kind: string,
    actor: string,
    details: Record<string, unknown>,
    now: Date,
  ): Promise<void> {
    await this.store.append(tx, incidentId, kind, actor, details, now);
  }

  /** Ends an incident and wakes those who tell the customers; without effect on one that had ended. */
  async resolve(tx: Tx, id: number, resolution: Resolution, actor: string, now: Date): Promise<void> {
    if (!(await this.store.resolve(tx, id, resolution, now))) return;
    await this.store.append(tx, id, 'resolved', actor, { resolution }, now);
    await wake(tx, 'campaign');
  }

  /** Open incidents by project slug and severity. */
  async countOpen(sql: Sql): Promise<{ project: string; severity: string; count: number }[]> {
    return this.store.countOpen(sql);
  }
}

import { Injectable } from '@nestjs/common';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { findCauses, LEAST_AFFECTED } from '../algorithm/causes.v1.js';
import { codeCustomers } from './code-customers.js';
import { type ActiveCustomer, CausesStore, type CustomerTraitsRow } from './causes.store.js';
import { stateAtRisk, stateCause } from './stated.js';

const MINUTE = 60_000;
/** Who was seen within this time counts as active, and longer ago where the incident is older. Half of it misses whole time zones, double counts who has gone. */
const ACTIVE_MS = 24 * 60 * MINUTE;
/** Active customers that one look compares, those seen last. By judgement: memory and time grow with it and were not measured. */
const MOST_ACTIVE = 200_000;
const PAGE = 2000;

/** WHO IS NEXT: finds what the affected of each open incident share and who else has it, again when more are affected, at most once a minute. */
@Injectable()
export class CausesStage implements Stage {
  readonly name = 'causes';
  readonly pauseMs = 5000;
  readonly limitMs = 300_000;

  constructor(
    private readonly incidents: Incidents,
    private readonly store: CausesStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    let worked = 0;
    for (const incident of await this.incidents.open(database)) worked += await this.look(database, incident, now);
    return { worked, more: false };
  }

  private async look(database: Database, incident: Incident, now: Date): Promise<number> {
    const affected = await this.store.affected(database, incident.id);
    const before = await this.store.find(database, incident.id);
    if (affected < LEAST_AFFECTED || before?.affected === affected) return 0;
    if (before && now.getTime() - before.computedAt.getTime() < MINUTE) return 0;
    const since = new Date(Math.min(incident.startedAt.getTime(), now.getTime() - ACTIVE_MS));
    const about = { projectId: incident.projectId, incidentId: incident.id, since };
    const active = await this.store.active(database, about, MOST_ACTIVE);
    const known = await this.traitsOf(database, incident.projectId, active);
    const hit = Uint8Array.from(active, (one) => (one.hit ? 1 : 0));
    const { causes, atRisk } = findCauses({ rows: codeCustomers(active, known), hit });
    const next = [...(atRisk?.customers ?? [])].flatMap((row) => active[row]?.id ?? []);
    const others = active.filter((one) => !one.hit).length - next.length;
    return database.transaction(async (tx) => {
      if (!(await tx.tryLock(`causes:${incident.id}`))) return 0;
      const found = { affected, causes: causes.map(stateCause), atRisk: stateAtRisk(atRisk), others };
      await this.store.save(tx, incident.id, found, now);
      await this.store.replaceAtRisk(tx, incident.id, next, atRisk?.expectedHitRate ?? 0, now);
      return 1;
    });
  }

  private async traitsOf(database: Database, projectId: number, active: readonly ActiveCustomer[]) {
    const known = new Map<number, CustomerTraitsRow>();
    for (let at = 0; at < active.length; at += PAGE) {
      const ids = active.slice(at, at + PAGE).map(({ id }) => id);
      for (const row of await this.store.traits(database, projectId, ids)) known.set(row.id, row);
    }
    return known;
  }
}

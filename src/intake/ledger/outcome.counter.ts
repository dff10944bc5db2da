import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { LedgerStore, type OutcomeCount } from './ledger.store.js';
import { type Outcome } from '../outcome.js';
import { Projects } from '../../projects/project.registry.js';

const MINUTE = 60_000;

/**
 * Counts how inputs ended. What digest commits is counted in its own transaction; the rest is gathered here and
 * written every few seconds, so that refusing garbage costs no write a request.
 */
@Injectable()
export class OutcomeCounter implements Stage {
  readonly name = 'outcome-flush';
  readonly pauseMs = 2000;
  readonly limitMs = 60_000;
  private gathered = new Map<string, number>();
  private readonly metric;
  private readonly nobody;

  constructor(
    private readonly store: LedgerStore,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly projects: Projects,
    metrics: Metrics,
  ) {
    this.metric = metrics.counter('intake_events_total', 'Inputs by the one outcome in which each ended.', [
      'project',
      'outcome',
    ]);
    this.nobody = metrics.counter('intake_nobody_events_total', 'Accepted events that name no customer.', ['project']);
  }

  /** Counts inputs that digest does not count. */
  count(projectId: number, outcome: Outcome, count = 1): void {
    const minute = Math.floor(this.clock.now().getTime() / MINUTE) * MINUTE;
    const key = `${projectId} ${minute} ${outcome}`;
    this.gathered.set(key, (this.gathered.get(key) ?? 0) + count);
    this.observe(projectId, outcome, count);
  }

  /** Shows in the metrics what digest has committed; `nobody` of them named no customer. */
  observe(projectId: number, outcome: Outcome, count: number, nobody = 0): void {
    const project = this.projects.find(projectId)?.slug ?? 'unknown';
    this.metric.inc({ project, outcome }, count);
    if (nobody > 0) this.nobody.inc({ project }, nobody);
  }

  async runOnce(): Promise<StageResult> {
    if (this.gathered.size === 0) return IDLE;
    const taken = this.gathered;
    this.gathered = new Map();
    try {
      await this.store.countOutcomes(this.database, [...taken].map(countOf));
    } catch (error) {
      for (const [key, count] of taken) this.gathered.set(key, (this.gathered.get(key) ?? 0) + count);
      throw error;
    }
    return { worked: taken.size, more: false };
  }
}

function countOf([key, count]: [string, number]): OutcomeCount {
  const [projectId, minute, outcome] = key.split(' ');
  return { projectId: Number(projectId), minute: new Date(Number(minute)), outcome: outcome as Outcome, count };
}

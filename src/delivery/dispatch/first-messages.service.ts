import { Injectable } from '@nestjs/common';
import { Incidents } from '../../incidents/public.js';
import { type Tx } from '../../platform/db/database.js';
import { Metrics } from '../../platform/metrics.js';
import { recentMap } from '../../platform/recent-map.js';
import { Projects } from '../../projects/project.registry.js';

/** Bounds of the histogram, seconds: half a minute, the minutes in which customers begin to ask, and the hours in which all have. */
const SECONDS = [30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400];
/** Incidents remembered as told: more than are ever open at once. */
const REMEMBERED = 1000;

/**
 * Measures for each incident, once, how long it took from the first customer hit until a provider took the first message about it: how well this
 * product does its job.
 */
@Injectable()
export class FirstMessages {
  private readonly told = recentMap<number, true>(REMEMBERED);
  private readonly seconds;

  constructor(
    private readonly incidents: Incidents,
    private readonly projects: Projects,
    metrics: Metrics,
  ) {
    this.seconds = metrics.histogram(
      'first_message_seconds',
      'Time from the first customer hit by an incident until a provider took the first message about it.',
      ['project'],
      SECONDS,
    );
  }

  /** Takes note that a provider took messages about these incidents. Any number of processes may: the first counts. */
  async note(tx: Tx, incidentIds: readonly number[], now: Date): Promise<void> {
    const fresh = [...new Set(incidentIds)].filter((id) => !this.told.has(id));
    if (fresh.length === 0) return;
    const first = await this.incidents.noteFirstMessage(tx, fresh, now);
    tx.afterCommit(() => {
      for (const id of fresh) this.told.set(id, true);
      for (const { projectId, startedAt } of first) {
        const project = this.projects.find(projectId)?.slug ?? '';
        this.seconds.observe({ project }, Math.max(0, now.getTime() - startedAt.getTime()) / 1000);
      }
    });
  }
}

import { Injectable } from '@nestjs/common';
import { Incidents } from '../../incidents/public.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { Projects } from '../../projects/project.registry.js';
import { ANSWER_DAYS, readAnswerId } from '../algorithm/answer-id.js';
import { Boards } from '../answers/boards.service.js';
import { type Outcome } from './outcome.js';
import { OutcomeStore } from './outcome.store.js';

/** Takes what became of answers. */
@Injectable()
export class Outcomes {
  constructor(
    private readonly boards: Boards,
    private readonly incidents: Incidents,
    private readonly projects: Projects,
    private readonly store: OutcomeStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Notes an outcome; the same one again changes nothing, another one replaces it.
   * @param project slug of the one project whose answers the caller may report on
   * @throws Problem 404 for an id that we did not give, 410 for one that is too old
   */
  async report(answerId: string, outcome: Outcome, by: string, project?: string): Promise<{ incidentId: string }> {
    const now = this.clock.now();
    const ref = readAnswerId(answerId, (await this.boards.now()).key, now);
    if (ref === 'old') throw new Problem(410, 'too-old', `This answer is more than ${ANSWER_DAYS} days old.`);
    const incident = ref === 'unknown' ? undefined : await this.incidents.find(this.database, ref.incidentId);
    if (ref === 'unknown' || !incident) throw notFound('answer', answerId.slice(0, 40));
    if (project !== undefined && this.projects.named(project).id !== incident.projectId)
      throw notFound('answer', answerId.slice(0, 40));
    const answer = answerId.slice(0, answerId.lastIndexOf('.'));
    await this.database.transaction((tx) => this.store.report(tx, { ...ref, answer, outcome, reportedBy: by }, now));
    return { incidentId: String(incident.id) };
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';
import { type DetectionRow } from './detection.js';
import { DetectionStore } from './detect/detection.store.js';
import { type ActiveMinute } from './detect/project-watch.js';
import { type IssueMinute } from './series.js';
import { SeriesReadModel } from './read/series.read-model.js';

/** Verdicts for the step that acts on them, and the counts that they rest on. */
@Injectable()
export class Detections {
  constructor(
    private readonly store: DetectionStore,
    private readonly series: SeriesReadModel,
  ) {}

  /** Projects with verdicts to act on. */
  async projectsWaiting(sql: Sql, now: Date): Promise<number[]> {
    return this.store.projectsWaiting(sql, now);
  }

  /** Takes a project's verdicts that nobody has acted on; they come again unless the transaction commits after `markHandled`. */
  async claim(tx: Tx, projectId: number, now: Date, limit: number): Promise<DetectionRow[]> {
    return this.store.claim(tx, projectId, now, limit);
  }

  /** Marks verdicts as acted on, with the incident that they belong to, if any. */
  async markHandled(tx: Tx, ids: readonly number[], incidentId: number | null, now: Date): Promise<void> {
    await this.store.markHandled(tx, ids, incidentId, now);
  }

  /** Holds verdicts back until a silence ends. */
  async silence(tx: Tx, ids: readonly number[], by: string, until: Date): Promise<void> {
    await this.store.silence(tx, ids, by, until);
  }

  /** Lets verdicts go that a silence held back, since it ended early. */
  async release(tx: Tx, silence: string, now: Date): Promise<void> {
    await this.store.release(tx, silence, now);
  }

  /** The verdicts of these incidents, oldest first. */
  async ofIncidents(sql: Sql, incidentIds: readonly number[]): Promise<DetectionRow[]> {
    return this.store.ofIncidents(sql, incidentIds);
  }

  /** Moves an incident's verdicts to another one, or out of it: all, or those of one issue. */
  async move(tx: Tx, from: number, to: number | null, issueId?: number): Promise<void> {
    await this.store.move(tx, from, to, issueId);
  }

  /** Minutes with hits of a project's errors, `from` to before `to` (epoch minutes), in order of time. */
  async rows(sql: Sql, projectId: number, from: number, to: number, most?: number): Promise<IssueMinute[]> {
    return this.series.rows(sql, projectId, from, to, most);
  }

  /** The first minute (epoch minutes) in which something of a project was counted and is still kept, undefined when there is none. */
  async firstMinute(sql: Sql, projectId: number): Promise<number | undefined> {
    return this.series.firstMinute(sql, projectId, 0);
  }

  /** How busy a project was in each of these minutes; minutes in which nothing came before `watchedSince` are gaps. */
  async activity(sql: Sql, projectId: number, from: number, to: number, watchedSince: number): Promise<ActiveMinute[]> {
    return this.series.activity(sql, projectId, from, to, watchedSince);
  }
}

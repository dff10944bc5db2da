import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';
import { type DetectionRow } from './detection.js';
import { DetectionStore } from './detect/detection.store.js';
import { type ActiveMinute } from './detect/project-watch.js';
import { type IssueMinute } from './series.js';
import { SeriesReadModel } from './read/series.read-model.js';

/** Offers verdicts to the step that acts on them, and the counts behind them. */
@Injectable()
export class Detections {
  constructor(
    private readonly store: DetectionStore,
    private readonly series: SeriesReadModel,
  ) {}

  /** Lists the projects with verdicts to act on. */
  async projectsWaiting(sql: Sql, now: Date): Promise<number[]> {
    return this.store.projectsWaiting(sql, now);
  }

  /**
   * Claims a project's verdicts that nobody has acted on. They come again unless the transaction commits after
   * `markHandled`.
   */
  async claim(tx: Tx, projectId: number, now: Date, limit: number): Promise<DetectionRow[]> {
    return this.store.claim(tx, projectId, now, limit);
  }

  /** Takes a verdict that another room reached on what its customers say. */
  async report(
    tx: Tx,
    verdict: Pick<DetectionRow, 'projectId' | 'issueId' | 'series' | 'kind' | 'since' | 'detectedAt' | 'evidence'>,
  ): Promise<void> {
    await this.store.insert(tx, verdict);
  }

  /** Marks verdicts as acted on, and names their incident, if any. */
  async markHandled(tx: Tx, ids: readonly number[], incidentId: number | null, now: Date): Promise<void> {
    await this.store.markHandled(tx, ids, incidentId, now);
  }

  /** Holds verdicts back until a silence ends. */
  async silence(tx: Tx, ids: readonly number[], by: string, until: Date): Promise<void> {
    await this.store.silence(tx, ids, by, until);
  }

  /** Releases verdicts that a silence held back, since it ended early. */
  async release(tx: Tx, silence: string, now: Date): Promise<void> {
    await this.store.release(tx, silence, now);
  }

  /** Lists the verdicts of these incidents, oldest first. */
  async ofIncidents(sql: Sql, incidentIds: readonly number[]): Promise<DetectionRow[]> {
    return this.store.ofIncidents(sql, incidentIds);
  }

  /** Moves an incident's verdicts to another one, or out of it: all of them, or those of one issue. */
  async move(tx: Tx, from: number, to: number | null, issueId?: number): Promise<void> {
    await this.store.move(tx, from, to, issueId);
  }

  /**
   * Reads the minutes in which errors hit a project's customers, from `from` to before `to` (epoch minutes), in order
   * of time.
   */
  async rows(sql: Sql, projectId: number, from: number, to: number, most?: number): Promise<IssueMinute[]> {
    return this.series.rows(sql, projectId, from, to, most);
  }

  /** Finds the first epoch minute with a stored count of a project; undefined if there is none. */
  async firstMinute(sql: Sql, projectId: number): Promise<number | undefined> {
    return this.series.firstMinute(sql, projectId, 0);
  }

  /**
   * Reads the activity of a project in each of these minutes. A minute without any events before `watchedSince` is a
   * gap.
   */
  async activity(sql: Sql, projectId: number, from: number, to: number, watchedSince: number): Promise<ActiveMinute[]> {
    return this.series.activity(sql, projectId, from, to, watchedSince);
  }
}

import { Injectable } from '@nestjs/common';
import { Detections } from '../detection/public.js';
import { Issues } from '../issues/public.js';
import { Database } from '../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../platform/stages/stage.js';
import { wake } from '../platform/stages/wake.js';
import { IncidentStore } from './incident.store.js';

const BATCH = 50;

/** CALL: opens an incident for a detection whose issue is in none. The verdict is marked in the same transaction, so a crash repeats it as a whole. */
@Injectable()
export class IncidentOpenStage implements Stage {
  readonly name = 'incident-open';
  readonly pauseMs = 2000;

  constructor(
    private readonly detections: Detections,
    private readonly issues: Issues,
    private readonly store: IncidentStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date): Promise<StageResult> {
    return this.database.transaction(async (tx) => {
      const claimed = await this.detections.claim(tx, BATCH);
      if (claimed.length === 0) return IDLE;
      const issues = new Map(
        (
          await this.issues.find(
            tx,
            claimed.map((one) => one.issueId),
          )
        ).map((issue) => [issue.id, issue]),
      );
      for (const { issueId, projectId, kind, since, evidence } of claimed) {
        const issue = issues.get(issueId);
        if (!issue || (await this.store.openWithIssue(tx, issueId))) continue;
        const severity = issue.blocking ? 'critical' : 'major';
        const id = await this.store.insert(tx, { projectId, severity, title: issue.title, startedAt: since }, now);
        await this.store.attachIssue(tx, id, issueId, kind, now);
        await this.store.append(
          tx,
          id,
          'opened',
          'forewarn',
          { detection: kind, issueId: String(issueId), severity, ...evidence },
          now,
        );
      }
      await this.detections.markHandled(
        tx,
        claimed.map((one) => one.id),
        now,
      );
      await wake(tx, 'audience', 'draft');
      return { worked: claimed.length, more: claimed.length === BATCH };
    });
  }
}

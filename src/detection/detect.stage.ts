import { Inject, Injectable } from '@nestjs/common';
import { Issues } from '../issues/public.js';
import { Database } from '../platform/db/database.js';
import { describeDuration } from '../platform/duration.js';
import { IDLE, type Stage, type StageResult } from '../platform/stages/stage.js';
import { wake } from '../platform/stages/wake.js';
import { DETECTION_CONFIG, type DetectionConfig } from './detection-config.js';
import { DetectionStore } from './detection.store.js';

/** NOTICE: calls a new issue that spreads over customers. Each issue is called as new once; the unique index makes a second run harmless. */
@Injectable()
export class DetectStage implements Stage {
  readonly name = 'detect';
  readonly pauseMs = 1000;

  constructor(
    @Inject(DETECTION_CONFIG) private readonly config: DetectionConfig,
    private readonly issues: Issues,
    private readonly store: DetectionStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date): Promise<StageResult> {
    const { customers, within } = this.config.newFault;
    const spreading = await this.issues.spreading(this.database, new Date(now.getTime() - within), customers);
    if (spreading.length === 0) return IDLE;
    const before = await this.store.calledBefore(
      this.database,
      spreading.map((one) => one.issueId),
    );
    const fresh = spreading.filter((one) => !before.has(one.issueId));
    if (fresh.length === 0) return IDLE;
    await this.database.transaction(async (tx) => {
      for (const { issueId, projectId, customers: seen, firstSeen } of fresh) {
        const words = `${seen} customers in ${describeDuration(within)}, called from ${customers}`;
        await this.store.insert(tx, {
          projectId,
          issueId,
          kind: 'new',
          since: firstSeen,
          detectedAt: now,
          evidence: { seen, windowMs: within, words },
        });
      }
      await wake(tx, 'incident-open');
    });
    return { worked: fresh.length, more: false };
  }
}

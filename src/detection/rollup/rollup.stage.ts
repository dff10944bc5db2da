import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { RollupStore } from './rollup.store.js';

const BATCH = 5000;

/**
 * Rolls minute counts up to hours and days, and removes rows past their time. Recomputes from the counts, so a second
 * run changes nothing.
 */
@Injectable()
export class RollupStage implements Stage {
  readonly name = 'rollup';
  readonly pauseMs = 60_000;
  readonly limitMs = 300_000;

  constructor(
    private readonly store: RollupStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    return this.database.until(signal).transaction(async (tx) => {
      if (!(await tx.tryLock('rollup'))) return IDLE;
      const rolled = (await this.store.hours(tx, now)) + (await this.store.days(tx, now));
      const removed = await this.store.forget(tx, now, BATCH);
      return { worked: rolled + removed, more: removed >= BATCH };
    });
  }
}

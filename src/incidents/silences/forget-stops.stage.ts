import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { SilenceStore } from './silence.store.js';

/**
 * Time for which we show a stop, counted from its last occurrence: 90 days, as long as hours are counted (`rollup`).
 */
const KEEP_MS = 90 * 86_400_000;
const BATCH = 5000;

/**
 * Removes old stops of silences and maintenance windows; a weekly window would collect them for ever. A second run
 * changes nothing.
 */
@Injectable()
export class ForgetStopsStage implements Stage {
  readonly name = 'forget-stops';
  readonly pauseMs = 'hourly';
  readonly limitMs = 60_000;

  constructor(
    private readonly store: SilenceStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const worked = await this.store.forgetStops(this.database.until(signal), new Date(now.getTime() - KEEP_MS), BATCH);
    return { worked, more: worked === BATCH };
  }
}

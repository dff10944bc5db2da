import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { SilenceStore } from './silence.store.js';

/** What a silence stopped is shown for as long as hours are counted (`rollup`): 90 days since it was stopped last. */
const KEEP_MS = 90 * 86_400_000;
const BATCH = 5000;

/** Removes what silences and maintenance windows stopped long ago; a window that comes every week would gather it for ever. Doing it twice has no effect. */
@Injectable()
export class ForgetStopsStage implements Stage {
  readonly name = 'forget-stops';
  readonly pauseMs = 60_000;
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

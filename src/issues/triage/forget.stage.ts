import { Injectable } from '@nestjs/common';
import { CustomerDirectory } from '../../customers/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { IssueStore } from './issue.store.js';
import { TracesStore } from './traces.store.js';

const BATCH = 500;

/** Removes the hits of customers who were erased. Taking them off the list commits together with the removal. */
@Injectable()
export class ForgetHitsStage implements Stage {
  readonly name = 'forget-hits';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;

  constructor(
    private readonly directory: CustomerDirectory,
    private readonly store: IssueStore,
    private readonly traces: TracesStore,
    private readonly database: Database,
  ) {}

  async runOnce(_now: Date, signal: AbortSignal): Promise<StageResult> {
    return this.database.until(signal).transaction(async (tx) => {
      const ids = await this.directory.takeErased(tx, BATCH);
      if (ids.length === 0) return IDLE;
      await this.store.removeHits(tx, ids);
      await this.traces.removePayloadsOf(tx, ids);
      await this.forgetTraces(tx, ids);
      return { worked: ids.length, more: ids.length === BATCH };
    });
  }

  private async forgetTraces(tx: Tx, ids: readonly number[]): Promise<void> {
    const traces = await this.traces.take(tx, ids);
    if (traces.length === 0) return;
    const texts = traces.flatMap((one) => one.texts);
    const quoted = traces.flatMap((one) => one.quoted);
    await this.traces.removePayloads(tx, texts, quoted);
    await this.traces.hide(tx, texts);
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { RETENTION_CONFIG, type RetentionConfig } from '../retention-config.js';
import { RetentionStore } from './retention.store.js';

/** Rows of a kind that one run removes, so that a run stays short; the next one follows at once while more is waiting. */
const BATCH = 5_000;
const KINDS = ['samples', 'feedback', 'contacts', 'seen', 'messages', 'outbox', 'poison', 'questions'] as const;

/** Removes what is past the age that the configuration keeps it for. A second run finds nothing. */
@Injectable()
export class RetentionStage implements Stage {
  readonly name = 'retention';
  readonly pauseMs = 'hourly';
  readonly limitMs = 5 * 60_000;

  constructor(
    @Inject(RETENTION_CONFIG) private readonly config: RetentionConfig,
    private readonly store: RetentionStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    const before = (kind: keyof RetentionConfig) => new Date(now.getTime() - this.config[kind]);
    const worked: number[] = [];
    for (const kind of KINDS) worked.push(await this.store.removeOlder(database, kind, before(kind), BATCH));
    worked.push(await database.transaction((tx) => this.store.removeStrangers(tx, before('strangers'), BATCH)));
    return { worked: worked.reduce((sum, one) => sum + one, 0), more: worked.includes(BATCH) };
  }
}

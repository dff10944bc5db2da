import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { MessageStore } from './message.store.js';

/** Blanks the messages of customers who were erased and cancels those that waited; a second run finds nothing. */
@Injectable()
export class ErasureStage implements Stage {
  readonly name = 'erasure';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;

  constructor(
    private readonly messages: MessageStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    return {
      worked: await this.database.until(signal).transaction((tx) => this.messages.forgetErased(tx, now)),
      more: false,
    };
  }
}

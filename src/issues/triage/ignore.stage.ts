import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { IssueActions } from './action.service.js';
import { IgnoreStore } from './ignore.store.js';
import { IssueStore } from './issue.store.js';

const BATCH = 100;

/** Opens ignored issues again whose time is over. Each under its project's lock, so a second run finds nothing to do. */
@Injectable()
export class IgnoreEndStage implements Stage {
  readonly name = 'ignore-end';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;

  constructor(
    private readonly store: IgnoreStore,
    private readonly issues: IssueStore,
    private readonly actions: IssueActions,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    const ids = await this.store.over(database, now, BATCH);
    let worked = 0;
    for (const issue of await this.issues.find(database, ids)) {
      const doing = { actor: 'forewarn', now };
      const done = await database.transaction((tx) => this.actions.decide(tx, issue, { status: 'open' }, doing));
      if (done !== undefined) worked += 1;
    }
    return { worked, more: ids.length === BATCH };
  }
}

import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { healthOf } from '../algorithm/health.v1.js';
import { HealthStore } from './health.store.js';

const DAY = 86_400_000;
/** Customers of one transaction. */
const PAGE = 2000;
/** How far back hits and contacts are looked at; after 28 days a hit counts a sixteenth. */
const HITS_MS = 28 * DAY;
const CONTACTS_MS = 14 * DAY;
/** Time after which a call is looked at again, and for which calls are kept. */
const SILENT_MS = 14 * DAY;
const KEPT_MS = 365 * DAY;

/**
 * Scores everybody who was hit or used the app, once an hour; whoever shows nothing has no score. Calls bands, and two weeks later notes who fell silent. A
 * second run comes to the same.
 */
@Injectable()
export class HealthStage implements Stage {
  readonly name = 'health';
  readonly pauseMs = 60 * 60_000;
  readonly limitMs = 10 * 60_000;

  constructor(
    private readonly store: HealthStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    const ago = (ms: number) => new Date(now.getTime() - ms);
    const since = { hits: ago(HITS_MS), contacts: ago(CONTACTS_MS) };
    let worked = 0;
    for (let after = 0; ;) {
      const rows = await this.store.next(database, after, since, PAGE);
      const last = rows.at(-1);
      if (!last) break;
      after = last.customerId;
      const scored = rows
        .filter((row) => row.use !== undefined || row.hits.length > 0 || row.contacts > 0)
        .map((row) => ({ customerId: row.customerId, ...healthOf(row, now.getTime()) }));
      if (scored.length > 0) await database.transaction((tx) => this.store.write(tx, scored, now));
      worked += scored.length;
    }
    await database.transaction(async (tx) => {
      await this.store.settle(tx, ago(SILENT_MS));
      await this.store.call(tx, now, ago(SILENT_MS));
      await this.store.forget(tx, now, ago(KEPT_MS));
    });
    return { worked, more: false };
  }
}

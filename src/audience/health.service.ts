import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';
import { type HealthBand } from './algorithm/health.v1.js';
import { HealthStore } from './health/health.store.js';

/** Tells other rooms how customers are doing. */
@Injectable()
export class CustomerHealth {
  constructor(private readonly store: HealthStore) {}

  /** The band of each of these customers as of the last hour; those of whom nothing is known are missing. */
  async bands(sql: Sql, ids: readonly number[]): Promise<ReadonlyMap<number, HealthBand>> {
    return this.store.bands(sql, ids);
  }
}

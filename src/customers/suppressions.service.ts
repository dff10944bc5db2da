import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';
import { type Channel } from './customer.js';
import { type Suppression, SuppressionStore } from './suppressions/suppression.store.js';

/** Addresses that nobody may write to, whoever has them: what other rooms may ask and say. */
@Injectable()
export class Suppressions {
  constructor(private readonly store: SuppressionStore) {}

  /** Puts addresses on the list; what stands there stays. Returns how many are new. */
  async add(tx: Tx, entries: readonly Suppression[]): Promise<number> {
    return entries.length === 0 ? 0 : this.store.add(tx, entries);
  }

  /** Customers who have an address, in any directory. */
  async customersAt(sql: Sql, channel: Channel, address: string): Promise<number[]> {
    return this.store.customersAt(sql, channel, address);
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';

/** Message that reached a customer, as far as its provider says. */
export interface Told {
  readonly incidentId: number;
  readonly channel: string;
  /** Kind of its campaign: `notice` for a fault, `update` while it lasts, `resolved` for its end, `returned` for its return. */
  readonly kind: string;
  readonly at: Date;
}

/** Finds the messages that one customer got about these incidents, oldest first. */
type FindTold = (sql: Sql, customerId: number, incidentIds: readonly number[]) => Promise<readonly Told[]>;

/**
 * Record of messages, as answers to bots need it. Messages belong to a later room, which registers how to find them; until then nobody was
 * told anything.
 */
@Injectable()
export class ToldRecord {
  private find: FindTold = () => Promise.resolve([]);

  /** Names who finds messages. */
  register(find: FindTold): void {
    this.find = find;
  }

  /** Finds the messages that one customer got about these incidents, oldest first. */
  async of(sql: Sql, customerId: number, incidentIds: readonly number[]): Promise<readonly Told[]> {
    return incidentIds.length === 0 ? [] : this.find(sql, customerId, incidentIds);
  }
}

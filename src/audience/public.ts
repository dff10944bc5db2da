import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';
import { type AudienceKind, type Member } from './audience.js';
import { AudienceStore } from './audience.store.js';

/** Audiences: what other folders may ask. */
@Injectable()
export class Audiences {
  constructor(private readonly store: AudienceStore) {}

  /** Members of these kinds who came after the member numbered `seq`, in the order in which they came; `limit` at most. */
  async after(
    sql: Sql,
    incidentId: number,
    kinds: readonly AudienceKind[],
    seq: number,
    limit: number,
  ): Promise<(Member & { seq: number })[]> {
    return this.store.after(sql, incidentId, kinds, seq, limit);
  }

  /** Members by customer id after `after`. */
  async list(sql: Sql, incidentId: number, after: number, limit: number): Promise<Member[]> {
    return this.store.list(sql, incidentId, after, limit);
  }

  /** How many members an incident has by kind. */
  async count(sql: Sql, incidentId: number): Promise<Record<string, number>> {
    return this.store.count(sql, incidentId);
  }

  /** The incidents whose audience a customer is in, newest first. */
  async incidentsOf(sql: Sql, customerId: number): Promise<(Member & { incidentId: number })[]> {
    return this.store.incidentsOf(sql, customerId);
  }
}

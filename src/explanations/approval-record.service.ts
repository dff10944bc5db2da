import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';

/** Finds those of these incidents about which customers may be told as things stand. */
type FindApproved = (sql: Sql, incidentIds: readonly number[]) => Promise<ReadonlySet<number>>;

/**
 * Record of approvals, as the banner needs it: words that no person looked at are shown in an app only where a person or a policy let a campaign go
 * out. Campaigns belong to a later room, which registers how to find them; until then nothing was approved.
 */
@Injectable()
export class ApprovalRecord {
  private find: FindApproved = () => Promise.resolve(new Set());

  /** Names who finds approvals. */
  register(find: FindApproved): void {
    this.find = find;
  }

  /** Finds those of these incidents with an approved campaign, and none that is held. */
  async of(sql: Sql, incidentIds: readonly number[]): Promise<ReadonlySet<number>> {
    return incidentIds.length === 0 ? new Set() : this.find(sql, incidentIds);
  }
}

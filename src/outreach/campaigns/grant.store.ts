import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Grant } from '../algorithm/decide.js';
import { type Campaign } from '../campaign.js';

/** Outreach that an approval holds for. */
type Granted = Pick<Campaign, 'incidentId' | 'claimed' | 'policy'>;

/** All SQL on approvals that hold for an incident. */
@Injectable()
export class GrantStore {
  /**
   * The approval of an incident's outreach; undefined while there is none. Claims have one of their own.
   * @param others policies with approvals of their own
   */
  async find(sql: Sql, incidentId: number, claimed: boolean, others: readonly string[]): Promise<Grant | undefined> {
    const [grant] = await sql.query<Grant>(
      {
        name: 'outreach_grant.find',
        text: `SELECT up_to AS "upTo", granted_by AS by
               FROM outreach_grant
               WHERE incident_id = $1 AND claimed = $2 AND policy <> ALL ($3::text[])
               ORDER BY up_to DESC
               LIMIT 1`,
      },
      [incidentId, claimed, others],
    );
    return grant;
  }

  /** Lets an incident's outreach go to so many customers; an earlier approval of more stays. */
  async give(tx: Tx, { incidentId, claimed, policy }: Granted, { upTo, by }: Grant, now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO outreach_grant AS g (incident_id, claimed, up_to, granted_by, granted_at, policy)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (incident_id, claimed, policy)
       DO UPDATE SET up_to = greatest(g.up_to, EXCLUDED.up_to), granted_by = EXCLUDED.granted_by, granted_at = EXCLUDED.granted_at`,
      [incidentId, claimed, upTo, by, now, policy],
    );
  }

  /** Takes an approval back. */
  async withdraw(tx: Tx, { incidentId, claimed, policy }: Granted): Promise<void> {
    const text = `DELETE FROM outreach_grant
      WHERE incident_id = $1 AND claimed = $2 AND policy IN ($3, '')`;
    await tx.query(text, [incidentId, claimed, policy]);
  }
}

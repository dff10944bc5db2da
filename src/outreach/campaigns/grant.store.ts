import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Grant } from '../algorithm/decide.js';

/** All SQL on approvals that hold for an incident. */
@Injectable()
export class GrantStore {
  /** The approval of an incident's outreach; undefined while there is none. Claims have one of their own. */
  async find(sql: Sql, incidentId: number, claimed: boolean): Promise<Grant | undefined> {
    const [grant] = await sql.query<Grant>(
      {
        name: 'outreach_grant.find',
        text: `SELECT up_to AS "upTo", granted_by AS by FROM outreach_grant WHERE incident_id = $1 AND claimed = $2`,
      },
      [incidentId, claimed],
    );
    return grant;
  }

  /** Lets an incident's outreach go to so many customers; an earlier approval of more stays. */
  async give(tx: Tx, incidentId: number, claimed: boolean, { upTo, by }: Grant, now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO outreach_grant AS g (incident_id, claimed, up_to, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (incident_id, claimed)
       DO UPDATE SET up_to = greatest(g.up_to, EXCLUDED.up_to), granted_by = EXCLUDED.granted_by, granted_at = EXCLUDED.granted_at`,
      [incidentId, claimed, upTo, by, now],
    );
  }

  /** Takes an approval back. */
  async withdraw(tx: Tx, incidentId: number, claimed: boolean): Promise<void> {
    await tx.query('DELETE FROM outreach_grant WHERE incident_id = $1 AND claimed = $2', [incidentId, claimed]);
  }
}

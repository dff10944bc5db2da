import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type ApprovalDecision } from '../algorithm/decide.js';
import { type Campaign, type CampaignKind, type CampaignState } from '../campaign.js';

const COLUMNS = `id, incident_id AS "incidentId", policy, kind, wave, state, state_reason AS "stateReason", audience_seq AS "audienceSeq", approve_after AS "approveAfter",
  approved_at AS "approvedAt", approved_by AS "approvedBy", created_at AS "createdAt"`;

/** The reason of a pause that no person made. */
const SILENCED = 'a silence holds it back';

/** All SQL on campaigns. */
@Injectable()
export class CampaignStore {
  /** The last wave of an incident, undefined when there is none. */
  async lastWave(sql: Sql, incidentId: number, kind: CampaignKind): Promise<Campaign | undefined> {
    const [row] = await sql.query<Campaign>(
      {
        name: 'campaigns.last_wave',
        text: `SELECT ${COLUMNS} FROM campaign WHERE incident_id = $1 AND kind = $2 ORDER BY wave DESC LIMIT 1`,
      },
      [incidentId, kind],
    );
    return row;
  }

  /** Whether any wave of an incident is in one of these states. */
  async hasWaveIn(
    sql: Sql,
    incidentId: number,
    kind: CampaignKind,
    states: readonly CampaignState[],
  ): Promise<boolean> {
    const text = 'SELECT FROM campaign WHERE incident_id = $1 AND kind = $2 AND state = ANY ($3::text[]) LIMIT 1';
    return (await sql.query({ name: 'campaigns.has_wave_in', text }, [incidentId, kind, states])).length > 0;
  }

  /** Starts a wave; returns its id. */
  async insert(
    tx: Tx,
    incidentId: number,
    policy: string,
    kind: CampaignKind,
    wave: number,
    decision: ApprovalDecision,
    now: Date,
  ): Promise<number> {
    const approved = decision.state === 'approved';
    const rows = await tx.query<{ id: number }>(
      `INSERT INTO campaign (incident_id, policy, kind, wave, state, state_reason, approve_after, approved_at, approved_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
      [
        incidentId,
        policy,
        kind,
        wave,
        decision.state,
        decision.reason,
        decision.approveAfter ?? null,
        approved ? now : null,
        approved ? 'policy' : null,
        now,
      ],
    );
    return onlyRow(rows, 'the new campaign').id;
  }

  /** Notes how far into the audience a snapshot reaches. */
  async extend(tx: Tx, id: number, audienceSeq: number): Promise<void> {
    await tx.query('UPDATE campaign SET audience_seq = greatest(audience_seq, $2) WHERE id = $1', [id, audienceSeq]);
  }

  /** Takes back an approval that was only pending, for example when the snapshot grew past the blast limit. */
  async await(tx: Tx, id: number, decision: ApprovalDecision): Promise<void> {
    await tx.query(
      `UPDATE campaign SET state_reason = $2, approve_after = $3 WHERE id = $1 AND state = 'awaiting_approval'`,
      [id, decision.reason, decision.approveAfter ?? null],
    );
  }

  /** Moves a campaign on; false when it was in none of the states `from`. */
  async setState(
    tx: Tx,
    id: number,
    from: readonly CampaignState[],
    to: CampaignState,
    reason: string,
    actor: string,
    now: Date,
  ): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE campaign SET state = $3, state_reason = $4, approve_after = NULL,
         approved_at = CASE WHEN $3 = 'approved' THEN $6 ELSE approved_at END, approved_by = CASE WHEN $3 = 'approved' THEN $5 ELSE approved_by END
       WHERE id = $1 AND state = ANY ($2::text[]) RETURNING id`,
      [id, from, to, reason, actor, now],
    );
    return rows.length > 0;
  }

  /** Holds an incident's notices back while a silence lasts. */
  async pauseSilenced(tx: Tx, incidentId: number): Promise<void> {
    await tx.query(
      `UPDATE campaign SET state = 'paused', state_reason = $2 WHERE incident_id = $1 AND kind = 'notice' AND state = 'approved'`,
      [incidentId, SILENCED],
    );
  }

  /** Lets go on what only a silence held back. */
  async resumeSilenced(tx: Tx, incidentId: number): Promise<void> {
    await tx.query(
      `UPDATE campaign SET state = 'approved', state_reason = 'the silence ended' WHERE incident_id = $1 AND state = 'paused' AND state_reason = $2`,
      [incidentId, SILENCED],
    );
  }

  /** Campaigns whose time to object is over. */
  async dueForApproval(sql: Sql, now: Date): Promise<Campaign[]> {
    return sql.query<Campaign>(
      `SELECT ${COLUMNS} FROM campaign WHERE state = 'awaiting_approval' AND approve_after <= $1`,
      [now],
    );
  }

  /** Ends approved campaigns all of whose messages are final; returns how many. */
  async finish(tx: Tx): Promise<number> {
    const rows = await tx.query(
      `UPDATE campaign c SET state = 'done', state_reason = 'every message is final' WHERE c.state = 'approved'
         AND NOT EXISTS (SELECT FROM message m WHERE m.campaign_id = c.id AND m.state IN ('pending', 'claimed', 'sending', 'in_doubt')) RETURNING id`,
    );
    return rows.length;
  }

  /** One campaign, undefined when there is none. */
  async find(sql: Sql, id: number): Promise<Campaign | undefined> {
    const [row] = await sql.query<Campaign>(`SELECT ${COLUMNS} FROM campaign WHERE id = $1`, [id]);
    return row;
  }

  /** Campaigns by id, newest first. */
  async list(
    sql: Sql,
    filter: { incidentId?: number; state?: CampaignState; before: number; limit: number },
  ): Promise<Campaign[]> {
    return sql.query<Campaign>(
      `SELECT ${COLUMNS} FROM campaign WHERE id < $1 AND ($2::bigint IS NULL OR incident_id = $2) AND ($3::text IS NULL OR state = $3) ORDER BY id DESC LIMIT $4`,
      [filter.before, filter.incidentId ?? null, filter.state ?? null, filter.limit],
    );
  }

  /** Campaigns by state, for the metrics. */
  async countByState(sql: Sql): Promise<{ state: CampaignState; count: number }[]> {
    return sql.query('SELECT state, count(*) AS count FROM campaign GROUP BY 1');
  }
}

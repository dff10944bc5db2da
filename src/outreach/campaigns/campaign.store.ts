import { Inject, Injectable } from '@nestjs/common';
import { type AudienceKind } from '../../audience/audience.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Severity } from '../../incidents/incident.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { type ApprovalDecision } from '../algorithm/decide.js';
import { type Campaign, type CampaignKind } from '../campaign.js';
import { type CampaignReason, campaignReasonOf } from '../reasons.js';
import { campaignStep, type CampaignState, OPEN_MESSAGE_STATES, type PausedBy, sqlStates } from '../states.js';

const COLUMNS = `id, incident_id AS "incidentId", policy, kind, audience, wave, state, state_reason AS code, state_facts AS facts, paused_by AS "pausedBy", claimed, audience_seq AS "audienceSeq", frozen_seq AS "frozenSeq", frozen_rest AS "frozenRest", approve_after AS "approveAfter",
  approved_at AS "approvedAt", approved_by AS "approvedBy", send_after AS "sendAfter", asked, created_at AS "createdAt"`;

type Row = Omit<Campaign, 'reason'> & { readonly code: string; readonly facts: Readonly<Record<string, unknown>> };

/** Waves of an incident of one kind to one audience under a policy. */
export interface WavesOf {
  readonly incidentId: number;
  readonly kind: CampaignKind;
  readonly audience: AudienceKind;
  /** Names of the other policies that match the incident now; waves of theirs are left out. Those of a policy that is gone count. */
  readonly others: readonly string[];
}

/** A wave to be inserted. */
export interface NewWave {
  readonly incidentId: number;
  readonly policy: string;
  readonly kind: CampaignKind;
  readonly audience: AudienceKind;
  readonly wave: number;
  readonly claimed: boolean;
}

/** A policy that plans for an audience now. */
export type Going = Pick<Campaign, 'policy' | 'audience'>;

/** The audience of a wave as it is when the wave begins. */
export interface Snapshot {
  /** Its newest member. */
  readonly frozenSeq: number;
  /** Customers of it whom later steps write to, or fewer; 0 where only planning tells. */
  readonly rest: number;
}

/** A change of a campaign's state. `pausedBy` says who pauses; it is null for every other change. */
export interface CampaignChange {
  readonly from: readonly CampaignState[];
  readonly to: CampaignState;
  readonly reason: CampaignReason;
  /** `forewarn`, `policy` or the name of a token. */
  readonly actor: string;
  readonly pausedBy?: PausedBy;
  /** From when on messages may go out. */
  readonly sendAfter?: Date;
}

/** Lines of the log, by the state that a campaign comes to. */
const STATE_LINES: Readonly<Record<CampaignState, string>> = {
  awaiting_approval: 'campaign waits for approval again',
  approved: 'campaign approved',
  paused: 'campaign paused',
  cancelled: 'campaign cancelled',
  done: 'campaign done',
};

const SILENCED = campaignStep(['approved'], 'paused');
const LIFTED = campaignStep(['paused'], 'approved');
const FINISHED = campaignStep(['approved'], 'done');
const GONE_ON = campaignStep(['done'], 'approved');

/** All SQL on campaigns. Logs a line once a campaign was planned or has a new state. */
@Injectable()
export class CampaignStore {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  /** The last wave of an incident to an audience that rests on claims, or on more than them; undefined when there is none. */
  async lastWave(sql: Sql, of: WavesOf, claimed = false): Promise<Campaign | undefined> {
    const [row] = await sql.query<Row>(
      {
        name: 'campaigns.last_wave',
        text: `SELECT ${COLUMNS}
               FROM campaign
               WHERE incident_id = $1 AND kind = $2 AND audience = $3 AND claimed = $4 AND policy <> ALL ($5::text[])
               ORDER BY wave DESC
               LIMIT 1`,
      },
      [of.incidentId, of.kind, of.audience, claimed, of.others],
    );
    return row && campaignOf(row);
  }

  /** The number of the last wave of an incident under any policy, and the newest member of an audience that a policy has looked at. */
  async reached(
    sql: Sql,
    { incidentId, kind, audience, others }: WavesOf,
  ): Promise<{ wave: number; audienceSeq: number }> {
    const text = `SELECT coalesce(max(wave), 0) AS wave,
        greatest(
          coalesce(max(audience_seq) FILTER (WHERE audience = $3 AND policy <> ALL ($4::text[])), 0),
          (SELECT coalesce(max(seq), 0) FROM campaign_reach WHERE incident_id = $1 AND audience = $3 AND policy <> ALL ($4::text[]))
        ) AS "audienceSeq"
      FROM campaign
      WHERE incident_id = $1 AND kind = $2`;
    const rows = await sql.query<{ wave: number; audienceSeq: number }>({ name: 'campaigns.reached', text }, [
      incidentId,
      kind,
      audience,
      others,
    ]);
    return onlyRow(rows, 'the waves of an incident');
  }

  /** Notes how far into an audience a policy has looked. */
  async setReach(
    tx: Tx,
    { incidentId, audience, policy }: Pick<Campaign, 'incidentId' | 'audience' | 'policy'>,
    seq: number,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO campaign_reach AS r (incident_id, policy, audience, seq)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (incident_id, policy, audience) DO UPDATE SET seq = greatest(r.seq, EXCLUDED.seq)`,
      [incidentId, policy, audience, seq],
    );
  }

  /** Waves of an incident that wait for a person. */
  async waiting(sql: Sql, incidentId: number, kinds: readonly CampaignKind[]): Promise<Campaign[]> {
    const rows = await sql.query<Row>(
      `SELECT ${COLUMNS}
        FROM campaign
        WHERE incident_id = $1 AND kind = ANY ($2::text[]) AND state IN ('awaiting_approval', 'paused')`,
      [incidentId, kinds],
    );
    return rows.map(campaignOf);
  }

  /**
   * True if a wave of an incident, other than one of claims, was cancelled or is paused. Who stops what goes to the affected stops the word to those
   * at risk as well; not the other way.
   */
  async isStopped(sql: Sql, { incidentId, kind, audience, others }: WavesOf): Promise<boolean> {
    const text = `SELECT
       FROM campaign
       WHERE incident_id = $1 AND kind = $2 AND NOT claimed AND audience IN ('affected', $3)
       AND state IN ('cancelled', 'paused') AND state_reason <> 'evidence_trusted' AND policy <> ALL ($4::text[])
       LIMIT 1`;
    return (await sql.query({ name: 'campaigns.is_stopped', text }, [incidentId, kind, audience, others])).length > 0;
  }

  /** Waves of an incident to those at risk that wait for approval and have no message any more. */
  async emptied(tx: Tx, incidentId: number): Promise<Campaign[]> {
    const rows = await tx.query<Row>(
      `SELECT ${COLUMNS}
         FROM campaign c
         WHERE incident_id = $1 AND kind = 'notice' AND audience = 'at_risk' AND state = 'awaiting_approval'
         AND NOT EXISTS (SELECT FROM message m WHERE m.campaign_id = c.id)`,
      [incidentId],
    );
    return rows.map(campaignOf);
  }

  /** Starts a wave; returns its id. */
  async insert(
    tx: Tx,
    { incidentId, policy, kind, audience, wave, claimed }: NewWave,
    decision: ApprovalDecision,
    now: Date,
  ): Promise<number> {
    const approved = decision.state === 'approved';
    const { code, facts } = columnsOf(decision.reason);
    const rows = await tx.query<{ id: number }>(
      `INSERT INTO campaign (incident_id, policy, kind, wave, state, state_reason, state_facts, approve_after, approved_at, approved_by, created_at, claimed, audience)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
       RETURNING id`,
      [
        incidentId,
        policy,
        kind,
        wave,
        decision.state,
        code,
        facts,
        decision.approveAfter ?? null,
        approved ? now : null,
        approved ? (decision.by ?? 'policy') : null,
        now,
        claimed,
        audience,
      ],
    );
    const { id } = onlyRow(rows, 'the new campaign');
    const { state } = decision;
    const planned = { campaignId: id, incidentId, policy, kind, audience, wave, state, reason: code };
    tx.afterCommit(() => this.logger.info(planned, 'campaign planned'));
    return id;
  }

  /** Locks a campaign until the end of the transaction, if it is in this state; false when it is not. */
  async lockIn(tx: Tx, id: number, states: readonly CampaignState[]): Promise<boolean> {
    const rows = await tx.query('SELECT FROM campaign WHERE id = $1 AND state = ANY ($2::text[]) FOR NO KEY UPDATE', [
      id,
      states,
    ]);
    return rows.length > 0;
  }

  /** Notes how far into its snapshot a wave is planned, and what that holds. */
  async extend(tx: Tx, id: number, audienceSeq: number, snapshot?: Snapshot): Promise<void> {
    await tx.query(
      `UPDATE campaign
       SET audience_seq = greatest(audience_seq, $2), frozen_seq = greatest(frozen_seq, $3), frozen_rest = coalesce($4, frozen_rest)
       WHERE id = $1`,
      [id, audienceSeq, snapshot?.frozenSeq ?? 0, snapshot?.rest ?? null],
    );
  }

  /** Notes how far into its snapshot a wave is planned; false when it is in another state by now. */
  async advance(tx: Tx, { id, state }: Pick<Campaign, 'id' | 'state'>, audienceSeq: number): Promise<boolean> {
    const rows = await tx.query(
      `UPDATE campaign
       SET audience_seq = greatest(audience_seq, $3)
       WHERE id = $1 AND state = $2
       RETURNING id`,
      [id, state, audienceSeq],
    );
    return rows.length > 0;
  }

  /** Ends the snapshots of an incident, with those who are planned, that none of these goes on with. */
  async endSnapshotsBut(tx: Tx, incidentId: number, going: readonly Going[]): Promise<void> {
    const text = `UPDATE campaign c
      SET frozen_seq = audience_seq, frozen_rest = 0
      WHERE incident_id = $1 AND frozen_seq > audience_seq AND state IN ('approved', 'awaiting_approval')
        AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS g (policy, audience) WHERE g.policy = c.policy AND g.audience = c.audience)`;
    const columns = [going.map(({ policy }) => policy), going.map(({ audience }) => audience)];
    await tx.query({ name: 'campaigns.end_snapshots_but', text }, [incidentId, ...columns]);
  }

  /** Ends a snapshot with those who are planned. */
  async endSnapshot(tx: Tx, id: number): Promise<void> {
    await tx.query('UPDATE campaign SET frozen_seq = audience_seq, frozen_rest = 0 WHERE id = $1', [id]);
  }

  /**
   * Customers in snapshots of an incident who are yet to be planned and will be written to, as far as that is known.
   * @param except campaign whose snapshot is left out
   */
  async unplanned(tx: Tx, incidentId: number, except = 0): Promise<number> {
    const text = `SELECT coalesce(sum(frozen_rest), 0)::int AS count
      FROM campaign
      WHERE incident_id = $1 AND frozen_seq > audience_seq AND id <> $2 AND state IN ('awaiting_approval', 'approved', 'paused')`;
    return onlyRow(await tx.query<{ count: number }>(text, [incidentId, except]), 'a sum').count;
  }

  /** Takes back an approval that was only pending, for example when the snapshot grew past the blast limit. */
  async await(tx: Tx, id: number, decision: ApprovalDecision): Promise<void> {
    const { code, facts } = columnsOf(decision.reason);
    await tx.query(
      `UPDATE campaign
        SET state_reason = $2, state_facts = $3, approve_after = $4
        WHERE id = $1 AND state = 'awaiting_approval'`,
      [id, code, facts, decision.approveAfter ?? null],
    );
  }

  /** The first of two approvals; undefined while there is none. */
  async first(sql: Sql, id: number): Promise<{ by: string; version: string } | undefined> {
    const [row] = await sql.query<{ by: string; version: string }>(
      `SELECT first_approved_by AS by, first_version AS version
        FROM campaign
        WHERE id = $1 AND first_approved_by IS NOT NULL`,
      [id],
    );
    return row;
  }

  /** Notes the first of two approvals, or with nulls that there is none. */
  async setFirst(tx: Tx, id: number, by: string | null, version: string | null): Promise<void> {
    await tx.query('UPDATE campaign SET first_approved_by = $2, first_version = $3 WHERE id = $1', [id, by, version]);
  }

  /** Asks anew for the approvals that have waited since before a moment, whoever had approved first; returns the campaigns. */
  async askAgain(tx: Tx, before: Date, hours: number, now: Date): Promise<{ id: number; incidentId: number }[]> {
    const { code, facts } = columnsOf({ code: 'asked_again', hours });
    return tx.query(
      `UPDATE campaign
       SET asked_at = $2, asked = asked + 1, state_reason = $3, state_facts = $4, first_approved_by = NULL, first_version = NULL
       WHERE state = 'awaiting_approval' AND approve_after IS NULL AND coalesce(asked_at, created_at) < $1
       RETURNING id, incident_id AS "incidentId"`,
      [before, now, code, facts],
    );
  }

  /**
   * Moves a campaign on; false when it was in none of the states `from`. Whoever approves what waited, a person or time, ends the snapshot with those
   * who are planned: nobody saw the others.
   * @throws when the table of states does not allow the change
   */
  async setState(tx: Tx, id: number, change: CampaignChange, now: Date): Promise<boolean> {
    const { from, to } = campaignStep(change.from, change.to);
    const { code, facts } = columnsOf(change.reason);
    const rows = await tx.query<{ incidentId: number }>(
      `UPDATE campaign
         SET state = $3, state_reason = $4, state_facts = $5, paused_by = $6, approve_after = NULL, send_after = $9,
         frozen_seq = CASE WHEN $3 = 'approved' AND state = 'awaiting_approval' THEN least(frozen_seq, audience_seq) ELSE frozen_seq END,
         approved_at = CASE WHEN $3 = 'approved' THEN $8 ELSE approved_at END,
         approved_by = CASE WHEN $3 = 'approved' THEN $7 ELSE approved_by END
       WHERE id = $1 AND state = ANY ($2::text[])
       RETURNING incident_id AS "incidentId"`,
      [id, from, to, code, facts, change.pausedBy ?? null, change.actor, now, change.sendAfter ?? null],
    );
    const [row] = rows;
    if (!row) return false;
    const changed = { campaignId: id, incidentId: row.incidentId, reason: code, by: change.actor };
    tx.afterCommit(() => this.logger.info(changed, STATE_LINES[to]));
    return true;
  }

  /** Holds an incident's notices back while a silence lasts. */
  async pauseSilenced(tx: Tx, incidentId: number): Promise<void> {
    await tx.query(
      `UPDATE campaign
       SET state = $2, state_reason = 'silence_began', state_facts = '{}', paused_by = 'silence'
       WHERE incident_id = $1 AND kind <> 'resolved' AND state = ANY ($3::text[])`,
      [incidentId, SILENCED.to, SILENCED.from],
    );
  }

  /** Lets go on what a silence paused; what anybody else paused stays so. */
  async resumeSilenced(tx: Tx, incidentId: number): Promise<void> {
    await tx.query(
      `UPDATE campaign
       SET state = $2, state_reason = 'silence_ended', state_facts = '{}', paused_by = NULL
       WHERE incident_id = $1 AND state = ANY ($3::text[]) AND paused_by = 'silence'`,
      [incidentId, LIFTED.to, LIFTED.from],
    );
  }

  /** Lets campaigns that are done go on, since some of their messages are tried on the next channel; what anybody paused stays so. */
  async goOn(tx: Tx, ids: readonly number[]): Promise<void> {
    await tx.query(
      `UPDATE campaign
        SET state = $2, state_reason = 'next_channel', state_facts = '{}'
        WHERE id = ANY ($1::bigint[]) AND state = ANY ($3::text[])`,
      [ids, GONE_ON.to, GONE_ON.from],
    );
  }

  /** Campaigns of these policies that go out, with the share of their customers that they have come to and since when. */
  async going(
    sql: Sql,
    policies: readonly string[],
  ): Promise<(Pick<Campaign, 'id' | 'incidentId' | 'policy'> & { share: number; shareAt: Date })[]> {
    return sql.query(
      `SELECT id, incident_id AS "incidentId", policy, share, coalesce(share_at, created_at) AS "shareAt"
       FROM campaign
       WHERE state = 'approved' AND policy = ANY ($1::text[])
       ORDER BY id`,
      [policies],
    );
  }

  /** Lets a campaign out to a share of its customers. */
  async setShare(tx: Tx, id: number, share: number, now: Date): Promise<void> {
    await tx.query('UPDATE campaign SET share = $2, share_at = $3 WHERE id = $1', [id, share, now]);
  }

  /** Campaigns whose time to object is over. */
  async dueForApproval(sql: Sql, now: Date): Promise<Campaign[]> {
    const rows = await sql.query<Row>(
      `SELECT ${COLUMNS}
        FROM campaign
        WHERE state = 'awaiting_approval' AND approve_after <= $1`,
      [now],
    );
    return rows.map(campaignOf);
  }

  /**
   * Ends approved campaigns all of whose messages are final and whose customers are all planned, unless nobody plans them any more: their incident is
   * over, or there is a later wave. Returns how many.
   */
  async finish(tx: Tx): Promise<number> {
    const rows = await tx.query(
      `UPDATE campaign c
         SET state = $1, state_reason = 'all_final', state_facts = '{}'
         WHERE c.state = ANY ($2::text[])
         AND (c.audience_seq >= c.frozen_seq OR EXISTS (SELECT FROM incident n WHERE n.id = c.incident_id AND n.status = 'resolved')
           OR EXISTS (SELECT FROM campaign l WHERE l.incident_id = c.incident_id AND l.policy = c.policy AND l.kind = c.kind AND l.audience = c.audience AND l.wave > c.wave AND NOT l.claimed))
         AND NOT EXISTS (SELECT FROM message m WHERE m.campaign_id = c.id AND m.state IN (${sqlStates(OPEN_MESSAGE_STATES)}))
         RETURNING id`,
      [FINISHED.to, FINISHED.from],
    );
    return rows.length;
  }

  /** One campaign, undefined when there is none. */
  async find(sql: Sql, id: number): Promise<Campaign | undefined> {
    const [row] = await sql.query<Row>(`SELECT ${COLUMNS} FROM campaign WHERE id = $1`, [id]);
    return row && campaignOf(row);
  }

  /** Campaigns by id, newest first. */
  async list(
    sql: Sql,
    filter: { incidentId?: number; state?: CampaignState; before: number; limit: number },
  ): Promise<Campaign[]> {
    const rows = await sql.query<Row>(
      `SELECT ${COLUMNS}
        FROM campaign
        WHERE id < $1 AND ($2::bigint IS NULL OR incident_id = $2) AND ($3::text IS NULL OR state = $3)
        ORDER BY id DESC
        LIMIT $4`,
      [filter.before, filter.incidentId ?? null, filter.state ?? null, filter.limit],
    );
    return rows.map(campaignOf);
  }

  /** Campaigns that wait for a person, by kind and by the severity of their incident, for the metrics. */
  async countWaiting(sql: Sql): Promise<{ kind: CampaignKind; severity: Severity; count: number }[]> {
    return sql.query(
      `SELECT c.kind, n.severity, count(*) AS count
       FROM campaign c
       JOIN incident n ON n.id = c.incident_id
       WHERE c.state = 'awaiting_approval' AND c.approve_after IS NULL
       GROUP BY 1, 2`,
    );
  }

  /** Campaigns by state, for the metrics. */
  async countByState(sql: Sql): Promise<{ state: CampaignState; count: number }[]> {
    return sql.query('SELECT state, count(*) AS count FROM campaign GROUP BY 1');
  }
}

function columnsOf({ code, ...facts }: CampaignReason): { code: string; facts: string } {
  return { code, facts: JSON.stringify(facts) };
}

function campaignOf({ code, facts, ...rest }: Row): Campaign {
  return { ...rest, reason: campaignReasonOf(code, facts) };
}

import { Injectable } from '@nestjs/common';
import { type Trust } from '../../projects/project-key.js';
import { type AudienceKind } from '../../audience/audience.js';
import { type Channel } from '../../customers/customer.js';
import { int4s, int8s, texts, timestamps, uuids } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type CampaignKind, type Message } from '../campaign.js';
import { type MessageReason } from '../reasons.js';
import {
  DOUBT_ENDINGS,
  type DoubtEnding,
  isFinal,
  type MessageState,
  messageStep,
  type PlannedState,
  sqlStates,
} from '../states.js';

/** Columns of a message `m` as the code knows it. */
export const COLUMNS = `m.id, m.campaign_id AS "campaignId", m.incident_id AS "incidentId", m.customer_id AS "customerId", m.kind, m.audience, m.round, m.turn, m.batch_id AS "batchId", m.lead_id AS "leadId", m.merged, m.channel, m.locale, m.why, m.account, m.link_token AS "linkToken",
  m.state, m.state_reason AS "stateReason", m.address, m.subject, m.body, m.gateway, m.provider_id AS "providerId", m.provider_code AS "providerCode", m.fence, m.attempts, m.next_at AS "nextAt", m.created_at AS "createdAt", m.sent_at AS "sentAt"`;

export const CLAIMED = messageStep(['pending'], 'claimed');
const CANCELLED = messageStep(['pending', 'claimed'], 'cancelled');
const SHOWN = messageStep(['sent'], 'shown');

/**
 * True for a message `w` within the share of its campaign `c` that goes out by now: its place in all is the last eight of the random digits of its id.
 */
export const WITHIN_SHARE = withinShare('w', 'c');

/** The switch is asked in the statements that let messages go, so that it holds in every process from its commit on. */
export const IS_LIVE = `NOT EXISTS (SELECT FROM outreach_switch WHERE sending = 'held')`;
const ERASED = messageStep(['pending', 'claimed'], 'cancelled');

const INSERT = {
  name: 'messages.insert',
  text: `INSERT INTO message (id, customer_id, channel, locale, why, link_token, state, state_reason, next_at, round, turn, passes_on, account, campaign_id, incident_id, kind, created_at, audience, final_at)
         SELECT p.*, $14, $15, $16, $17, $18, CASE WHEN p.state = 'suppressed' THEN $17::timestamptz END
         FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::int[], $11::int[], $12::boolean[], $13::text[])
           AS p (id, customer_id, channel, locale, why, link_token, state, state_reason, next_at, round, turn, passes_on, account)
         ON CONFLICT (incident_id, customer_id, kind, round, turn) DO NOTHING
         RETURNING id`,
};
/** True for a message `m` that may lead its batch: the first of those of it that are due. So two processes never take two of one batch. */
const LEADS = `(m.batch_id IS NULL OR NOT EXISTS (
  SELECT FROM message w0
  JOIN campaign c0 ON c0.id = w0.campaign_id AND c0.state = 'approved' AND (c0.send_after IS NULL OR c0.send_after <= $1)
  WHERE w0.batch_id = m.batch_id AND w0.id < m.id AND w0.state = 'pending' AND w0.lead_id IS NULL AND w0.next_at <= $1
    AND w0.channel IS NOT DISTINCT FROM m.channel AND w0.turn = m.turn AND w0.kind = m.kind AND ${withinShare('w0', 'c0')}))`;
/**
 * Looks up the campaign of each message that is due, and no message by its channel: with few statistics PostgreSQL went through all messages of a channel
 * for each campaign (866 ms for a hundred of 200,000).
 */
const DUE = {
  name: 'messages.due',
  text: `SELECT ${COLUMNS}
         FROM message m,
           LATERAL (SELECT * FROM campaign x WHERE x.id = m.campaign_id AND x.state = 'approved' AND (x.send_after IS NULL OR x.send_after <= $1) OFFSET 0) c
         WHERE ${IS_LIVE} AND ${withinShare('m', 'c')} AND m.state IN (${sqlStates(CLAIMED.from)}) AND m.next_at <= $1 AND m.lead_id IS NULL AND ${LEADS}
           AND coalesce(m.channel = ANY ($3::text[]), true)
         ORDER BY m.next_at, m.id
         FOR UPDATE OF m SKIP LOCKED
         LIMIT $2`,
};
/** Rows changed in one statement: a backlog of any size is held within some runs, and none of them takes long. */
const HELD_AT_ONCE = 5000;
const HOLD = {
  name: 'messages.hold',
  text: `WITH due AS (
           SELECT w.id, w.incident_id
           FROM message w
           JOIN campaign c ON c.id = w.campaign_id AND c.state = 'approved'
           WHERE w.state = 'pending' AND w.channel = $1 AND w.next_at <= $3 AND w.lead_id IS NULL
           ORDER BY w.next_at
           FOR UPDATE OF w SKIP LOCKED
           LIMIT $4),
         known AS (
           SELECT DISTINCT incident_id
           FROM message
           WHERE state = 'pending' AND state_reason = 'over_ceiling'
             AND incident_id IN (SELECT incident_id FROM due)),
         held AS (
           UPDATE message m
           SET state_reason = 'over_ceiling', next_at = $2
           FROM due
           WHERE m.id = due.id
           RETURNING m.incident_id)
         SELECT incident_id AS "incidentId", count(*) AS count
         FROM held
         WHERE incident_id NOT IN (SELECT incident_id FROM known)
         GROUP BY 1`,
};
const CLAIM_DOUBT = {
  name: 'messages.claim_doubt',
  text: `UPDATE message m
         SET next_at = $3
         WHERE m.id IN (SELECT w.id FROM message w WHERE w.state = 'in_doubt' AND w.next_at <= $1 AND w.lead_id IS NULL ORDER BY w.next_at FOR UPDATE SKIP LOCKED LIMIT $2)
         RETURNING ${COLUMNS}`,
};

/** Fields that all messages of one plan share. */
export interface Plan {
  readonly campaignId: number;
  readonly incidentId: number;
  readonly kind: CampaignKind;
  readonly audience: AudienceKind;
}

/** A message as planning makes it. */
export interface PlannedMessage {
  readonly id: string;
  readonly customerId: number;
  readonly channel: Channel | null;
  readonly locale: string;
  readonly why: string;
  readonly linkToken: string;
  readonly state: PlannedState;
  readonly stateReason: MessageReason | null;
  readonly nextAt: Date;
  readonly round: number;
  readonly turn: number;
  /** Whether another channel is tried where this one does not arrive. */
  readonly passesOn: boolean;
  readonly account: string | null;
}

/** A claim on a message: whoever holds an older fence has lost it. */
export type Held = Pick<Message, 'id' | 'fence'>;

/** A change of a message's state and what is written with it; what is left out stays, but for the reason, which goes. */
export interface MessageChange {
  readonly from: readonly MessageState[];
  readonly to: MessageState;
  readonly reason?: MessageReason | null;
  /** The provider's own code. */
  readonly providerCode?: string;
  readonly nextAt?: Date;
  readonly leaseUntil?: Date;
  readonly gateway?: string;
  readonly providerId?: string;
  /** True: counts as one more attempt. */
  readonly attempt?: boolean;
}

/** All SQL that makes messages and moves them on. */
@Injectable()
export class MessageStore {
  /** Plans messages; a customer who has one of this kind about this incident gets no other. Returns how many are new. */
  async insert(tx: Tx, plan: Plan, messages: readonly PlannedMessage[], now: Date): Promise<number> {
    if (messages.length === 0) return 0;
    const rows = await tx.query(INSERT, [
      uuids(messages.map((one) => one.id.replaceAll('-', ''))),
      int8s(messages.map((one) => one.customerId)),
      texts(messages.map((one) => one.channel)),
      texts(messages.map((one) => one.locale)),
      texts(messages.map((one) => one.why)),
      texts(messages.map((one) => one.linkToken)),
      texts(messages.map((one) => one.state)),
      texts(messages.map((one) => one.stateReason)),
      timestamps(messages.map((one) => one.nextAt.getTime())),
      int4s(messages.map((one) => one.round)),
      int4s(messages.map((one) => one.turn)),
      messages.map((one) => one.passesOn),
      texts(messages.map((one) => one.account)),
      plan.campaignId,
      plan.incidentId,
      plan.kind,
      now,
      plan.audience,
    ]);
    return rows.length;
  }

  /**
   * Locks due messages of approved campaigns on these channels until the transaction ends, past those that another has locked. `LeaseStore.claim` is
   * to follow in the same transaction: on its own this claims nothing.
   */
  async due(tx: Tx, now: Date, limit: number, channels: readonly Channel[]): Promise<Message[]> {
    return tx.query<Message>(DUE, [now, limit, channels]);
  }

  /**
   * Lets due messages of a channel without room wait until it opens, `HELD_AT_ONCE` at most.
   * @returns incidents of which none was held before, with how many are held now
   */
  async hold(tx: Tx, channel: Channel, opens: Date, now: Date): Promise<{ incidentId: number; count: number }[]> {
    return tx.query(HOLD, [channel, opens, now, HELD_AT_ONCE]);
  }

  /**
   * Takes messages in doubt for a look at the provider; the next look is not before `again`. The fence stays, so that the worker whose
   * attempt it was may still say how it ended.
   */
  async claimDoubt(tx: Tx, now: Date, limit: number, again: Date): Promise<Message[]> {
    return tx.query<Message>(CLAIM_DOUBT, [now, limit, again]);
  }

  /**
   * Moves a message on, if the fence is still its own.
   * @returns false when another worker took it, or it is in none of the states `from`
   * @throws when the table of states does not allow the change
   */
  async move(sql: Sql, { id, fence }: Held, change: MessageChange, now: Date): Promise<boolean> {
    const { from, to } = messageStep(change.from, change.to);
    const rows = await sql.query(
      {
        name: 'messages.move',
        text: `UPDATE message
                 SET state = $4, state_reason = $5, next_at = coalesce($6, next_at), lease_until = $7, gateway = coalesce($8, gateway), provider_id = coalesce($9, provider_id), provider_code = coalesce($13, provider_code),
                 sent_at = CASE WHEN $4 IN ('sent', 'delivered') THEN coalesce(sent_at, $10) ELSE sent_at END, delivered_at = CASE WHEN $4 = 'delivered' THEN coalesce(delivered_at, $10) ELSE delivered_at END, final_at = CASE WHEN $11 THEN $10 END, attempts = attempts + $12
               WHERE id = $1 AND fence = $2 AND state = ANY ($3::text[])
               RETURNING id`,
      },
      [
        id,
        fence,
        from,
        to,
        change.reason ?? null,
        change.nextAt ?? null,
        change.leaseUntil ?? null,
        change.gateway ?? null,
        change.providerId ?? null,
        now,
        isFinal(to),
        change.attempt ? 1 : 0,
        change.providerCode ?? null,
      ],
    );
    return rows.length > 0;
  }

  /** Takes one customer's waiting message out of a campaign; undefined when they have none there that waits. */
  async takeOut(tx: Tx, campaignId: number, customerId: number, now: Date): Promise<string | undefined> {
    const [row] = await tx.query<{ id: string }>(
      `UPDATE message
       SET state = '${CANCELLED.to}', state_reason = 'taken_out', final_at = $3, fence = fence + 1
       WHERE campaign_id = $1 AND customer_id = $2 AND state IN (${sqlStates(CANCELLED.from)})
       RETURNING id`,
      [campaignId, customerId, now],
    );
    return row?.id;
  }

  /** Turns what the built-in outbox took while no provider was known into messages that nobody got; returns how many. */
  async unsend(tx: Tx, gateway: string): Promise<number> {
    const rows = await tx.query(
      `UPDATE message
       SET state = '${SHOWN.to}', state_reason = 'only_shown', sent_at = NULL
       WHERE gateway = $1 AND state IN (${sqlStates(SHOWN.from)})
       RETURNING id`,
      [gateway],
    );
    return rows.length;
  }

  /** Ends a doubt about a message with evidence of this kind; false when there is no doubt, or somebody else holds it. */
  async endDoubt(sql: Sql, message: Held, ending: DoubtEnding, now: Date, providerId?: string): Promise<boolean> {
    const to = DOUBT_ENDINGS[ending];
    const next = to === 'pending' ? { nextAt: now } : {};
    return this.move(sql, message, { from: ['in_doubt'], to, reason: ending, providerId, ...next }, now);
  }

  /**
   * Cancels what has not been handed to a provider of an incident (or of one campaign); returns how many. What a worker has claimed is taken from
   * it by a new fence.
   */
  async cancelPending(
    tx: Tx,
    where: { incidentId: number; kind: CampaignKind } | { campaignId: number },
    reason: MessageReason,
    now: Date,
  ): Promise<number> {
    const byCampaign = 'campaignId' in where;
    const sql = `UPDATE message
      SET state = '${CANCELLED.to}', state_reason = $2, final_at = $3, fence = fence + 1, lease_until = NULL
      WHERE state IN (${sqlStates(CANCELLED.from)}) AND ${byCampaign ? 'campaign_id = $1' : 'incident_id = $1 AND kind = $4'}
      RETURNING id`;
    const rows = await tx.query(
      sql,
      byCampaign ? [where.campaignId, reason, now] : [where.incidentId, reason, now, where.kind],
    );
    return rows.length;
  }

  /**
   * Moves messages that wait in one campaign into another when what says that their customers were hit has come to be trusted.
   * @param trusts trust that counts by itself
   */
  async promote(tx: Tx, from: number, to: number, trusts: readonly Trust[]): Promise<number> {
    const rows = await tx.query(
      `UPDATE message m
       SET campaign_id = $2
       WHERE m.campaign_id = $1 AND m.state = 'pending' AND ${trustedHit('$3')}
       RETURNING m.id`,
      [from, to, trusts],
    );
    return rows.length;
  }

  /**
   * Takes back what was planned for these customers as at risk and never left, so that it can be planned anew: what waits for approval, and what was
   * cancelled or had no way. What is approved, or was ever tried, stays.
   * @param onlyClaimed true: only what waits for a person because claims have a part in it
   */
  async makeRoom(tx: Tx, incidentId: number, customerIds: readonly number[], onlyClaimed: boolean): Promise<void> {
    await tx.query(
      `DELETE FROM message m
         USING campaign c
         WHERE c.id = m.campaign_id AND m.incident_id = $1 AND m.customer_id = ANY ($2::bigint[])
         AND m.kind = 'notice' AND m.audience = 'at_risk' AND m.attempts = 0
         AND (m.state = 'pending' AND c.state <> 'approved' OR m.state IN ('cancelled', 'suppressed')) AND (c.claimed OR NOT $3)`,
      [incidentId, int8s(customerIds), onlyClaimed],
    );
  }

  /** Counts the messages that `promote` would move. */
  async countPromotable(tx: Tx, from: number, trusts: readonly Trust[]): Promise<number> {
    const [row] = await tx.query<{ count: number }>(
      `SELECT count(*) AS count
       FROM message m
       WHERE m.campaign_id = $1 AND m.state = 'pending' AND ${trustedHit('$2')}`,
      [from, trusts],
    );
    return row?.count ?? 0;
  }

  /** The message behind a customer's link. */
  async byLink(sql: Sql, token: string): Promise<Message | undefined> {
    const [row] = await sql.query<Message>(
      { name: 'messages.by_link', text: `SELECT ${COLUMNS} FROM message m WHERE m.link_token = $1` },
      [token],
    );
    return row;
  }

  /** One message by its id. */
  async find(sql: Sql, id: string): Promise<Message | undefined> {
    const [row] = await sql.query<Message>(
      { name: 'messages.find', text: `SELECT ${COLUMNS} FROM message m WHERE m.id = $1` },
      [id],
    );
    return row;
  }

  /** Blanks what is left of erased customers and cancels what waited for them; returns how many. */
  async forgetErased(tx: Tx, now: Date): Promise<number> {
    const rows = await tx.query(
      `UPDATE message
         SET address = NULL, subject = NULL, body = NULL, account = NULL, why = '',
         state = CASE WHEN state IN (${sqlStates(ERASED.from)}) THEN '${ERASED.to}' ELSE state END,
         state_reason = CASE WHEN state IN (${sqlStates(ERASED.from)}) THEN 'erased' ELSE state_reason END,
         final_at = coalesce(final_at, CASE WHEN state IN (${sqlStates(ERASED.from)}) THEN $1::timestamptz END)
       WHERE customer_id IS NULL AND (body IS NOT NULL OR address IS NOT NULL OR account IS NOT NULL OR why <> '')
       RETURNING id`,
      [now],
    );
    return rows.length;
  }
}

/** True for a message `m` of somebody whom evidence of this trust hits, or who is told for a customer whom it hits. */
function trustedHit(trusts: string): string {
  return `(EXISTS (
      SELECT
      FROM audience_member a
      WHERE a.incident_id = m.incident_id AND a.customer_id = m.customer_id AND a.trust = ANY (${trusts}::text[]))
    OR m.account IS NOT NULL AND EXISTS (
      SELECT
      FROM message s
      JOIN audience_member a ON a.incident_id = s.incident_id AND a.customer_id = s.customer_id
      WHERE s.incident_id = m.incident_id AND s.account = m.account AND s.kind = 'notice' AND a.trust = ANY (${trusts}::text[])))`;
}

/** True for a message within the share of its campaign that goes out by now; both by their names in the statement. */
export function withinShare(message: string, campaign: string): string {
  return `(${campaign}.share >= 1 OR ('x' || substr(${message}.id::text, 29, 8))::bit(32)::bigint < ${campaign}.share * 4294967296)`;
}

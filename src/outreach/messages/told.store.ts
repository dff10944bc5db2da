import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Message } from '../campaign.js';
import { OPEN_MESSAGE_STATES, sqlStates } from '../states.js';
import { COLUMNS } from './message.store.js';

/**
 * Messages that did not arrive: finally failed, or without a report in time from a provider that has reported arrivals. One in doubt waits for its end, and
 * who told the provider to stop is not followed to another channel.
 */
const NOT_ARRIVED = {
  name: 'messages.not_arrived',
  text: `SELECT ${COLUMNS}
         FROM message m
         JOIN campaign c ON c.id = m.campaign_id
         WHERE m.incident_id = $1 AND m.passes_on AND m.state IN ('sent', 'failed') AND (m.kind = 'resolved') = $5
           AND m.customer_id IS NOT NULL AND m.channel IS NOT NULL AND c.policy = $2 AND c.state <> 'cancelled'
           AND CASE m.state
             WHEN 'failed' THEN m.state_reason IS DISTINCT FROM 'opted_out'
             ELSE m.sent_at <= $3 AND EXISTS (SELECT FROM provider_use p WHERE p.gateway = m.gateway AND p.heard_at IS NOT NULL) END
         ORDER BY m.id
         LIMIT $4
         FOR UPDATE OF m SKIP LOCKED`,
};
const OF_CLAIMS = 'm.campaign_id IN (SELECT id FROM campaign WHERE incident_id = $1 AND claimed)';
/** One row a customer, so that nothing is sorted: a large audience is planned in many steps, and each of them counts. */
const COUNT_NOTICES = {
  name: 'messages.count_notices',
  text: `SELECT count(*) AS count
         FROM message m
         WHERE m.incident_id = $1 AND m.kind IN ('notice', 'returned') AND m.turn = 1 AND m.state NOT IN ('suppressed', 'cancelled')
           AND CASE WHEN $2 THEN ${OF_CLAIMS} ELSE NOT (m.state = 'pending' AND ${OF_CLAIMS}) END`,
};

/** All SQL on who was told what about an incident, and who has yet to hear of it. */
@Injectable()
export class ToldStore {
  /**
   * Messages that told customers of these incidents, which became one, of whom none was written to about them since a moment, or has a message that
   * still may go out; one a customer, with the number of the update that comes next.
   * @param others policies whose campaigns are left out
   */
  async dueForUpdate(
    tx: Tx,
    incidentIds: readonly number[],
    { others, since, atMost }: { readonly others: readonly string[]; readonly since: Date; readonly atMost: number },
    limit: number,
  ): Promise<(Message & { readonly nextRound: number })[]> {
    return tx.query(
      `SELECT x.*
       FROM (
         SELECT DISTINCT ON (m.customer_id) ${COLUMNS}, 1 + (
           SELECT coalesce(max(u.round), 0)
           FROM message u
           WHERE u.incident_id = ANY ($1::bigint[]) AND u.customer_id = m.customer_id AND u.kind = 'update'
         ) AS "nextRound"
         FROM message m
         JOIN campaign c ON c.id = m.campaign_id AND c.policy <> ALL ($2::text[])
         WHERE m.incident_id = ANY ($1::bigint[])
           AND m.kind IN ('notice', 'returned')
           AND m.state IN ('sent', 'delivered')
           AND m.sent_at <= $3
           AND m.customer_id IS NOT NULL
         ORDER BY m.customer_id, m.state = 'delivered' DESC, m.turn DESC, m.id) x
       WHERE x."nextRound" <= $4
         AND NOT EXISTS (
           SELECT
           FROM message o
           WHERE o.incident_id = ANY ($1::bigint[])
             AND o.customer_id = x."customerId"
             AND (o.sent_at > $3 OR o.created_at > $3 OR o.state IN (${sqlStates(OPEN_MESSAGE_STATES)})))
       LIMIT $5`,
      [incidentIds, others, since, atMost, limit],
    );
  }

  /** The last time that a customer was written to about these incidents; undefined for never. */
  async lastSentAt(sql: Sql, incidentIds: readonly number[], customerId: number): Promise<Date | undefined> {
    const text = `SELECT max(sent_at) AS at
      FROM message
      WHERE incident_id = ANY ($1::bigint[]) AND customer_id = $2`;
    const [row] = await sql.query<{ at: Date | null }>({ name: 'messages.last_sent_at', text }, [
      incidentIds,
      customerId,
    ]);
    return row?.at ?? undefined;
  }

  /**
   * Locks messages of an incident under a policy that did not arrive and whose next channel is to be tried: words of its end once it is over, all others
   * before. `sentBefore` ends the wait for reports.
   */
  async notArrived(
    tx: Tx,
    { incidentId, policy, isOver }: { readonly incidentId: number; readonly policy: string; readonly isOver: boolean },
    sentBefore: Date,
    limit: number,
  ): Promise<Message[]> {
    return tx.query<Message>(NOT_ARRIVED, [incidentId, policy, sentBefore, limit, isOver]);
  }

  /** Notes that nothing more is to follow these messages on another channel. */
  async passedOn(tx: Tx, ids: readonly string[]): Promise<void> {
    await tx.query('UPDATE message SET passes_on = false WHERE id = ANY ($1::uuid[])', [ids]);
  }

  /** True if the same message arrived on an earlier channel. */
  async arrivedBefore(tx: Tx, { incidentId, customerId, kind, round, turn }: Message): Promise<boolean> {
    const text = `SELECT
      FROM message
      WHERE incident_id = $1 AND customer_id = $2 AND kind = $3 AND round = $4 AND turn < $5 AND state = 'delivered'
      LIMIT 1`;
    return (await tx.query(text, [incidentId, customerId, kind, round, turn])).length > 0;
  }

  /**
   * Messages about faults that count against a customer's cap: sent, or perhaps sent, since `since`; `except` is the one that asks. One that went
   * on to another channel counts once, and not against itself.
   */
  async countForCap(tx: Tx, customerId: number, except: Message, since: Date): Promise<number> {
    await tx.query('SELECT FROM customer WHERE id = $1 FOR UPDATE', [customerId]);
    const rows = await tx.query<{ count: number }>(
      {
        name: 'messages.count_for_cap',
        text: `SELECT count(DISTINCT (incident_id, kind, round)) AS count
               FROM message
               WHERE customer_id = $1 AND kind IN ('notice', 'update') AND lead_id IS NULL AND NOT (incident_id = $3 AND kind = $4 AND round = $5) AND
                 (sent_at >= $2 OR (state IN ('sending', 'in_doubt') OR (state = 'claimed' AND body IS NOT NULL)) AND created_at >= $2)`,
      },
      [customerId, since, except.incidentId, except.kind, except.round],
    );
    return onlyRow(rows, 'a count').count;
  }

  /**
   * Messages of these incidents, which became one, that reached somebody who has had no "fixed" yet; one a customer: one that is known to have
   * arrived, or the last channel that was tried.
   * @param others policies whose campaigns are left out
   */
  async toldWithoutResolved(
    tx: Tx,
    incidentIds: readonly number[],
    others: readonly string[],
    limit: number,
  ): Promise<Message[]> {
    return tx.query<Message>(
      `SELECT DISTINCT ON (m.customer_id) ${COLUMNS}
         FROM message m
         JOIN campaign c ON c.id = m.campaign_id AND c.policy <> ALL ($3::text[])
         WHERE m.incident_id = ANY ($1::bigint[]) AND m.kind <> 'resolved' AND m.state IN ('sent', 'delivered') AND m.customer_id IS NOT NULL
         AND NOT EXISTS (SELECT FROM message r WHERE r.incident_id = ANY ($1::bigint[]) AND r.customer_id = m.customer_id AND r.kind = 'resolved')
         ORDER BY m.customer_id, m.state = 'delivered' DESC, m.turn DESC, m.id
         LIMIT $2`,
      [incidentIds, limit, others],
    );
  }

  /**
   * Messages of the ended incidents `ended` that told somebody of the end who has heard nothing of its return, the incidents `returned`; one a
   * customer.
   * @param others policies whose campaigns are left out
   */
  async toldEndOf(
    tx: Tx,
    ended: readonly number[],
    returned: readonly number[],
    others: readonly string[],
    limit: number,
  ): Promise<Message[]> {
    return tx.query<Message>(
      `SELECT DISTINCT ON (m.customer_id) ${COLUMNS}
       FROM message m
       JOIN campaign c ON c.id = m.campaign_id AND c.policy <> ALL ($4::text[])
       WHERE m.incident_id = ANY ($1::bigint[])
         AND m.kind = 'resolved'
         AND m.state IN ('sent', 'delivered')
         AND m.customer_id IS NOT NULL
         AND NOT EXISTS (
           SELECT
           FROM message r
           WHERE r.incident_id = ANY ($2::bigint[])
             AND r.customer_id = m.customer_id
             AND (r.kind = 'returned' OR r.kind = 'notice' AND r.state NOT IN ('suppressed', 'cancelled', 'shown')))
       ORDER BY m.customer_id, m.id
       LIMIT $3`,
      [ended, returned, limit, others],
    );
  }

  /** True if the end of these incidents concerns anybody: a notice still waits, or one has reached a customer and `tellEnd` is set. */
  async needEnd(tx: Tx, incidentIds: readonly number[], tellEnd: boolean): Promise<boolean> {
    const states = ['pending', ...(tellEnd ? ['sent', 'delivered'] : [])];
    const sql = `SELECT 1
      FROM message
      WHERE incident_id = ANY ($1::bigint[]) AND kind <> 'resolved' AND state = ANY ($2::text[])
      LIMIT 1`;
    return (await tx.query(sql, [incidentIds, states])).length > 0;
  }

  /** Of these customers, those who are, or were, written to about one of these incidents. */
  async toldIn(tx: Tx, incidentIds: readonly number[], customerIds: readonly number[]): Promise<Set<number>> {
    if (incidentIds.length === 0) return new Set();
    const rows = await tx.query<{ id: number }>(
      `SELECT DISTINCT customer_id AS id
        FROM message
        WHERE incident_id = ANY ($1::bigint[]) AND customer_id = ANY ($2::bigint[]) AND kind <> 'resolved' AND state NOT IN ('suppressed', 'cancelled', 'shown')`,
      [incidentIds, customerIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Counts the customers of an incident who are, or were, told that there is a fault, by a notice or by word of its return; who was only shown one on the
   * outbox page and then told of the return counts twice.
   * @param claimed counts the waves of claims alone; left out, those of claims that a person approved count as well as all others
   */
  async countNotices(tx: Tx, incidentId: number, claimed = false): Promise<number> {
    return onlyRow(await tx.query<{ count: number }>(COUNT_NOTICES, [incidentId, claimed]), 'a count').count;
  }

  /** Customers who were told of these incidents, which became one, and those of them who do not know that it is over. */
  async countTold(sql: Sql, incidentIds: readonly number[]): Promise<{ told: number; untoldEnd: number }> {
    const rows = await sql.query<{ told: number; untoldEnd: number }>(
      `SELECT count(*) AS told, count(*) FILTER (WHERE NOT knows) AS "untoldEnd"
       FROM (SELECT m.customer_id, EXISTS (SELECT FROM message r WHERE r.incident_id = ANY ($1::bigint[]) AND r.customer_id = m.customer_id
               AND r.kind = 'resolved' AND r.state NOT IN ('pending', 'claimed')) AS knows
             FROM message m
             WHERE m.incident_id = ANY ($1::bigint[]) AND m.kind <> 'resolved' AND m.state IN ('sent', 'delivered') AND m.customer_id IS NOT NULL
             GROUP BY 1) t`,
      [incidentIds],
    );
    return onlyRow(rows, 'the count of the told');
  }
}

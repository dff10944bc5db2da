import { Injectable } from '@nestjs/common';
import { type Tx } from '../../platform/db/database.js';
import { type Message } from '../campaign.js';
import { messageStep, sqlStates } from '../states.js';
import { CLAIMED, COLUMNS, withinShare } from './message.store.js';

const LET_GO = messageStep(['claimed'], 'pending');
/** Reasons for which a message waits that are no reason to wait when another one goes. */
const MAY_JOIN = `(f.next_at <= $2 OR f.state_reason IS NULL OR f.state_reason IN ('no_receipt', 'earlier_failed', 'no_account_contact'))`;
const GATHER = {
  name: 'messages.gather',
  text: `WITH mergeable AS (
           SELECT *
           FROM unnest($3::text[], $4::text[]) AS p (name, class)),
         led AS (
           SELECT f.id, l.id AS lead_id
           FROM message l
           JOIN campaign lc ON lc.id = l.campaign_id
           JOIN mergeable lp ON lp.name = lc.policy
           JOIN message f ON f.batch_id = l.batch_id AND f.id <> l.id AND f.customer_id = l.customer_id AND f.kind = l.kind
             AND f.channel = l.channel AND f.turn = l.turn AND f.audience = l.audience
           JOIN campaign fc ON fc.id = f.campaign_id AND fc.state = 'approved' AND (fc.send_after IS NULL OR fc.send_after <= $2)
           JOIN mergeable fp ON fp.name = fc.policy AND fp.class = lp.class
           WHERE l.id = ANY ($1::uuid[]) AND f.state IN (${sqlStates(CLAIMED.from)}) AND f.lead_id IS NULL AND ${MAY_JOIN}
             AND ${withinShare('f', 'fc')}
           FOR UPDATE OF f SKIP LOCKED)
         UPDATE message m
         SET lead_id = led.lead_id, state = '${CLAIMED.to}', state_reason = NULL, fence = m.fence + 1, lease_until = NULL
         FROM led
         WHERE m.id = led.id`,
};
const FOLLOWERS = {
  name: 'messages.followers',
  text: `SELECT ${COLUMNS}, c.state = 'approved' AS "isApproved"
         FROM message m
         JOIN campaign c ON c.id = m.campaign_id
         WHERE m.lead_id = ANY ($1::uuid[]) AND m.state = '${CLAIMED.to}'
         ORDER BY m.id`,
};
const JOIN_BATCH = {
  name: 'messages.join_batch',
  text: `WITH mine AS (
           SELECT id, customer_id
           FROM message
           WHERE incident_id = $1 AND customer_id = ANY ($2::bigint[]) AND kind = $5
             AND state = 'pending' AND batch_id IS NULL AND attempts = 0),
         opened AS (
           INSERT INTO message_batch AS b (customer_id, due_at)
           SELECT DISTINCT customer_id, $3::timestamptz
           FROM mine
           ORDER BY customer_id
           ON CONFLICT (customer_id) DO UPDATE SET due_at = CASE WHEN b.due_at < $4 THEN EXCLUDED.due_at ELSE b.due_at END
           RETURNING b.id, b.customer_id, b.due_at)
         UPDATE message m
         SET batch_id = o.id, next_at = greatest(m.next_at, least(o.due_at, $3))
         FROM mine
         JOIN opened o ON o.customer_id = mine.customer_id
         WHERE m.id = mine.id`,
};
const CLOSE_BATCH = {
  name: 'messages.close_batch',
  text: `DELETE FROM message_batch
           WHERE id IN (
           SELECT id
           FROM message_batch
           WHERE id = ANY ($1::bigint[])
           ORDER BY id
           FOR UPDATE SKIP LOCKED)`,
};
/** All SQL on messages about several incidents: those of one customer that wait for each other, of which one is sent for all. */
@Injectable()
export class BatchStore {
  /** Lets messages of a kind about an incident to these customers wait for others to the same customer, until `until`; one batch a customer is open. */
  async joinBatch(
    tx: Tx,
    { incidentId, kind }: Pick<Message, 'incidentId' | 'kind'>,
    customerIds: readonly number[],
    until: Date,
    now: Date,
  ): Promise<void> {
    await tx.query(JOIN_BATCH, [incidentId, customerIds, until, now, kind]);
  }

  /**
   * Lets the other messages of their batches follow these, which are claimed, and ends the batches.
   * @param classes class of each policy that joins incidents, by name; one message is of one class
   * @returns those that follow, by the message that leads; they are claimed with it
   */
  async gather(
    tx: Tx,
    leads: readonly Message[],
    classes: ReadonlyMap<string, string>,
    now: Date,
  ): Promise<ReadonlyMap<string, (Message & { readonly isApproved: boolean })[]>> {
    const ids = leads.map(({ id }) => id);
    await tx.query(GATHER, [ids, now, [...classes.keys()], [...classes.values()]]);
    await tx.query(CLOSE_BATCH, [leads.map(({ batchId }) => batchId)]);
    const followers = new Map<string, (Message & { readonly isApproved: boolean })[]>();
    for (const one of await tx.query<Message & { readonly isApproved: boolean }>(FOLLOWERS, [ids]))
      followers.set(one.leadId ?? '', [...(followers.get(one.leadId ?? '') ?? []), one]);
    for (const { id } of leads) await this.setMerged(tx, id, followers.get(id)?.length ?? 0);
    return followers;
  }

  /** Keeps how many messages a message speaks for beside itself; it is not sent while others than these follow it. */
  async setMerged(tx: Tx, id: string, merged: number): Promise<void> {
    const text = 'UPDATE message SET merged = $2 WHERE id = $1 AND merged <> $2';
    await tx.query({ name: 'messages.set_merged', text }, [id, merged]);
  }

  /** Lets messages go by themselves that followed another. */
  async letGo(tx: Tx, ids: readonly string[]): Promise<void> {
    await tx.query(
      `UPDATE message
       SET lead_id = NULL, state = '${LET_GO.to}', lease_until = NULL, fence = fence + 1
       WHERE id = ANY ($1::uuid[]) AND state IN (${sqlStates(LET_GO.from)})`,
      [ids],
    );
  }
}

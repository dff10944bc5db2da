import { Injectable } from '@nestjs/common';
import { int8s, texts, uuids } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Message } from '../campaign.js';
import { type MessageReason } from '../reasons.js';
import { type Content } from './composer.service.js';
import { CLAIMED, IS_LIVE } from './message.store.js';
import { isFinal, type MessageState, messageStep, sqlStates } from '../states.js';

const RELEASED = messageStep(['claimed'], 'pending');
const BEGUN = messageStep(['claimed'], 'sending');
const DOUBTED = messageStep(['sending'], 'in_doubt');
/** States in which the answer to an attempt is written down. */
const ANSWERED = ['sending', 'in_doubt'] as const satisfies readonly MessageState[];

const RENEW = {
  name: 'leases.renew',
  text: `UPDATE message m
         SET lease_until = $3
         FROM unnest($1::uuid[], $2::bigint[]) AS h (id, fence)
         WHERE m.id = h.id AND m.fence = h.fence AND m.state IN ('claimed', 'sending')`,
};
const RELEASE = {
  name: 'leases.release',
  text: `UPDATE message m
         SET state = '${RELEASED.to}', lease_until = NULL
         FROM unnest($1::uuid[], $2::bigint[]) AS h (id, fence)
         WHERE m.id = h.id AND m.fence = h.fence AND m.state IN (${sqlStates(RELEASED.from)})`,
};
const BEGIN = {
  name: 'leases.begin',
  text: `UPDATE message m
         SET state = '${BEGUN.to}', state_reason = NULL, gateway = h.gateway, lease_until = $4, attempts = m.attempts + 1
         FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS h (id, fence, gateway)
         WHERE m.id = h.id AND m.fence = h.fence AND m.state IN (${sqlStates(BEGUN.from)})
           AND EXISTS (SELECT FROM campaign c WHERE c.id = m.campaign_id AND c.state = 'approved') AND ${IS_LIVE}
           AND (m.merged = 0 OR m.merged = (
             SELECT count(*)
             FROM message f
             JOIN campaign fc ON fc.id = f.campaign_id AND fc.state = 'approved'
             WHERE f.lead_id = m.id AND f.state IN (${sqlStates(BEGUN.from)})))
         RETURNING m.id`,
};
const SETTLE = {
  name: 'leases.settle',
  text: `UPDATE message m
           SET state = h.state, state_reason = h.reason, next_at = coalesce(h.next_at::timestamptz, m.next_at), lease_until = NULL,
           provider_id = coalesce(h.provider_id, m.provider_id), provider_code = coalesce(h.provider_code, m.provider_code),
           sent_at = CASE WHEN h.state = 'sent' THEN coalesce(m.sent_at, $8) ELSE m.sent_at END,
           final_at = CASE WHEN h.state = ANY ($9::text[]) THEN $8::timestamptz END
         FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
           AS h (id, fence, state, reason, next_at, provider_id, provider_code)
         WHERE m.id = h.id AND m.fence = h.fence AND m.state IN (${sqlStates(ANSWERED)})
         RETURNING m.id`,
};
const EXPIRE_CLAIMED = {
  name: 'leases.expire_claimed',
  text: `UPDATE message
         SET state = '${RELEASED.to}', lease_until = NULL
         WHERE id IN (SELECT id FROM message WHERE state IN (${sqlStates(RELEASED.from)}) AND lease_until < $1 FOR UPDATE SKIP LOCKED)
         RETURNING id`,
};
const EXPIRE_SENDING = {
  name: 'leases.expire_sending',
  text: `UPDATE message
         SET state = '${DOUBTED.to}', state_reason = 'worker_lost', lease_until = NULL, next_at = $1
         WHERE id IN (SELECT id FROM message WHERE state IN (${sqlStates(DOUBTED.from)}) AND lease_until < $1 FOR UPDATE SKIP LOCKED)
         RETURNING id`,
};

/** One write for the claim and the words: each write of a message goes into nearly all its indexes. */
const CLAIM = {
  name: 'leases.claim',
  text: `UPDATE message m
         SET state = '${CLAIMED.to}', fence = h.fence, lease_until = $7, channel = coalesce(h.channel, m.channel), address = coalesce(h.address, m.address),
           subject = CASE WHEN h.body IS NULL THEN m.subject ELSE h.subject END, body = coalesce(h.body, m.body)
         FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) AS h (id, fence, channel, address, subject, body)
         WHERE m.id = h.id AND m.fence = h.fence - 1 AND m.state IN (${sqlStates(CLAIMED.from)})`,
};
const SET_CONTENTS = {
  name: 'leases.set_contents',
  text: `UPDATE message m
         SET channel = h.channel, address = h.address, subject = h.subject, body = h.body
         FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) AS h (id, fence, channel, address, subject, body)
         WHERE m.id = h.id AND m.fence = h.fence`,
};
const RECALL = {
  name: 'leases.recall',
  text: `UPDATE message
         SET state = '${RELEASED.to}', fence = fence + 1, lease_until = NULL
         WHERE customer_id = ANY ($1::bigint[]) AND (channel = $2 OR channel IS NULL) AND state IN (${sqlStates(RELEASED.from)})`,
};
const STOPPED = messageStep(['pending', 'claimed'], 'cancelled');
const STOP = {
  name: 'leases.stop',
  text: `UPDATE message
         SET state = '${STOPPED.to}', state_reason = 'customer_stopped', fence = fence + 1, lease_until = NULL, final_at = $3
         WHERE incident_id = $1 AND customer_id = ANY ($2::bigint[]) AND state IN (${sqlStates(STOPPED.from)})`,
};
/** A message about the end that is there already is not planned again. */
const NO_END = {
  name: 'leases.no_end',
  text: `INSERT INTO message (id, campaign_id, incident_id, customer_id, kind, channel, locale, why, link_token, state, state_reason, next_at, created_at, final_at)
         SELECT gen_random_uuid(), m.campaign_id, m.incident_id, m.customer_id, 'resolved', m.channel, m.locale, m.why, left(replace(gen_random_uuid()::text, '-', ''), 16),
           'suppressed', 'customer_stopped', $3, $3, $3
         FROM message m
         WHERE m.incident_id = $1 AND m.customer_id = ANY ($2::bigint[]) AND m.kind <> 'resolved'
         ON CONFLICT DO NOTHING`,
};

/** A claim on a message: whoever holds an older fence has lost it. */
export type Lease = Pick<Message, 'id' | 'fence'>;

/** A message that is claimed, and its words unless they are written later. */
export interface Claim {
  readonly message: Lease;
  readonly content?: Content;
}

/** A message that is about to be handed to a gateway. */
export interface Beginning extends Lease {
  readonly gateway: string;
}

/** Outcome of an attempt as it is written to its message. */
export interface Settled extends Lease {
  readonly to: Extract<MessageState, 'sent' | 'shown' | 'pending' | 'failed' | 'in_doubt'>;
  readonly reason: MessageReason | null;
  readonly nextAt?: Date;
  readonly providerId?: string;
  /** The provider's own code. */
  readonly providerCode?: string;
}

/** Leases on messages, many in one statement. Rows that another process holds are left to it. */
@Injectable()
export class LeaseStore {
  /** Moves the end of leases that are still held. */
  async renew(sql: Sql, leases: readonly Lease[], until: Date): Promise<void> {
    if (leases.length > 0) await sql.query(RENEW, [...held(leases), until]);
  }

  /** Gives back messages that were claimed and not begun. */
  async release(sql: Sql, leases: readonly Lease[]): Promise<void> {
    if (leases.length > 0) await sql.query(RELEASE, held(leases));
  }

  /**
   * Claims messages that this transaction has locked, under a lease, with what they will say where that is written by now.
   * @param claims with the fence that each gets: one above its last
   */
  async claim(tx: Tx, claims: readonly Claim[], until: Date): Promise<void> {
    if (claims.length > 0) await tx.query(CLAIM, [...contents(claims), until]);
  }

  /** Keeps what claimed messages will say and where they go. */
  async setContents(tx: Tx, messages: readonly Required<Claim>[]): Promise<void> {
    if (messages.length > 0) await tx.query(SET_CONTENTS, contents(messages));
  }

  /** Marks messages of approved campaigns as about to be handed to a provider; returns the ids of those that are still the worker's own. */
  async begin(tx: Tx, messages: readonly Beginning[], until: Date): Promise<Set<string>> {
    const values = [...held(messages), texts(messages.map(({ gateway }) => gateway)), until];
    return idsOf(await tx.query<{ id: string }>(BEGIN, values));
  }

  /** Writes down how attempts ended; returns the ids of those messages that the worker had not lost. */
  async settle(tx: Tx, messages: readonly Settled[], now: Date): Promise<Set<string>> {
    for (const { to } of messages) messageStep(ANSWERED, to);
    const values = [
      ...held(messages),
      texts(messages.map(({ to }) => to)),
      texts(messages.map(({ reason }) => reason)),
      texts(messages.map(({ nextAt }) => nextAt?.toISOString() ?? null)),
      texts(messages.map(({ providerId }) => providerId ?? null)),
      texts(messages.map(({ providerCode }) => providerCode ?? null)),
      now,
      [...new Set(messages.map(({ to }) => to))].filter(isFinal),
    ];
    return idsOf(await tx.query<{ id: string }>(SETTLE, values));
  }

  /** Takes claimed messages of customers on a channel away from their workers. */
  async recall(tx: Tx, customerIds: readonly number[], channel: string): Promise<void> {
    await tx.query(RECALL, [customerIds, channel]);
  }

  /** Cancels what waits about an incident for these customers, and notes that they are not to hear of its end. */
  async stopIncident(tx: Tx, incidentId: number, customerIds: readonly number[], now: Date): Promise<void> {
    await tx.query(STOP, [incidentId, customerIds, now]);
    await tx.query(NO_END, [incidentId, customerIds, now]);
  }

  /** Gives back what a dead worker had claimed, and puts in doubt what it was sending; returns how many of each. */
  async expire(tx: Tx, now: Date): Promise<{ released: number; doubted: number }> {
    const released = await tx.query(EXPIRE_CLAIMED, [now]);
    const doubted = await tx.query(EXPIRE_SENDING, [now]);
    return { released: released.length, doubted: doubted.length };
  }
}

function held(leases: readonly Lease[]): [Buffer, Buffer] {
  return [uuids(leases.map(({ id }) => id.replaceAll('-', ''))), int8s(leases.map(({ fence }) => fence))];
}

function contents(claims: readonly Claim[]): Buffer[] {
  return [
    ...held(claims.map(({ message }) => message)),
    texts(claims.map(({ content }) => content?.channel ?? null)),
    texts(claims.map(({ content }) => content?.address ?? null)),
    texts(claims.map(({ content }) => content?.subject ?? null)),
    texts(claims.map(({ content }) => content?.body ?? null)),
  ];
}

function idsOf(rows: readonly { id: string }[]): Set<string> {
  return new Set(rows.map(({ id }) => id));
}

import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { int8s, texts, timestamps, uuids } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** A message as the built-in outbox keeps it. */
export interface OutboxMail {
  readonly channel: Channel;
  readonly address: string;
  readonly subject: string | null;
  readonly body: string;
  readonly at: Date;
}

/** One call to a provider. */
export interface Attempt {
  readonly id: string;
  /** Name of the gateway. */
  readonly gateway: string;
  readonly startedAt: Date;
}

interface Begun extends Attempt {
  readonly message: { readonly id: string; readonly fence: number };
}

interface EndedAttempt {
  readonly id: string;
  readonly result: string;
  readonly reason: string | null;
  readonly providerId: string | null;
}

const BEGIN = {
  name: 'attempts.begin',
  text: `INSERT INTO attempt (id, message_id, fence, gateway, started_at)
         SELECT b.*
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[]) AS b (id, message_id, fence, gateway, started_at)
         JOIN message m ON m.id = b.message_id AND m.fence = b.fence AND m.state = 'sending'
         ON CONFLICT (id) DO NOTHING`,
};
const END = {
  name: 'attempts.end',
  text: `UPDATE attempt a
         SET finished_at = $5, result = e.result, reason = e.reason, provider_id = e.provider_id
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS e (id, result, reason, provider_id)
         WHERE a.id = e.id`,
};

/** Calls to providers, and what the built-in outbox "sent". */
@Injectable()
export class AttemptStore {
  /** Writes attempts down before the provider is called: those whose messages were marked as being sent in this transaction. */
  async begin(tx: Tx, attempts: readonly Begun[]): Promise<void> {
    await tx.query(BEGIN, [
      ids(attempts.map(({ id }) => id)),
      ids(attempts.map(({ message }) => message.id)),
      int8s(attempts.map(({ message }) => message.fence)),
      texts(attempts.map(({ gateway }) => gateway)),
      timestamps(attempts.map(({ startedAt }) => startedAt.getTime())),
    ]);
  }

  /** Writes down how attempts ended. */
  async end(tx: Tx, attempts: readonly EndedAttempt[], now: Date): Promise<void> {
    await tx.query(END, [
      ids(attempts.map(({ id }) => id)),
      texts(attempts.map(({ result }) => result)),
      texts(attempts.map(({ reason }) => reason)),
      texts(attempts.map(({ providerId }) => providerId)),
      now,
    ]);
  }

  /** Beginning of the last attempt for a message. */
  async lastStartedAt(sql: Sql, messageId: string): Promise<Date | undefined> {
    const [row] = await sql.query<{ at: Date | null }>(
      'SELECT max(started_at) AS at FROM attempt WHERE message_id = $1',
      [messageId],
    );
    return row?.at ?? undefined;
  }

  /** Puts a message into the outbox, where it goes with its customer when they are erased; a second time changes nothing. */
  async putOutbox(sql: Sql, messageId: string, mail: OutboxMail): Promise<void> {
    const { channel, address, subject, body, at } = mail;
    await sql.query(
      `INSERT INTO outbox_mail (message_id, customer_id, channel, address, subject, body, at)
       SELECT $1, m.customer_id, $2, $3, $4, $5, $6
       FROM message m
       WHERE m.id = $1
       ON CONFLICT (message_id) DO NOTHING`,
      [messageId, channel, address, subject, body, at],
    );
  }

  /** True if the outbox holds a message. */
  async inOutbox(sql: Sql, messageId: string): Promise<boolean> {
    return (await sql.query('SELECT FROM outbox_mail WHERE message_id = $1', [messageId])).length > 0;
  }

  /** True if the installation has ever had a provider. */
  async providerUsed(sql: Sql): Promise<boolean> {
    return (await sql.query('SELECT FROM provider_use LIMIT 1')).length > 0;
  }

  /** Remembers for good that the installation has this provider; true when it is the first of all. */
  async useProvider(tx: Tx, gateway: string, now: Date): Promise<boolean> {
    const first = !(await this.providerUsed(tx));
    await tx.query('INSERT INTO provider_use (gateway, since) VALUES ($1, $2) ON CONFLICT DO NOTHING', [gateway, now]);
    return first;
  }

  /** The newest of the outbox. */
  async listOutbox(sql: Sql, limit: number): Promise<OutboxMail[]> {
    return sql.query<OutboxMail>(
      'SELECT channel, address, subject, body, at FROM outbox_mail ORDER BY id DESC LIMIT $1',
      [limit],
    );
  }
}

function ids(values: readonly string[]): Buffer {
  return uuids(values.map((id) => id.replaceAll('-', '')));
}

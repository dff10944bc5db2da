import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** A message as the built-in outbox keeps it. */
export interface OutboxMail {
  readonly channel: Channel;
  readonly address: string;
  readonly subject: string | null;
  readonly body: string;
  readonly at: Date;
}

/** Calls to providers, and what the built-in outbox "sent". */
@Injectable()
export class AttemptStore {
  /** Writes an attempt down before the provider is called. */
  async begin(tx: Tx, id: string, messageId: string, fence: number, gateway: string, now: Date): Promise<void> {
    const sql = {
      name: 'attempts.begin',
      text: 'INSERT INTO attempt (id, message_id, fence, gateway, started_at) VALUES ($1, $2, $3, $4, $5)',
    };
    await tx.query(sql, [id, messageId, fence, gateway, now]);
  }

  /** Writes down how an attempt ended. */
  async end(
    tx: Tx,
    id: string,
    result: string,
    reason: string | null,
    providerId: string | null,
    now: Date,
  ): Promise<void> {
    const sql = {
      name: 'attempts.end',
      text: 'UPDATE attempt SET finished_at = $5, result = $2, reason = $3, provider_id = $4 WHERE id = $1',
    };
    await tx.query(sql, [id, result, reason, providerId, now]);
  }

  /** When the last attempt for a message began. */
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
       SELECT $1, m.customer_id, $2, $3, $4, $5, $6 FROM message m WHERE m.id = $1 ON CONFLICT (message_id) DO NOTHING`,
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

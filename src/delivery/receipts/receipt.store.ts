import { Injectable } from '@nestjs/common';
import { type MessageReason } from '../../outreach/reasons.js';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** Report of somebody outside on what became of a message. */
export interface Receipt {
  readonly messageId: string;
  /** Name of the gateway that reports, or `bounce`. */
  readonly source: string;
  readonly kind: 'sent' | 'delivered' | 'failed' | 'delayed' | 'complaint';
  readonly reason?: MessageReason;
  /** The reporter's own code. */
  readonly code?: string;
  readonly providerId?: string;
}

/** Size and price of a message as the provider bills it. */
export interface Cost {
  readonly segments?: number;
  /** A decimal number as text. */
  readonly price?: string;
  /** ISO 4217. */
  readonly unit?: string;
}

/** All SQL on receipts and on the secrets of this room. */
@Injectable()
export class ReceiptStore {
  /** Keeps a receipt; one that says the same again changes nothing. */
  async add(tx: Tx, receipt: Receipt, now: Date): Promise<void> {
    const { messageId, source, kind, reason, code, providerId } = receipt;
    await tx.query(
      `INSERT INTO receipt (message_id, source, kind, reason, code, provider_id, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT DO NOTHING`,
      [messageId, source, kind, reason ?? null, code ?? null, providerId ?? null, now],
    );
  }

  /** Remembers that a provider reports arrivals, so that a report that does not come says something. */
  async setHeard(tx: Tx, gateway: string, now: Date): Promise<void> {
    const text = 'UPDATE provider_use SET heard_at = $2 WHERE gateway = $1 AND heard_at IS NULL';
    await tx.query({ name: 'receipts.set_heard', text }, [gateway, now]);
  }

  /** Counts the messages to an address whose mailbox was full since `since`. */
  async countFull(tx: Tx, address: string, since: Date): Promise<number> {
    const [row] = await tx.query<{ count: number }>(
      `SELECT count(DISTINCT m.id) AS count
       FROM message m
       JOIN receipt r ON r.message_id = m.id
       WHERE m.address = $1 AND m.created_at >= $2::timestamptz - interval '7 days' AND r.reason = 'mailbox_full' AND r.at >= $2`,
      [address, since],
    );
    return row?.count ?? 0;
  }

  /** Keeps how many parts of messages are billed. */
  async setSegments(
    tx: Tx,
    sizes: readonly { readonly messageId: string; readonly segments: number }[],
  ): Promise<void> {
    await tx.query(
      'UPDATE message m SET segments = s.segments FROM unnest($1::uuid[], $2::int[]) AS s (id, segments) WHERE m.id = s.id',
      [sizes.map(({ messageId }) => messageId), sizes.map(({ segments }) => segments)],
    );
  }

  /** Keeps what a message cost; what is left out stays. */
  async setCost(tx: Tx, messageId: string, { segments, price, unit }: Cost): Promise<void> {
    await tx.query(
      `UPDATE message
       SET segments = coalesce($2, segments), price = coalesce($3::numeric, price), price_unit = coalesce($4, price_unit)
       WHERE id = $1`,
      [messageId, segments ?? null, price ?? null, unit ?? null],
    );
  }

  /** The secret behind the codes of bounce addresses; the migration made it. */
  async bounceSecret(sql: Sql): Promise<string> {
    const [row] = await sql.query<{ value: string }>("SELECT value FROM delivery_secret WHERE name = 'bounce'");
    if (!row) throw new Error('there is no secret for bounce addresses');
    return row.value;
  }
}

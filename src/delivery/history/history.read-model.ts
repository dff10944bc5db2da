import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { type MessageReason } from '../../outreach/reasons.js';
import { type MessageState } from '../../outreach/states.js';
import { type Sql } from '../../platform/db/database.js';

/** One message to a customer, with what became of it. */
export interface HistoryRow {
  readonly id: string;
  readonly incidentId: number;
  readonly campaignId: number;
  readonly kind: string;
  readonly channel: Channel | null;
  readonly locale: string;
  readonly state: MessageState;
  readonly reason: MessageReason | null;
  readonly why: string;
  readonly subject: string | null;
  readonly body: string | null;
  readonly gateway: string | null;
  readonly providerId: string | null;
  readonly providerCode: string | null;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly segments: number | null;
  readonly price: string | null;
  readonly priceUnit: string | null;
  readonly receipts: readonly {
    readonly kind: string;
    readonly source: string;
    readonly reason: string | null;
    readonly code: string | null;
    readonly at: string;
  }[];
}

/** Reads what a customer was told. */
@Injectable()
export class HistoryReadModel {
  /** Messages to a customer with a smaller id than `before` (all when null), newest first, each with its reports in order. */
  async ofCustomer(sql: Sql, customerId: number, before: string | null, limit: number): Promise<HistoryRow[]> {
    return sql.query<HistoryRow>(
      `SELECT m.id, m.incident_id AS "incidentId", m.campaign_id AS "campaignId", m.kind, m.channel, m.locale, m.state, m.state_reason AS reason, m.why,
         m.subject, m.body, m.gateway, m.provider_id AS "providerId", m.provider_code AS "providerCode", m.attempts, m.created_at AS "createdAt",
         m.sent_at AS "sentAt", m.delivered_at AS "deliveredAt", m.segments, m.price::text AS price, m.price_unit AS "priceUnit",
         coalesce((SELECT jsonb_agg(jsonb_build_object('kind', r.kind, 'source', r.source, 'reason', r.reason, 'code', r.code, 'at', r.at) ORDER BY r.id)
           FROM receipt r
           WHERE r.message_id = m.id), '[]') AS receipts
       FROM message m
       WHERE m.customer_id = $1 AND ($2::uuid IS NULL OR m.id < $2)
       ORDER BY m.id DESC
       LIMIT $3`,
      [customerId, before, limit],
    );
  }
}

import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { type MessageReason } from '../../outreach/reasons.js';
import { type Sql } from '../../platform/db/database.js';

/** A message of which nobody knows if it went out. */
export interface Doubt {
  readonly id: string;
  readonly incidentId: number;
  readonly campaignId: number;
  readonly customerId: number | null;
  readonly channel: Channel | null;
  readonly address: string | null;
  readonly body: string | null;
  readonly gateway: string | null;
  readonly reason: MessageReason | null;
  /** Beginning of the attempt in question. */
  readonly since: Date | null;
  readonly nextLook: Date;
}

/** Reads the messages in doubt. */
@Injectable()
export class DoubtsReadModel {
  /** Messages in doubt in the order of their ids, after `after`. */
  async list(sql: Sql, after: string, limit: number): Promise<Doubt[]> {
    return sql.query<Doubt>(
      `SELECT m.id, m.incident_id AS "incidentId", m.campaign_id AS "campaignId", m.customer_id AS "customerId", m.channel, m.address, m.body,
         m.gateway, m.state_reason AS reason, m.next_at AS "nextLook",
         (SELECT max(a.started_at) FROM attempt a WHERE a.message_id = m.id) AS since
       FROM message m
       WHERE m.state = 'in_doubt' AND m.lead_id IS NULL AND m.id > $1
       ORDER BY m.id
       LIMIT $2`,
      [after, limit],
    );
  }
}

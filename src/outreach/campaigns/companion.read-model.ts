import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { type Message } from '../campaign.js';

/** Reads which other messages to the same customer one message would speak for. */
@Injectable()
export class CompanionReadModel {
  /**
   * Lists the incidents of the messages that wait in the same batch, whether a person approved them yet or not.
   * @param policies names of those whose messages it may speak for
   */
  async incidents(sql: Sql, { id }: Pick<Message, 'id'>, policies: readonly string[]): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      `SELECT f.incident_id AS id
       FROM message l
       JOIN message f ON f.batch_id = l.batch_id AND f.id <> l.id AND f.customer_id = l.customer_id AND f.kind = l.kind
         AND f.channel = l.channel AND f.turn = l.turn AND f.audience = l.audience
       JOIN campaign c ON c.id = f.campaign_id AND c.state IN ('awaiting_approval', 'approved') AND c.policy = ANY ($2::text[])
       WHERE l.id = $1 AND f.state = 'pending' AND f.lead_id IS NULL
       ORDER BY f.incident_id`,
      [id, policies],
    );
    return rows.map((row) => row.id);
  }
}

import { Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type CampaignKind, type Message } from '../campaign.js';
import { type MessageReason } from '../reasons.js';
import { type MessageState } from '../states.js';
import { COLUMNS } from './message.store.js';

/** Lists and counts messages, for people and for metrics. */
@Injectable()
export class MessageReadModel {
  /** Messages that wait for room under a ceiling, by channel. */
  async countHeld(sql: Sql): Promise<{ channel: Channel; count: number }[]> {
    return sql.query(
      `SELECT channel, count(*) AS count
       FROM message
       WHERE state = 'pending' AND state_reason = 'over_ceiling' AND channel IS NOT NULL
       GROUP BY 1`,
    );
  }

  /** A customer's message in a campaign; undefined when they have none. */
  async ofCustomer(sql: Sql, campaignId: number, customerId: number): Promise<Message | undefined> {
    const [row] = await sql.query<Message>(
      `SELECT ${COLUMNS}
        FROM message m
        WHERE m.campaign_id = $1 AND m.customer_id = $2
        LIMIT 1`,
      [campaignId, customerId],
    );
    return row;
  }

  /** Counts the messages of approved campaigns that are due. */
  async countDue(sql: Sql, now: Date): Promise<number> {
    const text = `SELECT count(*) AS count
      FROM message m
      JOIN campaign c ON c.id = m.campaign_id AND c.state = 'approved'
      WHERE m.state IN ('pending', 'claimed') AND m.next_at <= $1`;
    return onlyRow(await sql.query<{ count: number }>(text, [now]), 'the count of messages').count;
  }

  /** Counts the messages of a campaign that wait. */
  async countWaiting(sql: Sql, campaignId: number): Promise<number> {
    const text = `SELECT count(*) AS count
      FROM message
      WHERE campaign_id = $1 AND state = 'pending'`;
    return onlyRow(await sql.query<{ count: number }>(text, [campaignId]), 'the count of messages').count;
  }

  /** Languages in which messages of a campaign wait, in a fixed order. */
  async localesOf(sql: Sql, campaignId: number): Promise<string[]> {
    const text = `SELECT DISTINCT locale
      FROM message
      WHERE campaign_id = $1 AND state = 'pending'
      ORDER BY 1`;
    return (await sql.query<{ locale: string }>(text, [campaignId])).map(({ locale }) => locale);
  }

  /** Campaigns of an incident with messages that have not gone out. */
  async waitingOf(
    sql: Sql,
    incidentId: number,
  ): Promise<{ id: number; kind: CampaignKind; state: string; messages: number }[]> {
    return sql.query(
      `SELECT c.id, c.kind, c.state, count(*) AS messages
       FROM message m
       JOIN campaign c ON c.id = m.campaign_id
       WHERE m.incident_id = $1 AND m.state IN ('pending', 'claimed')
       GROUP BY c.id
       ORDER BY c.id`,
      [incidentId],
    );
  }

  /** A campaign's messages, in order of id after `after`. */
  async ofCampaign(sql: Sql, campaignId: number, after: string, limit: number): Promise<Message[]> {
    return sql.query<Message>(
      `SELECT ${COLUMNS}
        FROM message m
        WHERE m.campaign_id = $1 AND m.id > $2
        ORDER BY m.id
        LIMIT $3`,
      [campaignId, after, limit],
    );
  }

  /** A campaign's messages by channel, state and reason. */
  async summary(
    sql: Sql,
    campaignId: number,
  ): Promise<{ channel: Channel | null; state: MessageState; reason: MessageReason | null; count: number }[]> {
    return sql.query(
      'SELECT channel, state, state_reason AS reason, count(*) AS count FROM message WHERE campaign_id = $1 GROUP BY 1, 2, 3 ORDER BY 4 DESC',
      [campaignId],
    );
  }

  /** Messages by channel and state, for the metrics. */
  async countByState(sql: Sql): Promise<{ channel: Channel | null; state: MessageState; count: number }[]> {
    return sql.query('SELECT channel, state, count(*) AS count FROM message GROUP BY 1, 2');
  }
}

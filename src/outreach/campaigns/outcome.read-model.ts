import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type CampaignOutcome } from '../algorithm/brake.js';
import { WITHIN_SHARE } from '../messages/message.store.js';

/** Reads how a campaign that goes out fares. */
@Injectable()
export class OutcomeReadModel {
  async of(sql: Sql, campaignId: number): Promise<CampaignOutcome> {
    const rows = await sql.query<CampaignOutcome>(
      `SELECT count(*) FILTER (WHERE w.state IN ('sent', 'delivered', 'failed')) AS tried,
         count(*) FILTER (WHERE w.state = 'failed') AS failed,
         count(*) FILTER (WHERE w.sent_at IS NOT NULL AND EXISTS (
           SELECT
           FROM consent_entry e
           WHERE e.customer_id = w.customer_id AND NOT e.granted AND e.at >= w.sent_at)) AS "optedOut",
         count(*) FILTER (WHERE EXISTS (
           SELECT
           FROM receipt r
           WHERE r.message_id = w.id AND r.kind = 'complaint')) AS complained,
         count(*) FILTER (WHERE w.state IN ('pending', 'claimed', 'sending') AND ${WITHIN_SHARE}) AS open
       FROM message w
       JOIN campaign c ON c.id = w.campaign_id
       WHERE c.id = $1`,
      [campaignId],
    );
    return onlyRow(rows, 'the outcome of a campaign');
  }
}

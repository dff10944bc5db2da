import { Injectable } from '@nestjs/common';
import { type Trust } from '../../projects/project-key.js';
import { type Sql } from '../../platform/db/database.js';

/** Number of a campaign's customers by the trust of the evidence that they were hit or are at risk. */
export interface CampaignTrust extends Readonly<Record<Trust, number>> {
  /** Distinct senders (a key at an address) that first claimed a hit of those who are only claimed; unknown senders count as one. */
  readonly sources: number;
}

/** Reads the trust of a campaign's evidence for the person who approves it. */
@Injectable()
export class TrustReadModel {
  /** Customers with a message in the campaign by the trust of their evidence, suppressed ones left out. */
  async ofCampaign(sql: Sql, campaignId: number): Promise<CampaignTrust> {
    const rows = await sql.query<{ trust: Trust; count: number }>(
      `SELECT coalesce(r.trust, a.trust) AS trust, count(*) AS count
         FROM message m
         LEFT JOIN audience_member a ON a.incident_id = m.incident_id AND a.customer_id = m.customer_id
         LEFT JOIN at_risk_member r ON m.audience = 'at_risk' AND r.incident_id = m.incident_id AND r.customer_id = m.customer_id
       WHERE m.campaign_id = $1 AND m.state <> 'suppressed' AND (r.trust IS NOT NULL OR a.trust IS NOT NULL)
       GROUP BY 1`,
      [campaignId],
    );
    const [row] = await sql.query<{ sources: number }>(
      `SELECT count(DISTINCT coalesce(h.source, 0)) AS sources
         FROM message m
         JOIN audience_member a ON a.incident_id = m.incident_id AND a.customer_id = m.customer_id AND a.trust = 'claimed'
         JOIN issue_customer h ON h.customer_id = m.customer_id
         JOIN cell c ON c.id = h.cell_id
         JOIN incident_issue i ON i.incident_id = m.incident_id AND i.issue_id = c.issue_id
       WHERE m.campaign_id = $1 AND m.state <> 'suppressed'`,
      [campaignId],
    );
    const count = (trust: Trust) => rows.find((one) => one.trust === trust)?.count ?? 0;
    return {
      claimed: count('claimed'),
      signed: count('signed'),
      server: count('server'),
      sources: row?.sources ?? 0,
    };
  }
}

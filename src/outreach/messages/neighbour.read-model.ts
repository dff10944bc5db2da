import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

const OPEN = {
  name: 'neighbours.open',
  text: `SELECT a.incident_id AS id
    FROM audience_member a
    JOIN incident i ON i.id = a.incident_id AND i.status <> 'resolved'
    WHERE a.customer_id = $1 AND a.kind = 'affected' AND a.incident_id <> $2
    ORDER BY a.incident_id
    LIMIT 10`,
};
const MAILS = {
  name: 'neighbours.mails',
  text: `SELECT coalesce(l.provider_id, m.provider_id) AS id
    FROM message m
    LEFT JOIN message l ON l.id = m.lead_id
    WHERE m.customer_id = $1
      AND m.incident_id = ANY ($2::bigint[])
      AND m.channel = 'email'
      AND m.state IN ('sent', 'delivered')
      AND coalesce(l.provider_id, m.provider_id) IS NOT NULL
      AND m.id <> $3
    ORDER BY m.sent_at, m.id
    LIMIT 20`,
};
/** A Message-ID (RFC 5322, 3.6.4) as our SMTP gateway keeps it; other providers keep ids of their own. */
const MESSAGE_ID = /^<[^<>\s@]{1,100}@[^<>\s@]{1,253}>$/;

/** Reads what else a customer meets or got beside one message. */
@Injectable()
export class NeighbourReadModel {
  /** Open incidents that hit a customer, other than this one. */
  async open(sql: Sql, customerId: number, except: number): Promise<number[]> {
    return (await sql.query<{ id: number }>(OPEN, [customerId, except])).map(({ id }) => id);
  }

  /** Message-IDs of the mails that a customer got about these incidents, also together with others, oldest first. */
  async mails(sql: Sql, customerId: number, incidentIds: readonly number[], except: string): Promise<string[]> {
    const rows = await sql.query<{ id: string }>(MAILS, [customerId, incidentIds, except]);
    return rows.flatMap(({ id }) => (MESSAGE_ID.test(id) ? [id] : []));
  }
}

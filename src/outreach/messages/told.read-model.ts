import { Injectable } from '@nestjs/common';
import { type Told } from '../../explanations/told.service.js';
import { type Sql } from '../../platform/db/database.js';

const TOLD = {
  name: 'messages.told_to',
  text: `SELECT incident_id AS "incidentId", channel, kind, sent_at AS at
    FROM message
    WHERE customer_id = $1
      AND incident_id = ANY ($2::bigint[])
      AND state IN ('sent', 'delivered')
      AND sent_at IS NOT NULL
    ORDER BY sent_at`,
};

const APPROVED = {
  name: 'messages.approved_incidents',
  text: `SELECT incident_id AS id
    FROM campaign
    WHERE incident_id = ANY ($1::bigint[])
      AND kind IN ('notice', 'returned')
    GROUP BY incident_id
    HAVING bool_or(state IN ('approved', 'done')) AND NOT bool_or(state = 'paused')`,
};

/** Reads what customers were told, for whoever answers them. */
@Injectable()
export class ToldReadModel {
  /** Lists what one customer was sent about these incidents, oldest first. */
  async of(sql: Sql, customerId: number, incidentIds: readonly number[]): Promise<Told[]> {
    return sql.query<Told>(TOLD, [customerId, incidentIds]);
  }

  /** Those of these incidents whose fault a campaign may tell of, and of which none is held. */
  async approved(sql: Sql, incidentIds: readonly number[]): Promise<Set<number>> {
    return new Set((await sql.query<{ id: number }>(APPROVED, [incidentIds])).map(({ id }) => id));
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

/** Words of others that are compared, the newest of each incident. */
const SAID = 30;

/** Relation of a customer to incidents. */
export interface Concerns {
  readonly hit: ReadonlySet<number>;
  readonly atRisk: ReadonlySet<number>;
}

/** Reads which incidents concern a customer, and what others said about them. */
@Injectable()
export class ConcernReadModel {
  /** Reads the incidents among these whose issues hit the customer in their time, and those that may concern them. */
  async of(sql: Sql, customerId: number, incidentIds: readonly number[]): Promise<Concerns> {
    const rows = await sql.query<{ id: number; hit: boolean }>(
      `SELECT DISTINCT n.id, true AS hit
       FROM customer p
       JOIN issue_customer h ON h.customer_id = p.id
       JOIN cell k ON k.id = h.cell_id
       JOIN issue i ON i.id = k.issue_id
       JOIN issue r ON r.id = i.root_id AND NOT r.catch_all
       JOIN issue a ON a.root_id = r.id
       JOIN incident_issue y ON y.issue_id = a.id
       JOIN incident n ON n.id = y.incident_id
       WHERE (p.id = $1 OR p.merged_into = $1)
         AND n.id = ANY ($2::bigint[])
         AND h.last_minute >= date_trunc('minute', n.started_at)
       UNION ALL
       SELECT DISTINCT m.incident_id, false
       FROM at_risk_member m
       WHERE m.customer_id = $1 AND m.left_at IS NULL AND m.incident_id = ANY ($2::bigint[])`,
      [customerId, incidentIds],
    );
    const idsOf = (hit: boolean) => new Set(rows.filter((row) => row.hit === hit).map(({ id }) => id));
    return { hit: idsOf(true), atRisk: idsOf(false) };
  }

  /** Lists what customers who were hit said about these incidents, the newest of each. */
  async said(sql: Sql, incidentIds: readonly number[]): Promise<{ incidentId: number; text: string }[]> {
    return sql.query(
      `SELECT n.id AS "incidentId", c.text
       FROM unnest($1::bigint[]) AS n (id),
         LATERAL (
           SELECT text
           FROM contact
           WHERE incident_id = n.id AND (matched_by IN ('hit', 'person') OR fault IS NOT NULL)
           ORDER BY at DESC
           LIMIT ${SAID}) c`,
      [incidentIds],
    );
  }
}

import { Injectable } from '@nestjs/common';
import { type Identity } from '../../customers/customer.js';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Trust } from '../../projects/project-key.js';

/**
 * Everything by key, in this order, whatever the planner thinks of the sizes of tables: a named statement keeps its plan, as long as it has no
 * lists, for which PostgreSQL plans anew each time. Most who ask were neither hit nor written to, and starting a large plan costs more than running
 * it, so this one says only if there is more to read.
 */
const WHO = {
  name: 'answers.who',
  text: `SELECT v.version, c.id AS "customerId", c.locale, c.time_zone AS "timeZone",
      ARRAY(SELECT incident_id FROM at_risk_member WHERE customer_id = c.id AND left_at IS NULL) AS "atRisk",
      EXISTS (
        SELECT
        FROM (SELECT c.id UNION ALL SELECT o.id FROM customer o WHERE o.merged_into = c.id) p,
          LATERAL (SELECT FROM issue_customer WHERE customer_id = p.id OFFSET 0) h) AS "wasHit",
      EXISTS (SELECT FROM message WHERE customer_id = c.id OFFSET 0) AS "wasWritten"
    FROM answer_version v
      CROSS JOIN (
        SELECT CASE WHEN min(i.customer_id) = max(i.customer_id) THEN min(i.customer_id) END AS id
        FROM (VALUES ('id', $2::text), ('email', $3::text), ('phone', $4::text)) k (kind, value),
          LATERAL (SELECT customer_id FROM customer_identity WHERE directory_id = $1 AND kind = k.kind AND value = k.value OFFSET 0) i) x
      LEFT JOIN customer c ON c.id = x.id`,
};

/** By key as above. A hit counts for an incident if it is of the incident's time, and of an issue that is one fault. */
const HITS = {
  name: 'answers.hits',
  text: `SELECT l.incident_id AS "incidentId", sum(h.events) AS events, min(h.first_at) AS "firstAt", max(h.last_at) AS "lastAt",
      (array_agg(h.last_event_id ORDER BY h.last_at DESC))[1] AS "lastEventId", array_agg(DISTINCT m.root_id::text) AS issues,
      CASE WHEN sum(h.server_events) > 0 THEN 'server' WHEN sum(h.signed_events) > 0 THEN 'signed' ELSE 'claimed' END AS trust
    FROM (SELECT $1::bigint AS id UNION ALL SELECT o.id FROM customer o WHERE o.merged_into = $1) p,
      LATERAL (SELECT * FROM issue_customer WHERE customer_id = p.id OFFSET 0) h,
      LATERAL (SELECT issue_id FROM cell WHERE id = h.cell_id OFFSET 0) k,
      LATERAL (SELECT root_id FROM issue WHERE id = k.issue_id OFFSET 0) m,
      LATERAL (SELECT catch_all FROM issue WHERE id = m.root_id OFFSET 0) r,
      LATERAL (
        SELECT DISTINCT y.incident_id
        FROM (SELECT id FROM issue WHERE root_id = m.root_id OFFSET 0) a,
          LATERAL (SELECT incident_id FROM incident_issue WHERE issue_id = a.id OFFSET 0) y) l,
      LATERAL (
        SELECT started_at
        FROM incident
        WHERE id = l.incident_id AND (status <> 'resolved' OR resolved_at >= $2)
        OFFSET 0) n
    WHERE NOT r.catch_all AND h.last_minute >= date_trunc('minute', n.started_at)
    GROUP BY 1`,
};

/** How an incident hit a customer. */
export interface OwnHit {
  readonly incidentId: number;
  readonly events: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly lastEventId: string;
  readonly issues: readonly string[];
  readonly trust: Trust;
}

/** Names under which a directory may know somebody; undefined for those that were not given. */
export type Names = Readonly<Partial<Record<Identity['kind'], string>>>;

/** Customer who asks, as far as it matters for what they are told. */
export interface AskerRow {
  /** Version of the board at that moment. */
  readonly version: number;
  /** Null where nobody has these names, or several have. */
  readonly customerId: number | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
  /** Incidents that may concern them. */
  readonly atRisk: readonly number[];
  /** True where some issue ever hit them. */
  readonly wasHit: boolean;
  /** True where there ever was a message to them. */
  readonly wasWritten: boolean;
}

/** Reads what is known of the customer who asks. */
@Injectable()
export class AskerReadModel {
  /** Finds the customer of these names in one directory. */
  async who(sql: Sql, directoryId: number, { id, email, phone }: Names): Promise<AskerRow> {
    return onlyRow(await sql.query<AskerRow>(WHO, [directoryId, id, email, phone]), 'who asks');
  }

  /** Lists how a customer was hit by incidents that are open or ended at `since` or later. */
  async hits(sql: Sql, customerId: number, since: Date): Promise<readonly OwnHit[]> {
    return sql.query<OwnHit>(HITS, [customerId, since]);
  }
}

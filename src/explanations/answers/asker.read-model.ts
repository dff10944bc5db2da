import { Injectable } from '@nestjs/common';
import { type Identity } from '../../customers/customer.js';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Trust } from '../../projects/project-key.js';

/**
 * Everything by key, in this order, whatever the planner thinks of the sizes of tables: a named statement keeps its plan. A hit counts for an
 * incident if it is of the incident's time, and of an issue that is one fault.
 */
const FACTS = {
  name: 'answers.facts',
  text: `WITH owner AS MATERIALIZED (
      SELECT i.customer_id, k.nth
      FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS k (kind, value, nth),
        LATERAL (SELECT customer_id FROM customer_identity WHERE directory_id = $1 AND kind = k.kind AND value = k.value OFFSET 0) i)
    SELECT v.version, x.people, c.id AS "customerId", c.locale, c.time_zone AS "timeZone",
      CASE WHEN c.id IS NULL THEN NULL ELSE (
        SELECT json_agg(t)
        FROM (
          SELECT l.incident_id AS "incidentId", sum(h.events) AS events, min(h.first_at) AS "firstAt", max(h.last_at) AS "lastAt",
            (array_agg(h.last_event_id ORDER BY h.last_at DESC))[1] AS "lastEventId", array_agg(DISTINCT m.root_id::text) AS issues,
            CASE WHEN sum(h.server_events) > 0 THEN 'server' WHEN sum(h.signed_events) > 0 THEN 'signed' ELSE 'claimed' END AS trust
          FROM (SELECT c.id UNION ALL SELECT o.id FROM customer o WHERE o.merged_into = c.id) p,
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
              WHERE id = l.incident_id AND (status <> 'resolved' OR resolved_at >= $4)
              OFFSET 0) n
          WHERE NOT r.catch_all AND h.last_minute >= date_trunc('minute', n.started_at)
          GROUP BY 1) t) END AS hits,
      CASE WHEN c.id IS NULL THEN NULL ELSE (
        SELECT json_agg(incident_id)
        FROM at_risk_member
        WHERE customer_id = c.id AND left_at IS NULL) END AS "atRisk"
    FROM answer_version v,
      (SELECT count(DISTINCT customer_id)::int AS people, (array_agg(customer_id ORDER BY nth))[1] AS id FROM owner) x
      LEFT JOIN customer c ON c.id = x.id AND x.people = 1`,
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

/** Customer who asks, as far as it matters for what they are told. */
export interface AskerFacts {
  /** Version of the board at that moment. */
  readonly version: number;
  /** Null where nobody has these names, or several have. */
  readonly customerId: number | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly hits: readonly OwnHit[];
  /** Incidents that may concern them. */
  readonly atRisk: readonly number[];
}

interface Row extends Omit<AskerFacts, 'hits' | 'atRisk'> {
  readonly hits:
    readonly (Omit<OwnHit, 'firstAt' | 'lastAt'> & { readonly firstAt: string; readonly lastAt: string })[] | null;
  readonly atRisk: readonly number[] | null;
}

/** Reads what is known of the customer who asks. */
@Injectable()
export class AskerReadModel {
  /** Reads the customer of these names in one directory, with what hit them in incidents that are open or ended at `since` or later. */
  async facts(sql: Sql, directoryId: number, names: readonly Identity[], since: Date): Promise<AskerFacts> {
    const values = [directoryId, names.map((one) => one.kind), names.map((one) => one.value), since];
    const { hits, atRisk, ...row } = onlyRow(await sql.query<Row>(FACTS, values), 'the facts of who asks');
    return {
      ...row,
      hits: (hits ?? []).map((hit) => ({ ...hit, firstAt: new Date(hit.firstAt), lastAt: new Date(hit.lastAt) })),
      atRisk: atRisk ?? [],
    };
  }
}

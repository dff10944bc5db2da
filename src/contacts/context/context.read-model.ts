import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';

/** Issues and messages that are shown, the newest. */
const SHOWN = 20;

/**
 * Everything by key of the customer, in one round trip. An incident counts if it is open or ended after $2. Hits count for an incident from its
 * start on.
 */
const CONTEXT = {
  name: 'contacts.context',
  text: `WITH person AS MATERIALIZED (
      SELECT id
      FROM customer
      WHERE id = $1
      UNION ALL
      SELECT id
      FROM customer
      WHERE merged_into = $1),
    hit AS MATERIALIZED (
      SELECT i.root_id, sum(h.events)::int AS events, min(h.first_at) AS first_at, max(h.last_at) AS last_at,
        sum(h.server_events) > 0 AS server, sum(h.signed_events) > 0 AS signed
      FROM person p,
        LATERAL (SELECT * FROM issue_customer WHERE customer_id = p.id OFFSET 0) h,
        LATERAL (SELECT issue_id FROM cell WHERE id = h.cell_id OFFSET 0) k,
        LATERAL (SELECT root_id FROM issue WHERE id = k.issue_id OFFSET 0) i
      GROUP BY 1),
    concern AS MATERIALIZED (
      SELECT l.incident_id, sum(h.events)::int AS events, min(h.first_at) AS first_at, max(h.last_at) AS last_at,
        json_agg(DISTINCT h.root_id::text) AS issues, bool_or(h.server) AS server, bool_or(h.signed) AS signed
      FROM hit h,
        LATERAL (SELECT catch_all FROM issue WHERE id = h.root_id OFFSET 0) r,
        LATERAL (
          SELECT DISTINCT y.incident_id
          FROM (SELECT id FROM issue WHERE root_id = h.root_id OFFSET 0) a,
            LATERAL (SELECT incident_id FROM incident_issue WHERE issue_id = a.id OFFSET 0) y) l,
        LATERAL (
          SELECT started_at
          FROM incident
          WHERE id = l.incident_id AND (status <> 'resolved' OR resolved_at >= $2)
          OFFSET 0) n
      WHERE NOT r.catch_all AND h.last_at >= date_trunc('minute', n.started_at)
      GROUP BY 1)
    SELECT (
      SELECT json_agg(x)
      FROM (
        SELECT incident_id AS "incidentId", events, first_at AS "firstAt", last_at AS "lastAt", issues,
          CASE WHEN server THEN 'server' WHEN signed THEN 'signed' ELSE 'claimed' END AS trust
        FROM concern) x
    ) AS hits, (
      SELECT json_agg(m.incident_id)
      FROM at_risk_member m
      WHERE m.customer_id = $1 AND m.left_at IS NULL
    ) AS "atRisk", (
      SELECT json_agg(x)
      FROM (
        SELECT h.root_id AS id, i.title, i.status, h.events, h.first_at AS "firstAt", h.last_at AS "lastAt"
        FROM hit h,
          LATERAL (SELECT title, status FROM issue WHERE id = h.root_id OFFSET 0) i
        ORDER BY h.last_at DESC
        LIMIT ${SHOWN}) x
    ) AS issues, (
      SELECT json_agg(x)
      FROM (
        SELECT m.incident_id AS "incidentId", m.kind, m.channel, m.state, m.created_at AS at
        FROM person p
        JOIN message m ON m.customer_id = p.id
        ORDER BY m.created_at DESC
        LIMIT ${SHOWN}) x
    ) AS messages`,
};

/** How an incident hit a customer. */
export interface HitOfIncident {
  readonly incidentId: number;
  readonly events: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly issues: readonly string[];
  readonly trust: 'claimed' | 'signed' | 'server';
}

/** An issue that hit a customer. */
export interface IssueOfCustomer {
  readonly id: number;
  readonly title: string;
  readonly status: string;
  readonly events: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** A message to a customer. */
export interface MessageOfCustomer {
  readonly incidentId: number;
  readonly kind: string;
  readonly channel: string | null;
  readonly state: string;
  readonly at: Date;
}

/** Facts of a customer's context. */
export interface ContextFacts {
  readonly hits: readonly HitOfIncident[];
  /** Incidents that may concern them. */
  readonly atRisk: readonly number[];
  readonly issues: readonly IssueOfCustomer[];
  readonly messages: readonly MessageOfCustomer[];
}

/** A row in JSON, in which times are texts. */
type Written<T> = { readonly [K in keyof T]: T[K] extends Date ? string : T[K] };

interface Row {
  readonly hits: readonly Written<HitOfIncident>[] | null;
  readonly atRisk: readonly number[] | null;
  readonly issues: readonly Written<IssueOfCustomer>[] | null;
  readonly messages: readonly Written<MessageOfCustomer>[] | null;
}

/** Reads what is known of a customer, over the tables of the rooms before. */
@Injectable()
export class ContextReadModel {
  /** Reads the context of a customer, with incidents that are open or ended after `since`. */
  async of(sql: Sql, customerId: number, since: Date): Promise<ContextFacts> {
    const row = onlyRow(await sql.query<Row>(CONTEXT, [customerId, since]), 'the context of a customer');
    const timed = <T extends { readonly firstAt: string; readonly lastAt: string }>(one: T) => ({
      ...one,
      firstAt: new Date(one.firstAt),
      lastAt: new Date(one.lastAt),
    });
    return {
      hits: (row.hits ?? []).map(timed),
      atRisk: row.atRisk ?? [],
      issues: (row.issues ?? []).map(timed),
      messages: (row.messages ?? []).map((one) => ({ ...one, at: new Date(one.at) })),
    };
  }
}

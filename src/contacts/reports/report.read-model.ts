import { Injectable } from '@nestjs/common';
import { FALLEN_OFF } from '../../audience/algorithm/health.v1.js';
import { type Sql } from '../../platform/db/database.js';
import { type IncidentCounts } from '../algorithm/deflection.js';
import { type Hurt } from '../hurt.js';

/** Incidents of a report: one, or those that were opened in a period. */
export interface Period {
  readonly incidentId: number | null;
  readonly from: Date;
  readonly to: Date;
}

/** How early we told: incidents with contacts or messages, and contacts by whether the customer had been told. */
export interface Proactive {
  readonly incidents: number;
  readonly toldFirst: number;
  readonly contacts: number;
  readonly contactsAfterTold: number;
}

/** Bill of providers for messages, in one currency. */
export interface Billed {
  readonly currency: string;
  readonly amount: number;
  readonly messages: number;
}

const OF_PERIOD = `
  SELECT id, project_id, area, severity, started_at
  FROM incident
  WHERE merged_into IS NULL
    AND ($1::bigint IS NULL OR id = $1)
    AND ($1::bigint IS NOT NULL OR (opened_at >= $2::timestamptz AND opened_at < $3::timestamptz))`;

/** Contact about the incident by the customer of a row `m`, in a time from `$from` to before `$to`. */
const contacted = (from: string, to: string): string => `EXISTS (
  SELECT FROM contact c
  WHERE c.customer_id = m.customer_id AND c.incident_id = m.incident_id AND c.at >= ${from} AND c.at < ${to})`;

/** Kinds of messages that tell of a fault that is there; the end of one tells nobody before they ask. */
const TELLING = 'notice,update,returned';

/**
 * Whoever was meant to be told counts, sent or not, and once: updates and the news that it is back go to those who got the notice. Not so who could not be written to in the first place: they are no arm of a comparison. Who was
 * left out because they were in contact already was meant to be told.
 */
const MEANT = `m.kind = 'notice'
  AND m.turn = 1
  AND m.customer_id IS NOT NULL
  AND (m.state <> 'suppressed' OR m.state_reason IN ('in_contact', 'cap'))`;

/** Reads counts for reports, over the tables of the rooms before. */
@Injectable()
export class ReportReadModel {
  /**
   * Counts, for each incident of a period, customers told and held out by whether they made contact within so many hours. Who was let out of a
   * hold-out later stays in it: the contacts from then on are counted as well.
   */
  async counts(sql: Sql, { incidentId, from, to }: Period, hours: number): Promise<IncidentCounts[]> {
    const rows = await sql.query<
      Record<'id' | 'told' | 'toldContacts' | 'sent' | 'before' | 'after' | 'held' | 'heldContacts', number>
    >(
      `WITH n AS (${OF_PERIOD}),
       told AS (
         SELECT m.incident_id, m.sent_at,
           ${contacted('m.created_at', "m.created_at + $4 * interval '1 hour'")} AS late,
           ${contacted("m.sent_at - $4 * interval '1 hour'", 'm.sent_at')} AS before,
           ${contacted('m.sent_at', "m.sent_at + $4 * interval '1 hour'")} AS after
         FROM n
         JOIN message m ON m.incident_id = n.id
         WHERE ${MEANT}),
       held AS (
         SELECT m.incident_id, ${contacted('m.held_at', "m.held_at + $4 * interval '1 hour'")} AS late
         FROM n
         JOIN held_out m ON m.incident_id = n.id)
       SELECT n.id, coalesce(t.told, 0) AS told, coalesce(t.late, 0) AS "toldContacts", coalesce(t.sent, 0) AS sent,
         coalesce(t.before, 0) AS before, coalesce(t.after, 0) AS after,
         coalesce(h.held, 0) AS held, coalesce(h.late, 0) AS "heldContacts"
       FROM n
       LEFT JOIN (
         SELECT incident_id, count(*) AS told, count(*) FILTER (WHERE late) AS late,
           count(*) FILTER (WHERE sent_at IS NOT NULL) AS sent,
           count(*) FILTER (WHERE sent_at IS NOT NULL AND before) AS before,
           count(*) FILTER (WHERE sent_at IS NOT NULL AND after) AS after
         FROM told
         GROUP BY 1) t ON t.incident_id = n.id
       LEFT JOIN (
         SELECT incident_id, count(*) AS held, count(*) FILTER (WHERE late) AS late
         FROM held
         GROUP BY 1) h ON h.incident_id = n.id
       ORDER BY 1`,
      [incidentId, from, to, hours],
    );
    return rows.map((row) => ({
      incidentId: row.id,
      told: { customers: row.told, contacts: row.toldContacts },
      heldOut: { customers: row.held, contacts: row.heldContacts },
      before: { customers: row.sent, contacts: row.before },
      after: { customers: row.sent, contacts: row.after },
    }));
  }

  /** Counts how early we told. */
  async proactive(sql: Sql, { incidentId, from, to }: Period): Promise<Proactive> {
    const [row] = await sql.query<Proactive>(
      `WITH n AS (${OF_PERIOD}),
       first AS (
         SELECT n.id,
           (SELECT min(m.sent_at) FROM message m WHERE m.incident_id = n.id AND m.kind = ANY ('{${TELLING}}')) AS told,
           (SELECT min(c.at) FROM contact c WHERE c.incident_id = n.id) AS contact
         FROM n),
       said AS (
         SELECT EXISTS (
           SELECT
           FROM message m
           WHERE m.incident_id = c.incident_id AND m.customer_id = c.customer_id AND m.kind = ANY ('{${TELLING}}') AND m.sent_at <= c.at
         ) AS after
         FROM n
         JOIN contact c ON c.incident_id = n.id)
       SELECT
         (SELECT count(*) FROM first WHERE told IS NOT NULL OR contact IS NOT NULL) AS incidents,
         (SELECT count(*) FROM first WHERE told IS NOT NULL AND (contact IS NULL OR told < contact)) AS "toldFirst",
         (SELECT count(*) FROM said) AS contacts,
         (SELECT count(*) FROM said WHERE after) AS "contactsAfterTold"`,
      [incidentId, from, to],
    );
    return row ?? { incidents: 0, toldFirst: 0, contacts: 0, contactsAfterTold: 0 };
  }

  /** Adds up, by project, area and release, whom incidents of a period hit. The release is the one in which most of its events began. */
  async hurt(sql: Sql, { incidentId, from, to }: Period, projectId: number | null, limit: number): Promise<Hurt[]> {
    return sql.query<Hurt>(
      `WITH n AS (${OF_PERIOD}),
       counted AS (
         SELECT n.*, p.slug,
           (SELECT k.first_release
            FROM incident_issue y
            JOIN cell k ON k.issue_id = y.issue_id
            WHERE y.incident_id = n.id
            ORDER BY k.event_count DESC, k.id
            LIMIT 1) AS release,
           (SELECT count(*) FROM audience_member a WHERE a.incident_id = n.id AND a.kind = 'affected') AS customers,
           (SELECT count(*) FROM contact c WHERE c.incident_id = n.id) AS contacts,
           (SELECT count(*)
            FROM audience_member a
            JOIN customer_health h ON h.customer_id = a.customer_id
            WHERE a.incident_id = n.id AND a.kind = 'affected' AND (h.parts->>'use')::int >= $6) AS lost
         FROM n
         JOIN project p ON p.id = n.project_id
         WHERE $4::int IS NULL OR n.project_id = $4)
       SELECT project, area, release, incidents, customers, contacts, lost AS "lostUse",
         weight * (1 + contacts / greatest(1, customers)::float8) * (1 + lost / greatest(1, customers)::float8) AS score
       FROM (
         SELECT slug AS project, area, release, count(*) AS incidents, sum(customers)::int AS customers,
           sum(contacts)::int AS contacts, sum(lost)::int AS lost,
           sum(customers * CASE severity WHEN 'critical' THEN 9 WHEN 'major' THEN 3 ELSE 1 END)::int AS weight
         FROM counted
         GROUP BY 1, 2, 3) x
       ORDER BY score DESC, project, area, release
       LIMIT $5`,
      [incidentId, from, to, projectId, limit, FALLEN_OFF],
    );
  }

  /** Adds up what providers billed for messages about the incidents of a period. */
  async billed(sql: Sql, { incidentId, from, to }: Period): Promise<Billed[]> {
    return sql.query<Billed>(
      `WITH n AS (${OF_PERIOD})
       SELECT m.price_unit AS currency, sum(m.price)::float8 AS amount, count(*) AS messages
       FROM n
       JOIN message m ON m.incident_id = n.id
       WHERE m.price IS NOT NULL AND m.price_unit IS NOT NULL
       GROUP BY 1
       ORDER BY 1`,
      [incidentId, from, to],
    );
  }
}

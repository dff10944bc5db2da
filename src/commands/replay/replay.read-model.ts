import { type Severity } from '../../incidents/incident.js';
import { type Sql } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';

/** An incident that would have opened. */
export interface ReplayedIncident {
  readonly severity: Severity;
  readonly title: string;
  /** The first hit. */
  readonly beganAt: Date;
  readonly openedAt: Date;
  /** Null where it was not over at the end of the events. */
  readonly closedAt: Date | null;
  /** Customers whom it hit. */
  readonly customers: number;
  /** Those of them whom a policy would have told, whatever they agreed to; 0 where no policy matches. */
  readonly told: number;
  /** When the first of them could have been told; null where nobody was. */
  readonly firstTellingAt: Date | null;
  /** Whether a person had to approve first. */
  readonly asksFirst: boolean;
}

/** Everything that a replay found. */
export interface Replayed {
  readonly incidents: readonly ReplayedIncident[];
  /** Customers who would have been told; each counts once, however many incidents hit them. */
  readonly told: number;
  /** Customers whom the events named. */
  readonly customers: number;
}

/** Reads from a scratch database what came of a replay. */
export class ReplayReadModel {
  async read(sql: Sql): Promise<Replayed> {
    const incidents = await sql.query<ReplayedIncident>(
      `SELECT n.severity, n.title, n.started_at AS "beganAt", n.opened_at AS "openedAt", n.resolved_at AS "closedAt",
         (SELECT count(*) FROM audience_member a WHERE a.incident_id = n.id AND a.kind = 'affected') AS customers,
         (SELECT count(DISTINCT m.customer_id) FROM message m WHERE m.incident_id = n.id AND m.kind = 'notice') AS told,
         c.created_at AS "firstTellingAt", coalesce(c.state = 'awaiting_approval' OR c.approved_by <> 'policy', false) AS "asksFirst"
       FROM incident n
       LEFT JOIN LATERAL (
         SELECT created_at, state, approved_by
         FROM campaign
         WHERE incident_id = n.id AND kind = 'notice'
         ORDER BY id
         LIMIT 1) c ON true
       WHERE n.merged_into IS NULL
       ORDER BY n.opened_at, n.id`,
    );
    const totals = await sql.query<{ told: number; customers: number }>(
      `SELECT (SELECT count(DISTINCT customer_id) FROM message WHERE kind = 'notice') AS told,
         (SELECT count(*) FROM customer) AS customers`,
    );
    return { incidents, ...onlyRow(totals, 'the totals of a replay') };
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { type Outcome, together } from '../algorithm/calibration.v1.js';
import { type DueRates } from './expectation-gauges.js';

/** Outcomes that can be judged, and how many incidents cannot. */
interface Outcomes {
  readonly outcomes: readonly Outcome[];
  /** Incidents with customers at risk that ended before their expectation fell due. */
  readonly tooShort: number;
}

/** Moment at which an expectation of a customer falls due: after as much time again as the incident had lasted. */
const DUE = 'm.since + (m.since - i.started_at)';
const OUTCOMES = `
  SELECT m.incident_id AS "incidentId", m.expected, count(*)::int AS customers, count(a.customer_id)::int AS hit
  FROM at_risk_member m
  JOIN incident i ON i.id = m.incident_id
  LEFT JOIN audience_member a ON a.incident_id = m.incident_id AND a.customer_id = m.customer_id
    AND a.kind = 'affected' AND a.added_at > m.since AND a.added_at <= ${DUE}
  WHERE ($1::int IS NULL OR i.project_id = $1) AND m.since >= $2 AND ${DUE} <= least($3, coalesce(i.resolved_at, $3))
  GROUP BY 1, 2
  ORDER BY 1, 2`;
const TOO_SHORT = `
  SELECT count(*)::int AS count
  FROM incident i
  WHERE ($1::int IS NULL OR i.project_id = $1) AND i.resolved_at IS NOT NULL
    AND EXISTS (SELECT FROM at_risk_member m WHERE m.incident_id = i.id AND m.since >= $2)
    AND NOT EXISTS (SELECT FROM at_risk_member m WHERE m.incident_id = i.id AND m.since >= $2 AND ${DUE} <= i.resolved_at)`;

const RATED_MS = 90 * 86_400_000;

/** Reads how expectations of customers at risk came out. */
@Injectable()
export class CalibrationReadModel {
  /**
   * Outcomes of expectations stated since `since` and fallen due by `now` while their incident was open; those that ended before say nothing, since
   * the fault was mended.
   * @param projectId undefined for all projects
   */
  async outcomes(sql: Sql, projectId: number | undefined, since: Date, now: Date): Promise<Outcomes> {
    const outcomes = await sql.query<Outcome>(OUTCOMES, [projectId ?? null, since, now]);
    const [row] = await sql.query<{ count: number }>(TOO_SHORT, [projectId ?? null, since]);
    return { outcomes, tooShort: row?.count ?? 0 };
  }

  /** The same over all projects and 90 days, summed. */
  async rates(sql: Sql, now: Date): Promise<DueRates> {
    const { outcomes } = await this.outcomes(sql, undefined, new Date(now.getTime() - RATED_MS), now);
    const { customers, expected, measured } = together(outcomes);
    return { customers, expected: expected * customers, hit: measured * customers };
  }
}

import { Injectable } from '@nestjs/common';
import { type Severity } from '../../incidents/incident.js';
import { type Sql } from '../../platform/db/database.js';
import { type TeamEvent } from '../team-config.js';
import { type News } from './news.js';

/** Failed messages of a campaign from which on the team hears of it, and their least share of those tried. */
const FAILED = 3;
const FAILED_SHARE = 0.05;

/** The statements that find what is to be told: $1 are severities, $2 the time from which on an end is news. */
const FINDS: Readonly<Record<TeamEvent, string>> = {
  opened: `
    SELECT id AS incident_id, reopened::text AS subject, NULL::bigint AS campaign_id
    FROM incident
    WHERE status <> 'resolved' AND severity = ANY ($1::text[]) AND $2::timestamptz IS NOT NULL`,
  resolved: `
    SELECT id AS incident_id, reopened::text AS subject, NULL::bigint AS campaign_id
    FROM incident
    WHERE status = 'resolved' AND severity = ANY ($1::text[]) AND resolved_at >= $2`,
  approvalWaiting: `
    SELECT c.incident_id, c.id || '.' || c.asked AS subject, c.id AS campaign_id
    FROM campaign c
    JOIN incident i ON i.id = c.incident_id
    WHERE c.state = 'awaiting_approval' AND i.severity = ANY ($1::text[]) AND $2::timestamptz IS NOT NULL`,
  deliveryFailing: `
    SELECT c.incident_id, c.id::text AS subject, c.id AS campaign_id
    FROM campaign c
    JOIN incident i ON i.id = c.incident_id
    CROSS JOIN LATERAL (
      SELECT count(*) AS failed
      FROM message m
      WHERE m.campaign_id = c.id AND m.state = 'failed'
    ) n
    WHERE i.severity = ANY ($1::text[])
      AND c.created_at >= $2
      AND CASE
        WHEN c.paused_by = 'provider' THEN true
        WHEN n.failed < ${FAILED} THEN false
        ELSE n.failed >= ${FAILED_SHARE} * (
          SELECT count(*)
          FROM message m
          WHERE m.campaign_id = c.id AND m.state IN ('sent', 'delivered', 'failed', 'in_doubt'))
      END`,
};

/** Stores what the team is told. */
@Injectable()
export class NewsStore {
  /** Notes what a place has not been told yet; returns how many. */
  async find(
    sql: Sql,
    place: string,
    event: TeamEvent,
    severities: readonly Severity[],
    since: Date,
    now: Date,
  ): Promise<number> {
    const rows = await sql.query(
      `INSERT INTO team_news (incident_id, event, subject, campaign_id, place, created_at, next_at)
       SELECT f.incident_id, $3, f.subject, f.campaign_id, $4, $5, $5
       FROM (${FINDS[event]}) f
       WHERE NOT EXISTS (
         SELECT
         FROM team_news t
         WHERE t.incident_id = f.incident_id AND t.event = $3 AND t.subject = f.subject AND t.place = $4
       )
       ORDER BY f.incident_id
       ON CONFLICT (incident_id, event, subject, place) DO NOTHING
       RETURNING id`,
      [severities, since, event, place, now],
    );
    return rows.length;
  }

  /** The places with news that have waited since `before` or longer. */
  async duePlaces(sql: Sql, before: Date, now: Date): Promise<string[]> {
    const rows = await sql.query<{ place: string }>(
      `SELECT place
       FROM team_news
       WHERE state = 'waiting' AND next_at <= $2
       GROUP BY place
       HAVING min(created_at) <= $1`,
      [before, now],
    );
    return rows.map(({ place }) => place);
  }

  /** Takes what a place is to be told, oldest first, until `until`: a process that dies meanwhile leaves it to the next one. */
  async claim(sql: Sql, place: string, limit: number, until: Date, now: Date): Promise<News[]> {
    return sql.query<News>(
      `WITH claimed AS (
         UPDATE team_news
         SET next_at = $3, attempts = attempts + 1
         WHERE id = ANY (ARRAY(
           SELECT id
           FROM team_news
           WHERE state = 'waiting' AND place = $1 AND next_at <= $4
           ORDER BY id
           LIMIT $2
           FOR UPDATE SKIP LOCKED))
         RETURNING *
       )
       SELECT t.id, t.event, t.incident_id AS "incidentId", t.campaign_id AS "campaignId", p.slug AS project, i.severity,
         t.attempts, i.merged_into AS "mergedInto", i.reopened > 0 AS again,
         (SELECT count(DISTINCT h.customer_id)
          FROM incident_issue j
          JOIN series_hit h ON h.issue_id = j.issue_id
          WHERE j.incident_id = i.id AND h.last_minute >= date_trunc('minute', i.started_at)) AS customers,
         (SELECT count(*)
          FROM message m
          WHERE m.campaign_id = t.campaign_id AND m.state = 'failed') AS failed,
         (SELECT count(*)
          FROM message m
          WHERE m.campaign_id = t.campaign_id AND m.state IN ('sent', 'delivered', 'failed', 'in_doubt')) AS messages
       FROM claimed t
       JOIN incident i ON i.id = t.incident_id
       JOIN project p ON p.id = i.project_id
       ORDER BY t.id`,
      [place, limit, until, now],
    );
  }

  /** Notes that a place was told. */
  async told(sql: Sql, ids: readonly number[], now: Date): Promise<void> {
    await sql.query(
      `UPDATE team_news
       SET state = 'told', told_at = $2
       WHERE id = ANY ($1::bigint[])`,
      [ids, now],
    );
  }

  /** Lets news wait until `next`. */
  async wait(sql: Sql, ids: readonly number[], next: Date): Promise<void> {
    await sql.query(
      `UPDATE team_news
       SET next_at = $2
       WHERE id = ANY ($1::bigint[]) AND state = 'waiting'`,
      [ids, next],
    );
  }

  /** Gives up what has waited since `before`, or is for a place that is no longer there; returns the place of each. */
  async giveUp(sql: Sql, before: Date, places: readonly string[]): Promise<string[]> {
    const rows = await sql.query<{ place: string }>(
      `UPDATE team_news
       SET state = 'given_up'
       WHERE state = 'waiting' AND (created_at <= $1 OR place <> ALL ($2::text[]))
       RETURNING place`,
      [before, places],
    );
    return rows.map(({ place }) => place);
  }

  /** How many news wait. */
  async waiting(sql: Sql): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      `SELECT count(*) AS count
       FROM team_news
       WHERE state = 'waiting'`,
    );
    return row?.count ?? 0;
  }
}

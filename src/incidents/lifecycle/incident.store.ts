import { Inject, Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { type Incident, type IncidentStatus, type Resolution, type Severity } from '../incident.js';
import { type TimelineEntry, type TimelineFact } from '../timeline.js';

const COLUMNS = `n.id, n.project_id AS "projectId", n.status, n.severity, n.title, n.area, n.started_at AS "startedAt", n.opened_at AS "openedAt",
  n.resolved_at AS "resolvedAt", n.resolution, n.reopened, n.previous_incident_id AS "previousIncidentId", n.merged_into AS "mergedInto", n.severity_by_ops AS "severityByOps",
  coalesce((SELECT array_agg(o.id ORDER BY o.id) FROM incident o WHERE o.merged_into = n.id), '{}') AS "mergedIds",
  (SELECT max(a.attached_at) FROM incident_issue a WHERE a.incident_id = n.id) AS "attachedAt",
  coalesce((SELECT array_agg(a.issue_id ORDER BY a.attached_at, a.issue_id) FROM incident_issue a WHERE a.incident_id = n.id), '{}') AS "issueIds"`;

/** New incident. */
export interface NewIncident {
  readonly projectId: number;
  readonly severity: Severity;
  readonly title: string;
  readonly area?: string | null;
  readonly startedAt: Date;
  readonly previousIncidentId?: number;
  readonly reopened?: number;
}

/** Fields of an incident that people may change. */
export interface IncidentChange {
  readonly status?: IncidentStatus;
  readonly severity?: Severity;
  readonly title?: string;
  readonly area?: string | null;
  readonly severityByOps?: boolean;
}

/** Holds all SQL on incidents. Logs a line once an incident was opened, opened again or resolved. */
@Injectable()
export class IncidentStore {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  /** Opens an incident; returns its id. */
  async insert(tx: Tx, incident: NewIncident, now: Date): Promise<number> {
    const rows = await tx.query<{ id: number }>(
      `INSERT INTO incident (project_id, status, severity, title, area, started_at, opened_at, previous_incident_id, reopened)
       VALUES ($1, 'detected', $2, $3, $4, $5, $6, $7, $8)
       RETURNING id`,
      [
        incident.projectId,
        incident.severity,
        incident.title,
        incident.area ?? null,
        incident.startedAt,
        now,
        incident.previousIncidentId ?? null,
        incident.reopened ?? 0,
      ],
    );
    const { id } = onlyRow(rows, 'the new incident');
    const { projectId, severity, previousIncidentId } = incident;
    tx.afterCommit(() =>
      this.logger.info({ incidentId: id, projectId, severity, previousIncidentId }, 'incident opened'),
    );
    return id;
  }

  /** Attaches issues, each with its reason; returns those that were not attached before. */
  async attachIssues(
    tx: Tx,
    incidentId: number,
    issues: readonly { readonly issueId: number; readonly reason: string }[],
    now: Date,
  ): Promise<Set<number>> {
    if (issues.length === 0) return new Set();
    const rows = await tx.query<{ id: number }>(
      `INSERT INTO incident_issue (incident_id, issue_id, attached_at, reason)
       SELECT $1, x.id, $3, x.reason
       FROM unnest($2::bigint[], $4::text[]) AS x (id, reason)
       ON CONFLICT DO NOTHING
       RETURNING issue_id AS id`,
      [incidentId, issues.map(({ issueId }) => issueId), now, issues.map(({ reason }) => reason)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Detaches an issue and remembers that, so that it is not attached again automatically; false if it was not attached.
   */
  async detachIssue(tx: Tx, incidentId: number, issueId: number): Promise<boolean> {
    const gone = await tx.query(
      `DELETE FROM incident_issue
       WHERE incident_id = $1 AND issue_id = $2
       RETURNING issue_id`,
      [incidentId, issueId],
    );
    if (gone.length === 0) return false;
    await tx.query(
      `INSERT INTO incident_detached (incident_id, issue_id)
      VALUES ($1, $2)
      ON CONFLICT DO NOTHING`,
      [incidentId, issueId],
    );
    return true;
  }

  /** Forgets that a person detached an issue, since a person attaches it now. */
  async allowIssue(tx: Tx, incidentId: number, issueId: number): Promise<void> {
    await tx.query('DELETE FROM incident_detached WHERE incident_id = $1 AND issue_id = $2', [incidentId, issueId]);
  }

  /** Lists the issues that people took out of these incidents. */
  async detached(sql: Sql, incidentIds: readonly number[]): Promise<{ incidentId: number; issueId: number }[]> {
    return sql.query(
      `SELECT incident_id AS "incidentId", issue_id AS "issueId"
       FROM incident_detached
       WHERE incident_id = ANY ($1::bigint[])`,
      [incidentIds],
    );
  }

  /** Reopens a resolved incident; false if its customers are already being told that it is over. */
  async reopen(tx: Tx, id: number): Promise<boolean> {
    const sql = `UPDATE incident
      SET status = 'detected', resolved_at = NULL, resolution = NULL, reopened = reopened + 1
      WHERE id = $1 AND status = 'resolved' AND concluded_at IS NULL
      RETURNING id`;
    if ((await tx.query(sql, [id])).length === 0) return false;
    tx.afterCommit(() => this.logger.info({ incidentId: id }, 'incident opened again'));
    return true;
  }

  /** Notes that we are telling the customers of an ended incident so; false if it is open again. */
  async conclude(tx: Tx, id: number, now: Date): Promise<boolean> {
    const sql = `UPDATE incident
      SET concluded_at = coalesce(concluded_at, $2)
      WHERE id = $1 AND status = 'resolved'
      RETURNING id`;
    return (await tx.query(sql, [id, now])).length > 0;
  }

  /**
   * Notes that the first message about these incidents was taken by a provider; returns those of which none was before, with when the first
   * customer was hit.
   */
  async noteFirstMessage(tx: Tx, ids: readonly number[], now: Date): Promise<{ projectId: number; startedAt: Date }[]> {
    return tx.query(
      `UPDATE incident
       SET first_message_at = $2
       WHERE id = ANY ($1::bigint[]) AND first_message_at IS NULL
       RETURNING project_id AS "projectId", started_at AS "startedAt"`,
      [ids, now],
    );
  }

  /** Merges an incident into another: its issues go there, and it ends. */
  async mergeInto(tx: Tx, from: number, into: number, now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO incident_issue (incident_id, issue_id, attached_at, reason)
       SELECT $2, issue_id, $3, reason
       FROM incident_issue
       WHERE incident_id = $1
       ON CONFLICT DO NOTHING`,
      [from, into, now],
    );
    await tx.query('UPDATE incident_alert SET incident_id = $2 WHERE incident_id = $1', [from, into]);
    await tx.query(
      `UPDATE incident n
       SET started_at = least(n.started_at, o.started_at)
       FROM incident o
       WHERE n.id = $2 AND o.id = $1`,
      [from, into],
    );
    await tx.query('UPDATE incident SET merged_into = $2 WHERE id = $1 OR merged_into = $1', [from, into]);
  }

  /** Appends lines to the history, in their order. */
  async append(tx: Tx, incidentId: number, actor: string, facts: readonly TimelineFact[], now: Date): Promise<void> {
    if (facts.length === 0) return;
    const sql = `INSERT INTO incident_timeline (incident_id, at, kind, actor, details)
      SELECT $1, $2, x.kind, $3, x.details::jsonb
      FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS x (kind, details, nth)
      ORDER BY nth`;
    const details = facts.map(({ kind: _, ...rest }) => JSON.stringify(rest));
    await tx.query(sql, [incidentId, now, actor, facts.map(({ kind }) => kind), details]);
  }

  /** Appends a line of history unless it stands there already. */
  async appendNew(tx: Tx, incidentId: number, actor: string, fact: TimelineFact, now: Date): Promise<void> {
    const { kind, ...details } = fact;
    await tx.query(
      `INSERT INTO incident_timeline (incident_id, at, kind, actor, details)
       SELECT $1, $2, $3, $4, $5::jsonb
       WHERE NOT EXISTS (SELECT FROM incident_timeline WHERE incident_id = $1 AND kind = $3 AND details = $5::jsonb)`,
      [incidentId, now, kind, actor, JSON.stringify(details)],
    );
  }

  /** Changes the given fields. */
  async update(tx: Tx, id: number, change: IncidentChange): Promise<void> {
    const { status, severity, title, area } = change;
    await tx.query(
      `UPDATE incident
       SET status = coalesce($2, status), severity = coalesce($3, severity), severity_by_ops = severity_by_ops OR $7,
         title = coalesce($4, title), area = CASE WHEN $6 THEN $5 ELSE area END
       WHERE id = $1`,
      [
        id,
        status ?? null,
        severity ?? null,
        title ?? null,
        area ?? null,
        area !== undefined,
        change.severityByOps ?? false,
      ],
    );
  }

  /** Ends an incident; false if it had ended before. */
  async resolve(tx: Tx, id: number, resolution: Resolution, now: Date): Promise<boolean> {
    const sql = `UPDATE incident
      SET status = 'resolved', resolved_at = $3, resolution = $2
      WHERE id = $1 AND status <> 'resolved'
      RETURNING id`;
    if ((await tx.query(sql, [id, resolution, now])).length === 0) return false;
    tx.afterCommit(() => this.logger.info({ incidentId: id, resolution }, 'incident resolved'));
    return true;
  }

  /** Finds an incident; undefined if there is none. */
  async find(sql: Sql, id: number): Promise<Incident | undefined> {
    const [row] = await sql.query<Incident>(`SELECT ${COLUMNS} FROM incident n WHERE n.id = $1`, [id]);
    return row;
  }

  /** Lists incidents by id, newest first. */
  async list(
    sql: Sql,
    filter: { projectId?: number; status?: IncidentStatus; open?: boolean; before: number; limit: number },
  ): Promise<Incident[]> {
    return sql.query<Incident>(
      `SELECT ${COLUMNS}
       FROM incident n
       WHERE n.id < $1
         AND ($2::text IS NULL OR n.status = $2)
         AND ($3::boolean IS NULL OR (n.status <> 'resolved') = $3)
         AND ($5::bigint IS NULL OR n.project_id = $5)
       ORDER BY n.id DESC
       LIMIT $4`,
      [filter.before, filter.status ?? null, filter.open ?? null, filter.limit, filter.projectId ?? null],
    );
  }

  /** Lists all incidents that are not resolved, oldest first. */
  async open(sql: Sql): Promise<Incident[]> {
    return sql.query<Incident>({
      name: 'incidents.open',
      text: `SELECT ${COLUMNS}
        FROM incident n
        WHERE n.status <> 'resolved'
        ORDER BY n.id`,
    });
  }

  /** Lists the incidents that ended after `since`, oldest first. */
  async resolvedSince(sql: Sql, since: Date): Promise<Incident[]> {
    return sql.query<Incident>(
      {
        name: 'incidents.resolved_since',
        text: `SELECT ${COLUMNS}
          FROM incident n
          WHERE n.status = 'resolved' AND n.resolved_at >= $1
          ORDER BY n.id`,
      },
      [since],
    );
  }

  /** Finds the open incident of the latest verdict on a series. */
  async openOfSeries(sql: Sql, projectId: number, series: string): Promise<number | undefined> {
    const [row] = await sql.query<{ id: number }>(
      `SELECT n.id
       FROM detection d
       JOIN incident n ON n.id = d.incident_id
       WHERE d.project_id = $1 AND d.series = $2 AND n.status <> 'resolved'
       ORDER BY d.id DESC
       LIMIT 1`,
      [projectId, series],
    );
    return row?.id;
  }

  /** Lists an incident's history, oldest first. */
  async timeline(sql: Sql, incidentId: number): Promise<TimelineEntry[]> {
    return sql.query<TimelineEntry>(
      `SELECT at, kind, actor, details
       FROM incident_timeline
       WHERE incident_id = $1
       ORDER BY id`,
      [incidentId],
    );
  }

  /** Counts open incidents by project and severity, for the metrics. */
  async countOpen(sql: Sql): Promise<{ project: string; severity: Severity; count: number }[]> {
    return sql.query(
      `SELECT p.slug AS project, n.severity, count(*) AS count
       FROM incident n
       JOIN project p ON p.id = n.project_id
       WHERE n.status <> 'resolved'
       GROUP BY 1, 2`,
    );
  }
}

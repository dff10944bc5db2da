import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../platform/db/database.js';
import { type Incident, type IncidentStatus, type Resolution, type Severity, type TimelineEntry } from './incident.js';

const COLUMNS = `n.id, n.project_id AS "projectId", n.status, n.severity, n.title, n.area, n.started_at AS "startedAt", n.opened_at AS "openedAt",
  n.resolved_at AS "resolvedAt", n.resolution, coalesce((SELECT array_agg(a.issue_id ORDER BY a.attached_at, a.issue_id) FROM incident_issue a WHERE a.incident_id = n.id), '{}') AS "issueIds"`;

/** An incident as it is opened. */
export interface NewIncident {
  readonly projectId: number;
  readonly severity: Severity;
  readonly title: string;
  readonly area?: string | null;
  readonly startedAt: Date;
}

/** Fields of an incident that people may change. */
export interface IncidentChange {
  readonly status?: IncidentStatus;
  readonly severity?: Severity;
  readonly title?: string;
  readonly area?: string | null;
}

/** All SQL on incidents. */
@Injectable()
export class IncidentStore {
  /** Opens an incident; returns its id. */
  async insert(tx: Tx, incident: NewIncident, now: Date): Promise<number> {
    const [row] = await tx.query<{ id: number }>(
      `INSERT INTO incident (project_id, status, severity, title, area, started_at, opened_at) VALUES ($1, 'detected', $2, $3, $4, $5, $6) RETURNING id`,
      [incident.projectId, incident.severity, incident.title, incident.area ?? null, incident.startedAt, now],
    );
    return row?.id ?? 0;
  }

  /** Attaches an issue; false when it was attached already. */
  async attachIssue(tx: Tx, incidentId: number, issueId: number, reason: string, now: Date): Promise<boolean> {
    const sql = `INSERT INTO incident_issue (incident_id, issue_id, attached_at, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING issue_id`;
    return (await tx.query(sql, [incidentId, issueId, now, reason])).length > 0;
  }

  /** Appends to the history. */
  async append(
    tx: Tx,
    incidentId: number,
    kind: string,
    actor: string,
    details: Record<string, unknown>,
    now: Date,
  ): Promise<void> {
    const sql = `INSERT INTO incident_timeline (incident_id, at, kind, actor, details) VALUES ($1, $2, $3, $4, $5)`;
    await tx.query(sql, [incidentId, now, kind, actor, JSON.stringify(details)]);
  }

  /** Changes what is given. */
  async update(tx: Tx, id: number, change: IncidentChange): Promise<void> {
    const { status, severity, title, area } = change;
    await tx.query(
      `UPDATE incident SET status = coalesce($2, status), severity = coalesce($3, severity), title = coalesce($4, title), area = CASE WHEN $6 THEN $5 ELSE area END WHERE id = $1`,
      [id, status ?? null, severity ?? null, title ?? null, area ?? null, area !== undefined],
    );
  }

  /** Ends an incident; false when it had ended before. */
  async resolve(tx: Tx, id: number, resolution: Resolution, now: Date): Promise<boolean> {
    const sql = `UPDATE incident SET status = 'resolved', resolved_at = $3, resolution = $2 WHERE id = $1 AND status <> 'resolved' RETURNING id`;
    return (await tx.query(sql, [id, resolution, now])).length > 0;
  }

  /** One incident, undefined when there is none. */
  async find(sql: Sql, id: number): Promise<Incident | undefined> {
    const [row] = await sql.query<Incident>(`SELECT ${COLUMNS} FROM incident n WHERE n.id = $1`, [id]);
    return row;
  }

  /** Incidents by id, newest first. */
  async list(
    sql: Sql,
    filter: { status?: IncidentStatus; open?: boolean; before: number; limit: number },
  ): Promise<Incident[]> {
    return sql.query<Incident>(
      `SELECT ${COLUMNS} FROM incident n WHERE n.id < $1 AND ($2::text IS NULL OR n.status = $2) AND ($3::boolean IS NULL OR (n.status <> 'resolved') = $3) ORDER BY n.id DESC LIMIT $4`,
      [filter.before, filter.status ?? null, filter.open ?? null, filter.limit],
    );
  }

  /** All incidents that are not resolved, oldest first. */
  async open(sql: Sql): Promise<Incident[]> {
    return sql.query<Incident>({
      name: 'incidents.open',
      text: `SELECT ${COLUMNS} FROM incident n WHERE n.status <> 'resolved' ORDER BY n.id`,
    });
  }

  /** Incidents that ended after `since`, oldest first. */
  async resolvedSince(sql: Sql, since: Date): Promise<Incident[]> {
    return sql.query<Incident>(
      {
        name: 'incidents.resolved_since',
        text: `SELECT ${COLUMNS} FROM incident n WHERE n.status = 'resolved' AND n.resolved_at >= $1 ORDER BY n.id`,
      },
      [since],
    );
  }

  /** The open incident that an issue belongs to. */
  async openWithIssue(sql: Sql, issueId: number): Promise<Incident | undefined> {
    const [row] = await sql.query<Incident>(
      `SELECT ${COLUMNS} FROM incident n JOIN incident_issue x ON x.incident_id = n.id WHERE x.issue_id = $1 AND n.status <> 'resolved' LIMIT 1`,
      [issueId],
    );
    return row;
  }

  /** An incident's history, oldest first. */
  async timeline(sql: Sql, incidentId: number): Promise<TimelineEntry[]> {
    return sql.query<TimelineEntry>(
      'SELECT at, kind, actor, details FROM incident_timeline WHERE incident_id = $1 ORDER BY id',
      [incidentId],
    );
  }

  /** Open incidents by project and severity, for the metrics. */
  async countOpen(sql: Sql): Promise<{ project: string; severity: Severity; count: number }[]> {
    return sql.query(
      `SELECT p.slug AS project, n.severity, count(*) AS count FROM incident n JOIN project p ON p.id = n.project_id WHERE n.status <> 'resolved' GROUP BY 1, 2`,
    );
  }
}

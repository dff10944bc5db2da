import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Alert } from './alert.js';

const COLUMNS = `group_key AS "groupKey", fingerprint, starts_at AS "startsAt", status, ends_at AS "endsAt", labels, annotations, url, project_id AS "projectId", incident_id AS "incidentId"`;

/** Stores the alerts that Alertmanager sent, one row for each group, fingerprint and start. */
@Injectable()
export class AlertStore {
  /**
   * Stores the current state of an alert. A resolved alert stays resolved, so a late notification changes nothing.
   * @returns whether it is new or has changed, and the row as it now stands
   */
  async upsert(
    tx: Tx,
    alert: Omit<Alert, 'incidentId'>,
    now: Date,
  ): Promise<{ alert: Alert; changed: boolean; fresh: boolean }> {
    const [before] = await tx.query<Alert>(
      `SELECT ${COLUMNS}
       FROM incident_alert
       WHERE group_key = $1 AND fingerprint = $2 AND starts_at = $3
       FOR UPDATE`,
      [alert.groupKey, alert.fingerprint, alert.startsAt],
    );
    if (before && (before.status === 'resolved' || before.status === alert.status)) {
      await tx.query(
        `UPDATE incident_alert
         SET received_at = $4
         WHERE group_key = $1 AND fingerprint = $2 AND starts_at = $3`,
        [alert.groupKey, alert.fingerprint, alert.startsAt, now],
      );
      return { alert: before, changed: false, fresh: false };
    }
    const [row] = await tx.query<Alert>(
      `INSERT INTO incident_alert AS a (group_key, fingerprint, starts_at, status, ends_at, labels, annotations, url, project_id, received_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (group_key, fingerprint, starts_at) DO UPDATE SET status = EXCLUDED.status,
         ends_at = EXCLUDED.ends_at, received_at = EXCLUDED.received_at
       RETURNING ${COLUMNS}`,
      [
        alert.groupKey,
        alert.fingerprint,
        alert.startsAt,
        alert.status,
        alert.endsAt,
        JSON.stringify(alert.labels),
        JSON.stringify(alert.annotations),
        alert.url,
        alert.projectId,
        now,
      ],
    );
    return { alert: row ?? { ...alert, incidentId: null }, changed: true, fresh: !before };
  }

  /** Attaches an alert to an incident as evidence. */
  async attach(tx: Tx, alert: Alert, incidentId: number): Promise<void> {
    await tx.query(
      `UPDATE incident_alert
       SET incident_id = $4
       WHERE group_key = $1 AND fingerprint = $2 AND starts_at = $3`,
      [alert.groupKey, alert.fingerprint, alert.startsAt, incidentId],
    );
  }

  /** Lists the alerts of an incident, oldest first. */
  async ofIncident(sql: Sql, incidentId: number): Promise<Alert[]> {
    return sql.query<Alert>(
      {
        name: 'alerts.of_incident',
        text: `SELECT ${COLUMNS}
          FROM incident_alert
          WHERE incident_id = $1
          ORDER BY starts_at, fingerprint`,
      },
      [incidentId],
    );
  }

  /** Lists a project's firing alerts without an incident that began, or were last reported, from `since` on. */
  async loose(sql: Sql, projectId: number, since: Date): Promise<Alert[]> {
    return sql.query<Alert>(
      `SELECT ${COLUMNS}
       FROM incident_alert
       WHERE project_id = $1 AND incident_id IS NULL AND status = 'firing' AND received_at >= $2
       ORDER BY starts_at`,
      [projectId, since],
    );
  }
}

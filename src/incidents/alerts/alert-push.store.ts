import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';

/** Last state of an incident that we told Alertmanager. */
export interface Push {
  readonly incidentId: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly pushedAt: Date;
}

/** Stores which incidents Alertmanager knows as alerts. */
@Injectable()
export class AlertPushStore {
  /** Lists the incidents whose end Alertmanager does not know yet. */
  async standing(sql: Sql): Promise<Push[]> {
    return sql.query<Push>(
      `SELECT incident_id AS "incidentId", labels, pushed_at AS "pushedAt"
       FROM alert_push
       WHERE NOT ended`,
    );
  }

  /** Notes what we told Alertmanager. */
  async save(
    tx: Tx,
    incidentId: number,
    labels: Readonly<Record<string, string>>,
    ended: boolean,
    now: Date,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO alert_push (incident_id, labels, pushed_at, ended)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (incident_id) DO UPDATE SET labels = $2, pushed_at = $3, ended = $4`,
      [incidentId, JSON.stringify(labels), now, ended],
    );
  }
}

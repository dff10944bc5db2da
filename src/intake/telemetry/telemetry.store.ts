import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

/** Sessions of one release in one minute. */
export interface SessionRow {
  readonly projectId: number;
  readonly minute: Date;
  readonly release: string;
  readonly environment: string;
  started: number;
  exited: number;
  errored: number;
  crashed: number;
  abnormal: number;
  /** Crashed sessions, those of one device once an hour. */
  crashedDevices: number;
}

/** Events that SDKs of a project dropped in one minute. */
export interface DropRow {
  readonly projectId: number;
  readonly minute: Date;
  readonly reason: string;
  readonly category: string;
  readonly ofErrors: boolean;
  quantity: number;
  /** How much of it was said with a public key. */
  claimed: number;
}

/** A customer's own words as they are kept: scrubbed, the writer in a column of its own. */
export interface FeedbackRow {
  readonly projectId: number;
  readonly feedbackId: string | null;
  readonly aboutEventId: string | null;
  readonly customerId: number | null;
  readonly message: string;
  readonly at: Date;
}

/** How stable a release is. */
export interface ReleaseHealth {
  readonly release: string;
  readonly environment: string;
  readonly sessions: number;
  readonly crashed: number;
  readonly crashedDevices: number;
  readonly errored: number;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
}

/** SQL on what SDKs say beside events. */
@Injectable()
export class TelemetryStore {
  /** Adds to sessions' counts. */
  async addSessions(sql: Sql, rows: readonly SessionRow[]): Promise<void> {
    if (rows.length === 0) return;
    const column = <K extends keyof SessionRow>(key: K) => rows.map((row) => row[key]);
    await sql.query(
      {
        name: 'telemetry.add_sessions',
        text: `INSERT INTO release_session AS s (project_id, minute, release, environment, started, exited, errored, crashed, abnormal, crashed_devices)
               SELECT *
               FROM unnest($1::int[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
               ORDER BY 1, 2, 3, 4
               ON CONFLICT (project_id, minute, release, environment) DO UPDATE SET started = s.started + EXCLUDED.started, exited = s.exited + EXCLUDED.exited,
                 errored = s.errored + EXCLUDED.errored, crashed = s.crashed + EXCLUDED.crashed, abnormal = s.abnormal + EXCLUDED.abnormal, crashed_devices = s.crashed_devices + EXCLUDED.crashed_devices`,
      },
      [
        column('projectId'),
        column('minute'),
        column('release'),
        column('environment'),
        column('started'),
        column('exited'),
        column('errored'),
        column('crashed'),
        column('abnormal'),
        column('crashedDevices'),
      ],
    );
  }

  /** Adds to the number of customers who used an app in a minute. */
  async addActive(sql: Sql, rows: readonly { projectId: number; minute: Date; customers: number }[]): Promise<void> {
    if (rows.length === 0) return;
    await sql.query(
      {
        name: 'telemetry.add_active',
        text: `INSERT INTO project_minute AS p (project_id, minute, active_customers)
          SELECT *
          FROM unnest($1::int[], $2::timestamptz[], $3::int[])
          ORDER BY 1, 2
          ON CONFLICT (project_id, minute) DO UPDATE SET active_customers = p.active_customers + EXCLUDED.active_customers`,
      },
      [rows.map((row) => row.projectId), rows.map((row) => row.minute), rows.map((row) => row.customers)],
    );
  }

  /** Moves customers' last activity on, and notes the day as one of the last 52; only customers whom somebody knows are kept. */
  async touchActivity(sql: Sql, rows: readonly { projectId: number; customerId: number; at: Date }[]): Promise<void> {
    if (rows.length === 0) return;
    await sql.query(
      {
        name: 'telemetry.touch_activity',
        text: `INSERT INTO customer_activity AS a (project_id, customer_id, last_at)
          SELECT x.project_id, coalesce(c.merged_into, c.id), max(x.at)
          FROM unnest($1::int[], $2::bigint[], $3::timestamptz[]) AS x (project_id, customer_id, at)
          JOIN customer c ON c.id = x.customer_id
          GROUP BY 1, 2
          ORDER BY 1, 2
          ON CONFLICT (project_id, customer_id) DO UPDATE SET last_at = greatest(a.last_at, EXCLUDED.last_at),
            days = (
              SELECT CASE
                WHEN later >= 52 THEN 1
                WHEN later > 0 THEN (a.days << later) & ((1::bigint << 52) - 1) | 1
                WHEN later > -52 THEN a.days | (1::bigint << -later)
                ELSE a.days
              END
              FROM (SELECT (EXCLUDED.last_at AT TIME ZONE 'UTC')::date - (a.last_at AT TIME ZONE 'UTC')::date AS later) x
            )`,
      },
      [rows.map((row) => row.projectId), rows.map((row) => row.customerId), rows.map((row) => row.at)],
    );
  }

  /** Adds to what SDKs dropped. */
  async addDrops(sql: Sql, rows: readonly DropRow[]): Promise<void> {
    if (rows.length === 0) return;
    await sql.query(
      {
        name: 'telemetry.add_drops',
        text: `
          INSERT INTO client_drop AS d (project_id, minute, reason, category, of_errors, quantity, claimed)
          SELECT *
          FROM unnest($1::int[], $2::timestamptz[], $3::text[], $4::text[], $5::boolean[], $6::bigint[], $7::bigint[])
          ORDER BY 1, 2, 3, 4
          ON CONFLICT (project_id, minute, reason, category) DO UPDATE SET
            quantity = d.quantity + EXCLUDED.quantity,
            claimed = d.claimed + EXCLUDED.claimed`,
      },
      [
        rows.map((row) => row.projectId),
        rows.map((row) => row.minute),
        rows.map((row) => row.reason),
        rows.map((row) => row.category),
        rows.map((row) => row.ofErrors),
        rows.map((row) => row.quantity),
        rows.map((row) => row.claimed),
      ],
    );
  }

  /** Keeps customers' words; the same text by the same writer on the same error, sent again, changes nothing. Returns how many were new. */
  async addFeedback(sql: Sql, rows: readonly FeedbackRow[], now: Date): Promise<number> {
    let added = 0;
    for (const row of rows) {
      const made = await sql.query(
        {
          name: 'telemetry.add_feedback',
          text: `INSERT INTO user_feedback (project_id, feedback_id, about_event_id, customer_id, message, at, received_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT DO NOTHING
            RETURNING id`,
        },
        [row.projectId, row.feedbackId, row.aboutEventId, row.customerId, row.message, row.at, now],
      );
      added += made.length;
    }
    return added;
  }

  /** Error reports that SDKs of a project dropped in any of these minutes, by reason; `claimed` of them were reported with a public key. */
  async dropsIn(
    sql: Sql,
    projectId: number,
    from: Date,
    to: Date,
  ): Promise<{ reason: string; quantity: number; claimed: number }[]> {
    return sql.query(
      `SELECT reason, sum(quantity)::bigint AS quantity, sum(claimed)::bigint AS claimed
       FROM client_drop
       WHERE project_id = $1 AND of_errors AND minute >= $2 AND minute <= $3
       GROUP BY 1
       ORDER BY 2 DESC, 1`,
      [projectId, from, to],
    );
  }

  /** How stable the releases of a project were since `since`, newest first. */
  async releases(sql: Sql, projectId: number, since: Date): Promise<ReleaseHealth[]> {
    return sql.query<ReleaseHealth>(
      `SELECT release, environment, sum(started)::bigint AS sessions, sum(crashed)::bigint AS crashed,
         sum(crashed_devices)::bigint AS "crashedDevices", sum(errored)::bigint AS errored,
         min(minute) AS "firstSeen", max(minute) AS "lastSeen"
       FROM release_session
       WHERE project_id = $1 AND minute >= $2
       GROUP BY 1, 2
       ORDER BY max(minute) DESC, 1, 2
       LIMIT 200`,
      [projectId, since],
    );
  }
}

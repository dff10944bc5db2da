import { Injectable } from '@nestjs/common';
import { type Level } from '../../events/event.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Place } from './cell.js';
import { CellStore } from './cell.store.js';

const HOUR = 3_600_000;

/** A later hour of another process's clock counts as this one: a clock that goes late opens no room. */
const OPENED = {
  name: 'catch_all.opened',
  text: 'SELECT opened FROM issue_opening WHERE project_id = $1 AND hour >= $2',
};
const COUNT_OPENED = {
  name: 'catch_all.count_opened',
  text: `INSERT INTO issue_opening AS o (project_id, hour, opened) VALUES ($1, $2, $3)
         ON CONFLICT (project_id) DO UPDATE SET opened = EXCLUDED.opened + CASE WHEN o.hour >= EXCLUDED.hour THEN o.opened ELSE 0 END, hour = greatest(o.hour, EXCLUDED.hour)`,
};
const PLACE = {
  name: 'catch_all.place',
  text: `SELECT c.id AS "cellId", i.id AS "issueId", i.status, i.resolved_at AS "resolvedAt", i.resolved_in AS "resolvedIn"
         FROM issue i JOIN cell c ON c.issue_id = i.id WHERE i.project_id = $1 AND i.level = $2 AND i.catch_all`,
};

/** How many issues a project has opened in an hour, and the issues that take what comes beyond. All of it under the project's lock. */
@Injectable()
export class CatchAllStore {
  constructor(private readonly cells: CellStore) {}

  /** Issues that a project has opened in the hour of `now` (UTC), in all processes. */
  async opened(tx: Tx, projectId: number, now: Date): Promise<number> {
    const [row] = await tx.query<{ opened: number }>(OPENED, [projectId, hourOf(now)]);
    return row?.opened ?? 0;
  }

  /** Adds to that count. */
  async countOpened(tx: Tx, projectId: number, opened: number, now: Date): Promise<void> {
    if (opened > 0) await tx.query(COUNT_OPENED, [projectId, hourOf(now), opened]);
  }

  /**
   * Where what comes beyond is counted: one issue for each level of a project, since a level decides whether detection looks at it.
   * Opened when there is none yet.
   */
  async place(tx: Tx, projectId: number, level: Level, most: number, now: Date): Promise<Place> {
    const [place] = await tx.query<Place>(PLACE, [projectId, level]);
    if (place) return place;
    const title = `More than ${most.toLocaleString('en')} new faults in an hour: those after are gathered here`;
    const unknown = { culprit: undefined, service: undefined, release: undefined, sketch: undefined };
    const look = { kind: 'custom', title, level, environment: 'all', occurredAt: now.getTime() };
    const cell = { projectId, ...look, ...unknown };
    const issueId = onlyRow(await this.cells.openIssues(tx, [cell], now, true), 'the new catch-all');
    await tx.query('UPDATE issue SET catch_all = true WHERE id = $1', [issueId]);
    const cellId = onlyRow(await this.cells.openCells(tx, [{ issueId, cell }], now), 'the cell of the catch-all');
    return { cellId, issueId, status: 'open', resolvedAt: null, resolvedIn: null, fresh: true };
  }

  /** Events that were gathered so far, by project. */
  async gathered(sql: Sql): Promise<{ projectId: number; events: number }[]> {
    return sql.query(
      `SELECT i.project_id AS "projectId", sum(c.event_count)::bigint AS events FROM issue i JOIN cell c ON c.issue_id = i.id WHERE i.catch_all GROUP BY 1`,
    );
  }
}

function hourOf(now: Date): Date {
  return new Date(Math.floor(now.getTime() / HOUR) * HOUR);
}

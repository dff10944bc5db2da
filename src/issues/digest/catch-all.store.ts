import { Injectable } from '@nestjs/common';
import { type Level } from '../../events/event.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Place } from './cell.js';
import { CellStore } from './cell.store.js';
import { type Spent } from './opening-budget.js';

const HOUR = 3_600_000;

/** An hour that is ahead, by the clock of another process, counts as this one: a slow clock makes no room for more issues. */
const SPENT = {
  name: 'catch_all.spent',
  text: `
    SELECT kind, spender, opened
    FROM issue_budget
    WHERE project_id = $1 AND hour >= $2 AND spender = ANY ($3::text[])`,
};
/** Adds to the counts of an hour, and removes those of earlier hours: sources have other names in each hour. */
const COUNT_OPENED = {
  name: 'catch_all.count_opened',
  text: `
    WITH added AS (
      SELECT *
      FROM unnest($3::text[], $4::text[], $5::int[]) AS x (kind, spender, opened)
    ), past AS (
      DELETE FROM issue_budget b
      WHERE b.project_id = $1 AND b.hour < $2
        AND NOT EXISTS (SELECT FROM added a WHERE a.kind = b.kind AND a.spender = b.spender)
    )
    INSERT INTO issue_budget AS b (project_id, hour, kind, spender, opened)
    SELECT $1, $2, kind, spender, opened
    FROM added
    ORDER BY kind, spender
    ON CONFLICT (project_id, kind, spender) DO UPDATE SET
      opened = EXCLUDED.opened + CASE WHEN b.hour >= EXCLUDED.hour THEN b.opened ELSE 0 END,
      hour = greatest(b.hour, EXCLUDED.hour)`,
};
const PLACE = {
  name: 'catch_all.place',
  text: `
    SELECT c.id AS "cellId", i.id AS "issueId", i.status, i.resolved_at AS "resolvedAt", i.resolved_in AS "resolvedIn"
    FROM issue i
    JOIN cell c ON c.issue_id = i.id
    WHERE i.project_id = $1 AND i.level = $2 AND i.catch_all`,
};
const MARK = 'UPDATE issue SET catch_all = true WHERE id = $1';
const GATHERED = `
  SELECT i.project_id AS "projectId", sum(c.event_count)::bigint AS events
  FROM issue i
  JOIN cell c ON c.issue_id = i.id
  WHERE i.catch_all
  GROUP BY 1`;

/** SQL on the cap of new issues: how many a project opened in an hour, and the catch-alls for the rest. Call it under the project's lock. */
@Injectable()
export class CatchAllStore {
  constructor(private readonly cells: CellStore) {}

  /** Counts the issues that these spenders of a project have opened in the hour of `now` (UTC), in all processes. */
  async spent(tx: Tx, projectId: number, spenders: readonly string[], now: Date): Promise<Spent[]> {
    return tx.query<Spent>(SPENT, [projectId, hourOf(now), spenders]);
  }

  /** Adds to those counts. */
  async countOpened(tx: Tx, projectId: number, spent: readonly Spent[], now: Date): Promise<void> {
    if (spent.length === 0) return;
    await tx.query(COUNT_OPENED, [
      projectId,
      hourOf(now),
      spent.map((one) => one.kind),
      spent.map((one) => one.spender),
      spent.map((one) => one.opened),
    ]);
  }

  /**
   * Finds the catch-all of a project and level, or opens it. There is one for each level, since the level decides whether detection
   * looks at an issue.
   */
  async place(tx: Tx, projectId: number, level: Level, most: number, now: Date): Promise<Place> {
    const [place] = await tx.query<Place>(PLACE, [projectId, level]);
    if (place) return place;
    const title = `More than ${most.toLocaleString('en')} new faults in an hour: those after are gathered here`;
    const unknown = { culprit: undefined, service: undefined, release: undefined, sketch: undefined };
    const look = { kind: 'custom', title, level, environment: 'all', occurredAt: now.getTime() };
    const cell = { projectId, ...look, ...unknown };
    const issueId = onlyRow(await this.cells.openIssues(tx, [cell], now, true), 'the new catch-all');
    await tx.query(MARK, [issueId]);
    const cellId = onlyRow(await this.cells.openCells(tx, [{ issueId, cell }], now), 'the cell of the catch-all');
    return { cellId, issueId, status: 'open', resolvedAt: null, resolvedIn: null, fresh: true };
  }

  /** Sums the events in catch-alls by project. */
  async gathered(sql: Sql): Promise<{ projectId: number; events: number }[]> {
    return sql.query(GATHERED);
  }
}

function hourOf(now: Date): Date {
  return new Date(Math.floor(now.getTime() / HOUR) * HOUR);
}

import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type IssueStatus } from '../issue.js';

/** How an issue stands, as people decided. */
export interface IssueDecision {
  readonly status: IssueStatus;
  readonly resolvedAt: string | null;
  readonly resolvedIn: string | null;
  readonly regressedAt: string | null;
  readonly regressedRelease: string | null;
  /** Left out by actions that were recorded before issues could be ignored for a time. */
  readonly ignoredAt?: string | null;
  readonly ignoredUntil?: string | null;
  readonly ignoredUntilCustomers?: number | null;
}

/** Details of an action, as many as undoing it needs. */
export type ActionDetails =
  | { readonly kind: 'merge'; readonly from: number; readonly into: number; readonly moved: readonly number[] }
  | {
      readonly kind: 'split';
      readonly from: number;
      readonly to: number;
      /** Each cell with the issue that it belonged to. */
      readonly cells: readonly (readonly [cell: number, home: number])[];
      readonly fingerprints: readonly string[];
    }
  | { readonly kind: 'status'; readonly before: IssueDecision; readonly after: IssueDecision };

/** One thing that a person did to an issue. */
export interface IssueAction {
  readonly id: number;
  readonly issueId: number;
  readonly kind: ActionDetails['kind'];
  readonly actor: string;
  readonly at: Date;
  readonly details: ActionDetails;
  readonly undoneAt: Date | null;
  readonly undoneBy: string | null;
}

/** A cell that holds a fingerprint, and the issues around it. */
export interface CellOfKey {
  readonly key: string;
  readonly cellId: number;
  readonly homeId: number;
  readonly rootId: number;
}

/** An issue as a new one is made like it. */
export interface IssueLook {
  readonly projectId: number;
  readonly kind: string;
  readonly title: string;
  readonly culprit: string | undefined;
  readonly level: string;
  readonly service: string | undefined;
  readonly environment: string;
  readonly release: undefined;
  readonly occurredAt: number;
}

const ACTION = `a.id, a.issue_id AS "issueId", a.kind, a.actor, a.at, a.details, a.undone_at AS "undoneAt", a.undone_by AS "undoneBy"`;
const DECISION = `status, resolved_at AS "resolvedAt", resolved_in AS "resolvedIn", regressed_at AS "regressedAt", regressed_release AS "regressedRelease",
  ignored_at AS "ignoredAt", ignored_until AS "ignoredUntil", ignored_customers AS "ignoredUntilCustomers"`;

/** SQL of what people do to issues: few rows each, whatever the number of events and customers behind them. */
@Injectable()
export class ActionStore {
  /** Writes an action down; returns its id. */
  async record(tx: Tx, issueId: number, actor: string, details: ActionDetails, now: Date): Promise<number> {
    const rows = await tx.query<{ id: number }>(
      `INSERT INTO issue_action (issue_id, kind, actor, at, details)
       VALUES ($1, $2, $3, $4, $5)
       RETURNING id`,
      [issueId, details.kind, actor, now, JSON.stringify(details)],
    );
    return onlyRow(rows, 'the new action').id;
  }

  /** One action, undefined when there is none. */
  async find(sql: Sql, id: number): Promise<IssueAction | undefined> {
    const [row] = await sql.query<IssueAction>(`SELECT ${ACTION} FROM issue_action a WHERE a.id = $1`, [id]);
    return row;
  }

  /** Lists the actions on an issue and on those merged into it, newest first. */
  async list(sql: Sql, issueId: number, before: number, limit: number): Promise<IssueAction[]> {
    return sql.query<IssueAction>(
      `SELECT ${ACTION}
       FROM issue me
       JOIN issue m ON m.root_id = me.root_id
       JOIN issue_action a ON a.issue_id = m.id
       WHERE me.id = $1 AND a.id < $2
       ORDER BY a.id DESC
       LIMIT $3`,
      [issueId, before, limit],
    );
  }

  /** Marks an action as undone. */
  async markUndone(tx: Tx, id: number, actor: string, now: Date): Promise<void> {
    await tx.query('UPDATE issue_action SET undone_at = $2, undone_by = $3 WHERE id = $1', [id, now, actor]);
  }

  /** The issues that have this root, the root itself among them. */
  async withRoot(tx: Tx, rootId: number): Promise<number[]> {
    const rows = await tx.query<{ id: number }>('SELECT id FROM issue WHERE root_id = $1 ORDER BY id FOR UPDATE', [
      rootId,
    ]);
    return rows.map((row) => row.id);
  }

  /** The issue that one is part of, itself when it stands alone. */
  async rootOf(sql: Sql, id: number): Promise<number> {
    const [row] = await sql.query<{ root_id: number }>('SELECT root_id FROM issue WHERE id = $1', [id]);
    return row?.root_id ?? id;
  }

  /** The project of an issue that exists. */
  async projectOf(sql: Sql, id: number): Promise<number> {
    const rows = await sql.query<{ project_id: number }>('SELECT project_id FROM issue WHERE id = $1', [id]);
    return onlyRow(rows, `the project of issue ${id}`).project_id;
  }

  /** Gives issues another root, and lets those who read hits by time see them anew; returns how many had the root `from`. */
  async changeRoot(tx: Tx, ids: readonly number[], from: number, to: number, now: Date): Promise<number> {
    const moved = await tx.query(
      `UPDATE issue
       SET root_id = $3
       WHERE id = ANY ($1::bigint[]) AND root_id = $2
       RETURNING id`,
      [ids, from, to],
    );
    await tx.query('UPDATE cell SET moved_at = $2 WHERE issue_id = ANY ($1::bigint[])', [ids, now]);
    await this.noteChange(tx);
    return moved.length;
  }

  /** Moves cells from one issue to another; returns how many were there. */
  async moveCells(tx: Tx, ids: readonly number[], from: number, to: number, now: Date): Promise<number> {
    const moved = await tx.query(
      `UPDATE cell
       SET issue_id = $3, moved_at = $4
       WHERE id = ANY ($1::bigint[]) AND issue_id = $2
       RETURNING id`,
      [ids, from, to, now],
    );
    await this.noteChange(tx);
    return moved.length;
  }

  /** The cells behind these keys of a project; unknown keys are missing. */
  async cellsOfKeys(tx: Tx, projectId: number, keys: readonly string[]): Promise<CellOfKey[]> {
    return tx.query<CellOfKey>(
      `SELECT f.key, c.id AS "cellId", c.issue_id AS "homeId", h.root_id AS "rootId"
       FROM fingerprint f
       JOIN cell c ON c.id = f.cell_id
       JOIN issue h ON h.id = c.issue_id
       WHERE f.project_id = $1 AND f.key = ANY ($2::text[])`,
      [projectId, keys],
    );
  }

  /** Keys of these cells that are not among `keys`; up to `limit`. */
  async otherKeys(tx: Tx, cellIds: readonly number[], keys: readonly string[], limit: number): Promise<string[]> {
    const rows = await tx.query<{ key: string }>(
      `SELECT key
       FROM fingerprint
       WHERE cell_id = ANY ($1::bigint[]) AND key <> ALL ($2::text[])
       ORDER BY id
       LIMIT $3`,
      [cellIds, keys, limit],
    );
    return rows.map((row) => row.key);
  }

  /** How many cells an issue and those merged into it have. */
  async countCells(tx: Tx, rootId: number): Promise<number> {
    const rows = await tx.query<{ count: number }>(
      `SELECT count(*)::int AS count
       FROM issue m
       JOIN cell c ON c.issue_id = m.id
       WHERE m.root_id = $1`,
      [rootId],
    );
    return onlyRow(rows, 'a count').count;
  }

  /** Describes the issue that would be made of this cell. */
  async lookOf(tx: Tx, cellId: number): Promise<IssueLook | undefined> {
    const [row] = await tx.query<IssueLook & { firstSeen: Date }>(
      `SELECT h.project_id AS "projectId", c.kind, c.title, c.culprit, c.level,
         h.service, h.environment, c.first_seen AS "firstSeen"
       FROM cell c
       JOIN issue h ON h.id = c.issue_id
       WHERE c.id = $1`,
      [cellId],
    );
    return row && { ...row, occurredAt: row.firstSeen.getTime() };
  }

  /** How an issue stands; its row is held until the end of the transaction. */
  async decision(tx: Tx, id: number): Promise<IssueDecision | undefined> {
    const [row] = await tx.query<IssueDecision>(`SELECT ${DECISION} FROM issue WHERE id = $1 FOR UPDATE`, [id]);
    return row && (JSON.parse(JSON.stringify(row)) as IssueDecision);
  }

  /** Sets how an issue stands. */
  async decide(tx: Tx, id: number, decision: IssueDecision, now: Date): Promise<void> {
    const { status, resolvedAt, resolvedIn, regressedAt, regressedRelease } = decision;
    const { ignoredAt = null, ignoredUntil = null, ignoredUntilCustomers = null } = decision;
    await tx.query(
      `UPDATE issue
       SET status = $2, resolved_at = $3, resolved_in = $4, regressed_at = $5,
         regressed_release = $6, changed_at = $7, ignored_at = $8, ignored_until = $9,
         ignored_customers = $10
       WHERE id = $1`,
      [
        id,
        status,
        resolvedAt,
        resolvedIn,
        regressedAt,
        regressedRelease,
        now,
        ignoredAt,
        ignoredUntil,
        ignoredUntilCustomers,
      ],
    );
    await this.noteChange(tx);
  }

  /** Lets every process know that what it remembers of issues may be wrong. */
  private async noteChange(tx: Tx): Promise<void> {
    await tx.query('UPDATE issue_change SET count = count + 1');
  }
}

import { Injectable } from '@nestjs/common';
import { int4s, int8s, texts, timestamps } from '../../platform/db/arrays.js';
import { type Bound, type Sql, type Tx } from '../../platform/db/database.js';
import { bind, onlyRow } from '../../platform/db/sql.js';
import { type KnownFingerprint, type NewCell, type NewFingerprint, type Place } from './cell.js';

/** Columns of a `Place`: `c` is the cell, `r` the issue that people see. */
const PLACE = `c.id AS "cellId", r.id AS "issueId", r.status, r.resolved_at AS "resolvedAt", r.resolved_in AS "resolvedIn"`;
const FIND_KEYS = {
  name: 'issues.find_fingerprints',
  text: `
    SELECT f.project_id AS "projectId", f.key, ${PLACE}
    FROM unnest($1::int[], $2::text[]) AS k (project_id, key),
      LATERAL (SELECT * FROM fingerprint x WHERE x.project_id = k.project_id AND x.key = k.key OFFSET 0) f,
      LATERAL (SELECT id, issue_id FROM cell x WHERE x.id = f.cell_id OFFSET 0) c,
      LATERAL (SELECT root_id FROM issue x WHERE x.id = c.issue_id OFFSET 0) h,
      LATERAL (SELECT * FROM issue x WHERE x.id = h.root_id OFFSET 0) r`,
};
const CHANGES = { name: 'issues.changes', text: 'SELECT count FROM issue_change' };
const ASSERT_CHANGES = {
  name: 'issues.assert_changes',
  text: 'SELECT require_unchanged((SELECT count FROM issue_change) = $1)',
};
const HOME_OF = {
  name: 'issues.home_of',
  text: `
    SELECT c.issue_id AS "homeId", c.kind, ${PLACE},
      (SELECT count(*)::int FROM cell x WHERE x.issue_id = c.issue_id) AS cells
    FROM fingerprint f
    JOIN cell c ON c.id = f.cell_id
    JOIN issue h ON h.id = c.issue_id
    JOIN issue r ON r.id = h.root_id
    WHERE f.project_id = $1 AND f.key = $2`,
};
const OPEN_ISSUES = {
  name: 'issues.open',
  text: `
    WITH fresh AS MATERIALIZED (
      SELECT nextval(pg_get_serial_sequence('issue', 'id')) AS id, x.*
      FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
        WITH ORDINALITY AS x (project_id, kind, title, culprit, level, service, environment, nth)
    )
    INSERT INTO issue
      (id, root_id, project_id, kind, title, culprit, level, service, environment, opened_at, changed_at, compared_at)
    OVERRIDING SYSTEM VALUE
    SELECT id, id, project_id, kind, title, culprit, level, service, environment,
      $8::timestamptz, $8::timestamptz, $9::timestamptz
    FROM fresh
    ORDER BY nth
    RETURNING id`,
};
const OPEN_CELLS = {
  name: 'issues.open_cells',
  text: `
    WITH fresh AS MATERIALIZED (
      SELECT nextval(pg_get_serial_sequence('cell', 'id')) AS id, x.*
      FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
        WITH ORDINALITY AS x (issue_id, kind, title, culprit, level, sketch, release, seen, nth)
    ), opened AS (
      INSERT INTO cell
        (id, issue_id, kind, title, culprit, level, first_release, last_release, first_seen, last_seen, changed_at)
      SELECT id, issue_id, kind, title, culprit, level, release, release, seen, seen, $9
      FROM fresh
      ORDER BY nth
    ), described AS (
      INSERT INTO cell_sketch (cell_id, sketch)
      SELECT id, sketch::jsonb
      FROM fresh
      WHERE sketch IS NOT NULL
    )
    SELECT id
    FROM fresh
    ORDER BY nth`,
};
const BIND = {
  name: 'issues.bind',
  text: `
    INSERT INTO fingerprint (project_id, key, version, cell_id, parts, masked, created_at)
    SELECT $1, x.key, x.version, x.cell_id, x.parts, x.masked, $7
    FROM unnest($2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[])
      WITH ORDINALITY AS x (key, version, cell_id, parts, masked, nth)
    ORDER BY x.nth
    RETURNING id, masked IS NOT NULL AS mined`,
};
const NEWEST_CELL = {
  name: 'issues.newest_cell',
  text: 'SELECT max(id) AS id FROM cell WHERE issue_id = $1',
};
const MINED = {
  name: 'issues.mined',
  text: `
    SELECT id, key, masked
    FROM fingerprint
    WHERE project_id = $1 AND masked IS NOT NULL AND id > $2
    ORDER BY id
    LIMIT $3`,
};
/** One transaction at a time may change a project's fingerprints, cells and issues. */
const LOCK = {
  name: 'issues.lock_opening',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('issue-open', $1))`,
};
const ISSUES_OF = `
  SELECT c.id AS "cellId", r.id AS "issueId", r.title
  FROM cell c
  JOIN issue h ON h.id = c.issue_id
  JOIN issue r ON r.id = h.root_id
  WHERE c.id = ANY ($1::bigint[])`;

/** Message fingerprint from which templates are learnt. */
export interface MinedRow {
  readonly id: number;
  readonly key: string;
  readonly masked: string;
}

/** SQL on fingerprints, the cells that they lead to, and the issues that hold the cells. */
@Injectable()
export class CellStore {
  /** The cells behind fingerprints; unknown ones are missing. */
  async find(sql: Sql, projectIds: readonly number[], keys: readonly string[]): Promise<KnownFingerprint[]> {
    return sql.query<KnownFingerprint>(FIND_KEYS, [int4s(projectIds), texts(keys)]);
  }

  /** Count of all changes, by any process, to where fingerprints lead or to what people decided about an issue. */
  async changes(tx: Tx): Promise<number> {
    return onlyRow(await tx.query<{ count: number }>(CHANGES), 'the count of changes').count;
  }

  /** Makes sure that there were no other changes; fails with SQLSTATE FW001 when there were. */
  assertChanges(count: number): Bound {
    return bind(ASSERT_CHANGES, [count]);
  }

  /** Finds the place of a fingerprint, the issue that owns its cell (`homeId`, before merges), and how many cells that issue has. */
  async homeOf(
    tx: Tx,
    projectId: number,
    key: string,
  ): Promise<(Place & { homeId: number; cells: number }) | undefined> {
    const [row] = await tx.query<Place & { homeId: number; cells: number }>(HOME_OF, [projectId, key]);
    return row;
  }

  /** Waits until no other transaction changes the issues of this project, and keeps others waiting until this one ends. */
  async lock(tx: Tx, projectId: number): Promise<void> {
    await tx.query(LOCK, [projectId]);
  }

  /** Opens issues without cells; returns their ids in order. `compared` keeps the search for duplicates from looking at them. */
  async openIssues(tx: Tx, issues: readonly Omit<NewCell, 'sketch'>[], now: Date, compared = false): Promise<number[]> {
    if (issues.length === 0) return [];
    const rows = await tx.query<{ id: number }>(OPEN_ISSUES, [
      int4s(issues.map((one) => one.projectId)),
      texts(issues.map((one) => one.kind)),
      texts(issues.map((one) => one.title)),
      texts(issues.map((one) => one.culprit ?? null)),
      texts(issues.map((one) => one.level)),
      texts(issues.map((one) => one.service ?? null)),
      texts(issues.map((one) => one.environment)),
      now,
      compared ? now : null,
    ]);
    return rows.map((row) => row.id);
  }

  /** Adds cells to issues; returns their ids in order. */
  async openCells(
    tx: Tx,
    rows: readonly { readonly issueId: number; readonly cell: NewCell }[],
    now: Date,
  ): Promise<number[]> {
    if (rows.length === 0) return [];
    const opened = await tx.query<{ id: number }>(OPEN_CELLS, [
      int8s(rows.map((row) => row.issueId)),
      texts(rows.map(({ cell }) => cell.kind)),
      texts(rows.map(({ cell }) => cell.title)),
      texts(rows.map(({ cell }) => cell.culprit ?? null)),
      texts(rows.map(({ cell }) => cell.level)),
      texts(rows.map(({ cell }) => (cell.sketch === undefined ? null : JSON.stringify(cell.sketch)))),
      texts(rows.map(({ cell }) => cell.release ?? null)),
      timestamps(rows.map(({ cell }) => cell.occurredAt)),
      now,
    ]);
    return opened.map((row) => row.id);
  }

  /** The newest cell of an issue. @throws when it has none */
  async newestCell(tx: Tx, issueId: number): Promise<number> {
    const rows = await tx.query<{ id: number | null }>(NEWEST_CELL, [issueId]);
    const { id } = onlyRow(rows, 'the newest cell');
    if (id === null) throw new Error(`issue ${issueId} has no cell`);
    return id;
  }

  /** Binds fingerprints to cells for all future events; returns the ids of those from which templates are learnt, in order. */
  async bind(tx: Tx, projectId: number, rows: readonly NewFingerprint[], now: Date): Promise<number[]> {
    if (rows.length === 0) return [];
    const bound = await tx.query<{ id: number; mined: boolean }>(BIND, [
      projectId,
      rows.map((r) => r.key),
      rows.map((r) => r.version),
      rows.map((r) => r.cellId),
      rows.map((r) => JSON.stringify(r.parts)),
      rows.map((r) => r.masked),
      now,
    ]);
    return bound.filter((row) => row.mined).map((row) => row.id);
  }

  /** The issues, as people see them, for which these cells count. */
  async issuesOf(sql: Sql, cellIds: readonly number[]): Promise<{ cellId: number; issueId: number; title: string }[]> {
    return sql.query(ISSUES_OF, [cellIds]);
  }

  /** The project's message fingerprints after `after`, in the order in which they were bound. */
  async mined(sql: Sql, projectId: number, after: number, limit: number): Promise<MinedRow[]> {
    return sql.query<MinedRow>(MINED, [projectId, after, limit]);
  }
}

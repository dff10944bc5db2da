import { Injectable } from '@nestjs/common';
import { type Bound, type Sql, type Tx } from '../../platform/db/database.js';
import { bind } from '../../platform/db/sql.js';
import { onlyRow } from '../../platform/db/sql.js';

const SAVE_RELEASES = {
  name: 'issues.save_releases',
  text: `
    INSERT INTO app_release (project_id, release, first_seen)
    SELECT p, r, $3
    FROM unnest($1::int[], $2::text[]) AS x (p, r)
    ORDER BY p, r
    ON CONFLICT DO NOTHING`,
};
const RELEASE_DATES = `
  SELECT release, first_seen AS "firstSeen"
  FROM app_release
  WHERE project_id = $1 AND release = ANY ($2::text[])`;
const REOPEN = `
  UPDATE issue
  SET status = 'open', regressed_at = $2, regressed_release = $3, changed_at = $2
  WHERE id = $1 AND status = 'resolved'`;
const REGRESSED = {
  name: 'issues.regressed',
  text: `
    SELECT i.id AS "issueId", i.project_id AS "projectId", i.regressed_at AS "regressedAt",
      i.regressed_release AS release, i.resolved_at AS "resolvedAt", i.resolved_in AS "resolvedIn"
    FROM issue i
    WHERE i.regressed_at >= $1 AND i.status = 'open' AND i.root_id = i.id
    ORDER BY i.regressed_at, i.id`,
};

const FORGET_ALL_DOUBTS = 'DELETE FROM regression_doubt WHERE issue_id = $1';
const FORGET_DOUBTS = {
  name: 'issues.forget_doubts',
  text: 'DELETE FROM regression_doubt WHERE issue_id = $1 AND at < $2',
};
const ADD_DOUBTS = {
  name: 'issues.add_doubts',
  text: `
    INSERT INTO regression_doubt (issue_id, source, customer_id, at)
    SELECT $1, s, c, $4
    FROM unnest($2::bigint[], $3::bigint[]) AS x (s, c)
    ORDER BY s, c
    ON CONFLICT DO NOTHING`,
};
const DOUBTED = {
  name: 'issues.doubted',
  text: `
    WITH doubt AS (
      SELECT source, customer_id
      FROM regression_doubt
      WHERE issue_id = $1
    ), by_hour AS (
      SELECT count(DISTINCT source)::int AS sources
      FROM doubt
      GROUP BY source >> 48
    )
    SELECT coalesce((SELECT max(sources) FROM by_hour), 0) AS sources,
      (SELECT count(DISTINCT customer_id)::int FROM doubt WHERE customer_id <> 0) AS customers`,
};

/** A claim that what was fixed is not. */
export interface Doubt {
  readonly source: number;
  readonly customerId: number | undefined;
}

/** How many claims stand against a fix. */
export interface Doubted {
  readonly sources: number;
  readonly customers: number;
}

/** A resolved issue that came back. */
export interface RegressedIssue {
  readonly issueId: number;
  readonly projectId: number;
  readonly regressedAt: Date;
  /** The release of the event that spoke against the fix. */
  readonly release: string | null;
  readonly resolvedAt: Date | null;
  readonly resolvedIn: string | null;
}

/** SQL on releases by first sight, and on issues that came back. */
@Injectable()
export class RegressionStore {
  /** Notes releases; those that are known keep their date. */
  saveReleases(rows: readonly { projectId: number; release: string }[], now: Date): Bound {
    return bind(SAVE_RELEASES, [rows.map((r) => r.projectId), rows.map((r) => r.release), now]);
  }

  /** First sight of these releases, epoch milliseconds. */
  async releaseDates(sql: Sql, projectId: number, releases: readonly string[]): Promise<Map<string, number>> {
    const rows = await sql.query<{ release: string; firstSeen: Date }>(RELEASE_DATES, [projectId, releases]);
    return new Map(rows.map(({ release, firstSeen }) => [release, firstSeen.getTime()]));
  }

  /**
   * Keeps claims that a fix does not hold, and says how many stand since it: distinct sources, of the hour in which there were most (a source
   * has another name in each hour), and distinct customers. Those older than `since` are forgotten.
   */
  async addDoubts(tx: Tx, issueId: number, doubts: readonly Doubt[], at: { since: Date; now: Date }): Promise<Doubted> {
    await tx.query(FORGET_DOUBTS, [issueId, at.since]);
    await tx.query(ADD_DOUBTS, [
      issueId,
      doubts.map(({ source }) => source),
      doubts.map(({ customerId }) => customerId ?? 0),
      at.now,
    ]);
    return onlyRow(await tx.query<Doubted>(DOUBTED, [issueId]), 'the doubts');
  }

  /** Opens a resolved issue again, as a regression; without effect on one that is open. */
  async reopen(tx: Tx, issueId: number, release: string | null, now: Date): Promise<void> {
    await tx.query(FORGET_ALL_DOUBTS, [issueId]);
    await tx.query(REOPEN, [issueId, now, release]);
  }

  /** Issues that came back at `since` or later, oldest first. */
  async regressed(sql: Sql, since: Date): Promise<RegressedIssue[]> {
    return sql.query<RegressedIssue>(REGRESSED, [since]);
  }
}

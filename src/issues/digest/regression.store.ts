import { Injectable } from '@nestjs/common';
import { type Bound, type Sql, type Tx } from '../../platform/db/database.js';
import { bind } from '../../platform/db/sql.js';

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
  UPDATE issue SET status = 'open', regressed_at = $2, regressed_release = $3, changed_at = $2
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

  /** Opens a resolved issue again, as a regression; without effect on one that is open. */
  async reopen(tx: Tx, issueId: number, release: string | null, now: Date): Promise<void> {
    await tx.query(REOPEN, [issueId, now, release]);
  }

  /** Issues that came back at `since` or later, oldest first. */
  async regressed(sql: Sql, since: Date): Promise<RegressedIssue[]> {
    return sql.query<RegressedIssue>(REGRESSED, [since]);
  }
}

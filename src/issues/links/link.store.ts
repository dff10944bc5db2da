import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type IssueSketch } from './link-sketch.v1.js';
import { type LinkedIssue } from '../issue.js';

/** State of a link, as people decide it. */
export type LinkState = 'proposed' | 'confirmed' | 'rejected';

/** Link between two issues that may be one fault. */
export interface IssueLink {
  readonly id: number;
  readonly aId: number;
  readonly bId: number;
  readonly score: number;
  readonly reason: string;
  readonly state: LinkState;
  readonly proposedAt: Date;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
}

/** Pair of issues found to be alike. */
export interface ProposedLink {
  readonly between: readonly [number, number];
  readonly score: number;
  readonly reason: string;
}

/** Issue as the search for duplicates sees it: a sketch of each of some cells. */
export interface SketchedIssue {
  readonly issueId: number;
  readonly projectId: number;
  /** Sketches of cells; null if no cell has one. */
  readonly sketches: readonly IssueSketch[] | null;
  readonly releases: readonly string[] | null;
}

const LINK = `l.id, l.a_id AS "aId", l.b_id AS "bId", l.score, l.reason, l.state, l.proposed_at AS "proposedAt", l.decided_at AS "decidedAt", l.decided_by AS "decidedBy"`;
/** Cells of one issue to look at, those with most events first. */
const CELLS_LOOKED_AT = 8;
/**
 * Reads all issues in one pass. With one look-up for each issue the planner, which knows the tables by their size
 * alone, would go through every cell.
 */
const sketched = (picked: string) => `WITH picked AS MATERIALIZED (${picked}), ranked AS (
    SELECT p.id, s.sketch, c.first_release, c.last_release, row_number() OVER (PARTITION BY p.id ORDER BY c.event_count DESC, c.id) AS nth
    FROM picked p
    JOIN issue m ON m.root_id = p.id
    JOIN cell c ON c.issue_id = m.id
    JOIN cell_sketch s ON s.cell_id = c.id
  ), summed AS (
    SELECT id, jsonb_agg(sketch ORDER BY nth) AS sketches, array_remove(array_agg(first_release) || array_agg(last_release), NULL) AS releases
    FROM ranked
    WHERE nth <= ${CELLS_LOOKED_AT}
    GROUP BY id
  )
  SELECT p.id AS "issueId", p.project_id AS "projectId", s.sketches, s.releases
  FROM picked p
  LEFT JOIN summed s ON s.id = p.id
  ORDER BY p.id`;

/** Holds the SQL on links between issues that may be one fault. */
@Injectable()
export class LinkStore {
  /** Proposes links; a pair that was proposed before keeps its state. */
  async propose(tx: Tx, links: readonly ProposedLink[], now: Date): Promise<void> {
    if (links.length === 0) return;
    await tx.query(
      `INSERT INTO issue_link (a_id, b_id, score, reason, proposed_at)
       SELECT least(x.a, x.b), greatest(x.a, x.b), x.score, x.reason, $5
       FROM unnest($1::bigint[], $2::bigint[], $3::real[], $4::text[]) WITH ORDINALITY AS x (a, b, score, reason, nth)
       ORDER BY x.nth
       ON CONFLICT DO NOTHING`,
      [
        links.map((link) => link.between[0]),
        links.map((link) => link.between[1]),
        links.map((link) => link.score),
        links.map((link) => link.reason),
        now,
      ],
    );
  }

  /** Proposes links between the issues behind pairs of fingerprints, unless they are one issue. */
  async proposeByKeys(
    tx: Tx,
    projectId: number,
    pairs: readonly (readonly [string, string])[],
    { score, reason }: { score: number; reason: string },
    now: Date,
  ): Promise<void> {
    const keys = [...new Set(pairs.flat())];
    if (keys.length === 0) return;
    const rows = await tx.query<{ key: string; id: number }>(
      `SELECT f.key, h.root_id AS id
       FROM fingerprint f
       JOIN cell c ON c.id = f.cell_id
       JOIN issue h ON h.id = c.issue_id
       WHERE f.project_id = $1 AND f.key = ANY ($2::text[])`,
      [projectId, keys],
    );
    const rootOf = new Map(rows.map((row) => [row.key, row.id]));
    const links = pairs.flatMap(([keyA, keyB]) => {
      const [a, b] = [rootOf.get(keyA), rootOf.get(keyB)];
      return a === undefined || b === undefined || a === b ? [] : [{ between: [a, b] as const, score, reason }];
    });
    await this.propose(tx, links, now);
  }

  /** Claims issues that were never compared with others, oldest first, until the end of the transaction. */
  async claimNew(tx: Tx, limit: number): Promise<SketchedIssue[]> {
    const picked = `SELECT id, project_id
       FROM issue
       WHERE compared_at IS NULL
       ORDER BY id
       FOR UPDATE SKIP LOCKED
       LIMIT $1`;
    return tx.query<SketchedIssue>(sketched(picked), [limit]);
  }

  /** Lists a project's issues that were opened or hit since `since`, the latest hits first. */
  async candidates(tx: Tx, projectId: number, since: Date, limit: number): Promise<SketchedIssue[]> {
    const picked = `SELECT i.id, i.project_id
      FROM issue i
      JOIN (
        SELECT h.root_id
        FROM cell c
        JOIN issue h ON h.id = c.issue_id
        WHERE h.project_id = $1 AND c.changed_at >= $2
        GROUP BY 1
        ORDER BY max(c.changed_at) DESC
        LIMIT $3
      ) n ON n.root_id = i.id
      WHERE i.status <> 'ignored'`;
    return tx.query<SketchedIssue>(sketched(picked), [projectId, since, limit]);
  }

  /** Notes that issues were compared. */
  async markCompared(tx: Tx, ids: readonly number[], now: Date): Promise<void> {
    await tx.query('UPDATE issue SET compared_at = $2 WHERE id = ANY ($1::bigint[])', [ids, now]);
  }

  /** Finds a link; undefined if there is none. */
  async find(sql: Sql, id: number): Promise<IssueLink | undefined> {
    const [row] = await sql.query<IssueLink>(`SELECT ${LINK} FROM issue_link l WHERE l.id = $1`, [id]);
    return row;
  }

  /**
   * Lists links of an issue, and of issues merged into it, to other issues, strongest first; `linkedId` is the other
   * issue as people see it.
   */
  async linksOf(sql: Sql, issueId: number, limit: number): Promise<(IssueLink & { linkedId: number })[]> {
    return sql.query<IssueLink & { linkedId: number }>(
      `SELECT ${LINK}, CASE WHEN a.root_id = me.root_id THEN b.root_id ELSE a.root_id END AS "linkedId"
       FROM issue me
       JOIN issue m ON m.root_id = me.root_id
       JOIN issue_link l ON l.a_id = m.id OR l.b_id = m.id
       JOIN issue a ON a.id = l.a_id
       JOIN issue b ON b.id = l.b_id
       WHERE me.id = $1 AND a.root_id <> b.root_id
       ORDER BY l.score DESC, l.id
       LIMIT $2`,
      [issueId, limit],
    );
  }

  /** Lists issues with a link to these that was not rejected, strongest first, each once for each of them. */
  async linkedTo(sql: Sql, issueIds: readonly number[], minScore: number): Promise<LinkedIssue[]> {
    return sql.query<LinkedIssue>(
      `WITH mine AS MATERIALIZED (
         SELECT me.id AS of, me.root_id, m.id
         FROM issue me
         JOIN issue m ON m.root_id = me.root_id
         WHERE me.id = ANY ($1::bigint[])
       ), linked AS (
         SELECT mine.of, mine.root_id, l.b_id AS other_id, l.score, l.reason, l.state
         FROM mine
         JOIN issue_link l ON l.a_id = mine.id
         UNION ALL
         SELECT mine.of, mine.root_id, l.a_id, l.score, l.reason, l.state
         FROM mine
         JOIN issue_link l ON l.b_id = mine.id
       )
       SELECT x.of, x."issueId", x.score, x.reason, x.state
       FROM (
         SELECT DISTINCT ON (l.of, o.root_id) l.of, o.root_id AS "issueId", l.score, l.reason, l.state
         FROM linked l
         JOIN issue o ON o.id = l.other_id
         WHERE o.root_id <> l.root_id AND (l.state = 'confirmed' OR l.state = 'proposed' AND l.score >= $2)
         ORDER BY l.of, o.root_id, l.state, l.score DESC
       ) x
       ORDER BY x.score DESC, x.of, x."issueId"`,
      [issueIds, minScore],
    );
  }

  /** Records a person's decision on a link; null takes it back. */
  async decide(tx: Tx, id: number, state: LinkState, by: string | null, now: Date | null): Promise<void> {
    await tx.query('UPDATE issue_link SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1', [
      id,
      state,
      by,
      now,
    ]);
  }
}

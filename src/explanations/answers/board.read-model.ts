import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { type IncidentStatus, SEVERITIES, type Severity } from '../../incidents/incident.js';
import { type Explanation, type ExplanationUpdate } from '../explanation.js';
import { type Board, type BoardEntry } from './board.js';

/** One statement, so that the version and the rows are of one moment. */
const BOARD = {
  name: 'answers.board',
  text: `SELECT v.version, v.key, c.version AS changed, n.id, n.project_id AS "projectId", n.status, n.severity, n.area,
      n.started_at AS "startedAt", n.resolved_at AS "resolvedAt",
      (SELECT json_agg(e) FROM (
        SELECT DISTINCT ON (locale) locale, version, review_state AS "reviewState", title, body, workaround, next_update AS "nextUpdate", fixed, author
        FROM explanation
        WHERE incident_id = n.id
        ORDER BY locale, version DESC) e) AS texts,
      (SELECT json_agg(u) FROM (
        SELECT id, at, author, texts, next_update_at AS "nextUpdateAt"
        FROM explanation_update
        WHERE incident_id = n.id
        ORDER BY id DESC
        LIMIT 5) u) AS updates
    FROM answer_version v
    LEFT JOIN incident n ON n.status <> 'resolved' OR n.resolved_at >= $1 AND n.resolution <> 'merged'
    LEFT JOIN answer_change c ON c.incident_id = n.id`,
};

interface Row {
  readonly version: number;
  readonly key: Buffer;
  readonly changed: number | null;
  readonly id: number | null;
  readonly projectId: number;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  readonly area: string | null;
  readonly startedAt: Date;
  readonly resolvedAt: Date | null;
  readonly texts: readonly Omit<Explanation, 'incidentId' | 'createdAt'>[] | null;
  readonly updates:
    | readonly (Omit<ExplanationUpdate, 'incidentId' | 'at' | 'nextUpdateAt'> & {
        readonly at: string;
        readonly nextUpdateAt: string | null;
      })[]
    | null;
}

/** Reads what bots are told. */
@Injectable()
export class BoardReadModel {
  /** Reads everything: what is open, and what ended at `since` or later. */
  async board(sql: Sql, since: Date): Promise<Board> {
    const rows = await sql.query<Row>(BOARD, [since]);
    const [first] = rows;
    if (!first) throw new Error('answer_version has no row');
    const entries = rows.flatMap(({ id, ...row }) => (id === null ? [] : [entryOf({ ...row, id })]));
    return { version: first.version, key: first.key, entries: entries.sort(order) };
  }

  /** Reads the version alone. */
  async version(sql: Sql): Promise<number> {
    const [row] = await sql.query<{ version: number }>({
      name: 'answers.version',
      text: 'SELECT version FROM answer_version',
    });
    return row?.version ?? 0;
  }
}

function entryOf({ id, texts, updates, changed, ...row }: Row & { readonly id: number }): BoardEntry {
  const { projectId, status, severity, area, startedAt, resolvedAt } = row;
  const own = (texts ?? []).map((text) => [text.locale, { ...text, incidentId: id, createdAt: startedAt }] as const);
  const news = (updates ?? []).map(({ at, nextUpdateAt, ...update }) => ({
    ...update,
    incidentId: id,
    at: new Date(at),
    nextUpdateAt: nextUpdateAt === null ? null : new Date(nextUpdateAt),
  }));
  const facts = { id, projectId, status, severity, area, startedAt, resolvedAt };
  return { ...facts, changed: changed ?? 0, texts: new Map(own), updates: news };
}

function order(one: BoardEntry, other: BoardEntry): number {
  const over = (entry: BoardEntry) => Number(entry.status === 'resolved');
  return (
    over(one) - over(other) ||
    SEVERITIES.indexOf(other.severity) - SEVERITIES.indexOf(one.severity) ||
    other.startedAt.getTime() - one.startedAt.getTime() ||
    other.id - one.id
  );
}

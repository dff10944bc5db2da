import { Injectable } from '@nestjs/common';
import { type Bound, type Sql, type Tx } from '../../platform/db/database.js';
import { bind } from '../../platform/db/sql.js';

/** An event of an ignored issue; a customer only where the app named one. */
export interface IgnoredEvent {
  readonly issueId: number;
  readonly customerId: number | undefined;
}

const COUNT_EVENTS = `WITH mine AS (
    SELECT id
    FROM issue
    WHERE id = ANY ($1::bigint[])
    ORDER BY id
    FOR UPDATE
  )
  UPDATE issue i
  SET ignored_events = i.ignored_events + x.events
  FROM mine
  JOIN unnest($1::bigint[], $2::int[]) AS x (id, events) USING (id)
  WHERE i.id = mine.id`;
const COUNT_CUSTOMERS = `INSERT INTO ignored_hit AS h (issue_id, customer_id, events, first_at, last_at)
  SELECT issue_id, customer_id, count(*), $3, $3
  FROM unnest($1::bigint[], $2::bigint[]) AS x (issue_id, customer_id)
  GROUP BY 1, 2
  ORDER BY 1, 2
  ON CONFLICT (issue_id, customer_id) DO UPDATE SET events = h.events + EXCLUDED.events,
    last_at = EXCLUDED.last_at`;

const COUNT_BY_RULE = `INSERT INTO ignored_by_rule AS r (rule, project_id, events, first_at, last_at)
  SELECT rule, project_id, count(*), $3, $3
  FROM unnest($1::text[], $2::int[]) AS x (rule, project_id)
  GROUP BY 1, 2
  ORDER BY 1, 2
  ON CONFLICT (rule, project_id) DO UPDATE SET events = r.events + EXCLUDED.events, last_at = EXCLUDED.last_at`;

/** Events that a rule kept back in one project. */
export interface RuledOut {
  readonly rule: string;
  readonly projectId: number;
  readonly events: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** Stores the events that an ignored issue or a rule kept back, and the end of ignoring. */
@Injectable()
export class IgnoreStore {
  /** Adds events that are not counted, to be shown beside the decision to ignore them. */
  async count(tx: Tx, events: readonly IgnoredEvent[], now: Date): Promise<void> {
    if (events.length === 0) return;
    const totals = new Map<number, number>();
    for (const { issueId } of events) totals.set(issueId, (totals.get(issueId) ?? 0) + 1);
    await tx.query({ name: 'ignore.events', text: COUNT_EVENTS }, [[...totals.keys()], [...totals.values()]]);
    const named = events.filter(({ customerId }) => customerId !== undefined);
    await tx.query({ name: 'ignore.customers', text: COUNT_CUSTOMERS }, [
      named.map(({ issueId }) => issueId),
      named.map(({ customerId }) => customerId),
      now,
    ]);
  }

  /** Adds events that a rule ignored; no statement for no events. Their customers stay unknown, since such an event makes none. */
  countByRule(events: readonly { readonly rule: string; readonly projectId: number }[], now: Date): Bound[] {
    if (events.length === 0) return [];
    const [rules, projects] = [events.map(({ rule }) => rule), events.map(({ projectId }) => projectId)];
    return [bind({ name: 'ignore.by_rule', text: COUNT_BY_RULE }, [rules, projects, now])];
  }

  /** Lists the events that rules kept back, by rule and project. */
  async ruledOut(sql: Sql): Promise<RuledOut[]> {
    return sql.query<RuledOut>(
      `SELECT rule, project_id AS "projectId", events, first_at AS "firstAt", last_at AS "lastAt"
       FROM ignored_by_rule
       ORDER BY 1, 2`,
    );
  }

  /** Forgets what was kept back: the count begins anew. */
  async reset(tx: Tx, issueId: number): Promise<void> {
    await tx.query('UPDATE issue SET ignored_events = 0 WHERE id = $1', [issueId]);
    await tx.query('DELETE FROM ignored_hit WHERE issue_id = $1', [issueId]);
  }

  /** Ignored issues whose time is over, or that hit as many customers as they were to hit at most. */
  async over(sql: Sql, now: Date, limit: number): Promise<number[]> {
    const rows = await sql.query<{ id: number }>(
      {
        name: 'ignore.over',
        text: `SELECT i.id
          FROM issue i
          WHERE i.status = 'ignored'
            AND i.root_id = i.id
            AND (i.ignored_until <= $1 OR i.ignored_customers <= (SELECT count(*) FROM ignored_hit h WHERE h.issue_id = i.id))
          ORDER BY i.id
          LIMIT $2`,
      },
      [now, limit],
    );
    return rows.map(({ id }) => id);
  }
}

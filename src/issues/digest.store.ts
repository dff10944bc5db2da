import { Injectable } from '@nestjs/common';
import { type Tx } from '../platform/db/database.js';
import { ARRIVAL_GAP_MINUTES, type CustomerTotals, type IssueTotals } from './totals.js';

const FIND_KEYS = {
  name: 'issues.find_fingerprints',
  text: `SELECT f.project_id, f.key, f.issue_id, i.status FROM fingerprint f JOIN issue i ON i.id = f.issue_id
         JOIN unnest($1::int[], $2::text[]) AS k (project_id, key) ON k.project_id = f.project_id AND k.key = f.key`,
};
const COUNT_CUSTOMERS = {
  name: 'issues.count_customers',
  text: `WITH hit AS (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::uuid[]) AS h (issue_id, customer_id, events, first_at, last_at, last_event_id)
    ), before AS (
      SELECT c.issue_id, c.customer_id, c.last_minute FROM issue_customer c JOIN hit USING (issue_id, customer_id)
    ), saved AS (
      INSERT INTO issue_customer AS c (issue_id, customer_id, first_at, last_at, events, last_event_id, last_minute)
      SELECT issue_id, customer_id, first_at, last_at, events, last_event_id, $7 FROM hit ORDER BY issue_id, customer_id
      ON CONFLICT (issue_id, customer_id) DO UPDATE SET
        events = c.events + EXCLUDED.events,
        first_at = least(c.first_at, EXCLUDED.first_at),
        last_event_id = CASE WHEN EXCLUDED.last_at >= c.last_at THEN EXCLUDED.last_event_id ELSE c.last_event_id END,
        last_at = greatest(c.last_at, EXCLUDED.last_at),
        last_minute = greatest(c.last_minute, EXCLUDED.last_minute)
    )
    SELECT hit.issue_id, count(*) FILTER (WHERE before.issue_id IS NULL OR before.last_minute <= $7::timestamptz - make_interval(mins => $8)) AS arrivals,
      count(*) FILTER (WHERE before.issue_id IS NULL OR before.last_minute < $7) AS customers
    FROM hit LEFT JOIN before USING (issue_id, customer_id) GROUP BY hit.issue_id`,
};
const COUNT_MINUTES = {
  name: 'issues.count_minutes',
  text: `INSERT INTO issue_minute AS m (issue_id, minute, events, customers, arrivals)
         SELECT issue_id, $2, events, customers, arrivals FROM unnest($1::bigint[], $3::int[], $4::int[], $5::int[]) AS x (issue_id, events, customers, arrivals) ORDER BY issue_id
         ON CONFLICT (issue_id, minute) DO UPDATE SET events = m.events + EXCLUDED.events, customers = m.customers + EXCLUDED.customers, arrivals = m.arrivals + EXCLUDED.arrivals`,
};
const TOUCH_ISSUES = {
  name: 'issues.touch',
  text: `WITH mine AS (SELECT id FROM issue WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE)
         UPDATE issue i SET event_count = i.event_count + x.events, last_seen = greatest(i.last_seen, x.last_seen), first_seen = least(i.first_seen, x.first_seen),
           last_release = coalesce(x.release, i.last_release), blocking = i.blocking OR x.blocking, changed_at = $7
         FROM mine JOIN unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::boolean[]) AS x (id, events, first_seen, last_seen, release, blocking) USING (id)
         WHERE i.id = mine.id`,
};
const SAMPLED = {
  name: 'issues.sampled',
  text: `SELECT issue_id, count(*) AS kept FROM event_sample WHERE issue_id = ANY ($1::bigint[]) AND received_at >= $2 GROUP BY issue_id`,
};

/** Where a fingerprint leads. */
export interface KnownFingerprint {
  readonly project_id: number;
  readonly key: string;
  readonly issue_id: number;
  readonly status: string;
}

/** A new issue as digest opens it. */
export interface NewIssue {
  readonly projectId: number;
  readonly kind: string;
  readonly title: string;
  readonly culprit: string | undefined;
  readonly level: string;
  readonly blocking: boolean;
  readonly service: string | undefined;
  readonly environment: string;
  readonly release: string | undefined;
  readonly occurredAt: number;
}

/** The SQL of the hot path: one statement for all rows of a batch. */
@Injectable()
export class DigestStore {
  /** The issues behind fingerprints; unknown ones are missing. */
  async findFingerprints(tx: Tx, projectIds: readonly number[], keys: readonly string[]): Promise<KnownFingerprint[]> {
    return tx.query<KnownFingerprint>(FIND_KEYS, [projectIds, keys]);
  }

  /** Lets one process at a time open issues of a project, until the end of the transaction. */
  async lockOpening(tx: Tx, projectId: number): Promise<void> {
    await tx.query(
      { name: 'issues.lock_opening', text: `SELECT pg_advisory_xact_lock(hashtextextended('issue-open', $1))` },
      [projectId],
    );
  }

  /** Opens an issue; returns its id. */
  async openIssue(tx: Tx, issue: NewIssue, now: Date): Promise<number> {
    const [row] = await tx.query<{ id: number }>(
      {
        name: 'issues.open',
        text: `INSERT INTO issue (project_id, kind, title, culprit, level, blocking, service, environment, first_release, last_release, first_seen, last_seen, changed_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $10, $11) RETURNING id`,
      },
      [
        issue.projectId,
        issue.kind,
        issue.title,
        issue.culprit,
        issue.level,
        issue.blocking,
        issue.service,
        issue.environment,
        issue.release,
        new Date(issue.occurredAt),
        now,
      ],
    );
    return row?.id ?? 0;
  }

  /** Binds a fingerprint to an issue for all future events. */
  async bindFingerprint(
    tx: Tx,
    projectId: number,
    key: string,
    version: string,
    issueId: number,
    parts: unknown,
    now: Date,
  ): Promise<void> {
    await tx.query(
      {
        name: 'issues.bind',
        text: 'INSERT INTO fingerprint (project_id, key, version, issue_id, parts, created_at) VALUES ($1, $2, $3, $4, $5, $6)',
      },
      [projectId, key, version, issueId, JSON.stringify(parts), now],
    );
  }

  /** Adds customers' hits; returns by issue how many of them arrived (first hit, or first after a long quiet) and how many were not yet counted in this minute. */
  async countCustomers(
    tx: Tx,
    rows: readonly CustomerTotals[],
    minute: Date,
  ): Promise<{ issue_id: number; arrivals: number; customers: number }[]> {
    if (rows.length === 0) return [];
    return tx.query(COUNT_CUSTOMERS, [
      rows.map((r) => r.issueId),
      rows.map((r) => r.customerId),
      rows.map((r) => r.events),
      rows.map((r) => new Date(r.firstAt)),
      rows.map((r) => new Date(r.lastAt)),
      rows.map((r) => r.lastEventId),
      minute,
      ARRIVAL_GAP_MINUTES,
    ]);
  }

  /** Adds events and customers to the minute's counts. */
  async countMinutes(
    tx: Tx,
    minute: Date,
    rows: readonly { issueId: number; events: number; customers: number; arrivals: number }[],
  ): Promise<void> {
    await tx.query(COUNT_MINUTES, [
      rows.map((r) => r.issueId),
      minute,
      rows.map((r) => r.events),
      rows.map((r) => r.customers),
      rows.map((r) => r.arrivals),
    ]);
  }

  /** Adds to issues' totals; takes their rows in order of id, so that two processes cannot wait for each other. */
  async touchIssues(tx: Tx, rows: readonly IssueTotals[], now: Date): Promise<void> {
    await tx.query(TOUCH_ISSUES, [
      rows.map((r) => r.issueId),
      rows.map((r) => r.events),
      rows.map((r) => new Date(r.firstSeen)),
      rows.map((r) => new Date(r.lastSeen)),
      rows.map((r) => r.release),
      rows.map((r) => r.blocking),
      now,
    ]);
  }

  /** How many samples each issue has since `from`. */
  async sampledSince(tx: Tx, issueIds: readonly number[], from: Date): Promise<Map<number, number>> {
    const rows = await tx.query<{ issue_id: number; kept: number }>(SAMPLED, [issueIds, from]);
    return new Map(rows.map((row) => [row.issue_id, row.kept]));
  }
}

import { type Sql } from '../platform/db/database.js';

/** Events of a project, and how many of them name no customer. */
interface NobodyCount {
  readonly projectId: number;
  readonly slug: string;
  readonly events: number;
  readonly nobody: number;
}

/** Share of events without a customer from which an app is told how to name them. By judgement: jobs and start-up faults are nobody's in every app. */
const TOO_MANY = 0.2;

/** Counts each project's accepted events since `since` that name no customer; projects without events are left out. */
export async function countNobody(sql: Sql, since: Date): Promise<NobodyCount[]> {
  return sql.query<NobodyCount>(
    `SELECT p.id AS "projectId", p.slug, sum(o.count)::bigint AS events, sum(o.nobody)::bigint AS nobody
     FROM intake_outcome o
     JOIN project p ON p.id = o.project_id
     WHERE o.outcome = 'accepted' AND o.minute >= $1
     GROUP BY 1, 2
     ORDER BY 1`,
    [since],
  );
}

/** Advice on how an app names the customers of its errors; null where enough of them are named. */
export function nobodyFix({ events, nobody }: Pick<NobodyCount, 'events' | 'nobody'>): string | null {
  if (events === 0 || nobody / events < TOO_MANY) return null;
  return 'nobody can be told of errors that name no customer. Sentry SDKs: Sentry.setUser({ id }) once somebody is logged in; OpenTelemetry: the attribute user.id on any span of the trace, for example in a middleware; POST /v1/events: "customer"';
}

/** `1240 of 2000 errors name no customer (62 %)` */
export function nobodyWords({ events, nobody }: Pick<NobodyCount, 'events' | 'nobody'>): string {
  const percent = events === 0 ? 0 : Math.round((nobody / events) * 100);
  return `${nobody} of ${events} errors name no customer (${percent} %)`;
}

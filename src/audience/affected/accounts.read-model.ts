import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

/** Customers of an account that are named one by one; all are counted. */
const MOST_NAMED = 100;

/** An account with customers whom an incident hit. */
export interface AffectedAccount {
  readonly account: string;
  readonly affected: number;
  /** The first of them by id, `MOST_NAMED` at most. */
  readonly customerIds: readonly number[];
}

/** Reads the affected of an incident by account. */
@Injectable()
export class AccountsReadModel {
  /** How many accounts an incident hit, and how many of the affected belong to none. */
  async count(sql: Sql, incidentId: number): Promise<{ accounts: number; withoutAccount: number }> {
    const [row] = await sql.query<{ accounts: number; withoutAccount: number }>(
      `SELECT count(DISTINCT c.account)::int AS accounts, count(*) FILTER (WHERE c.account IS NULL)::int AS "withoutAccount"
       FROM audience_member a
       JOIN customer c ON c.id = a.customer_id
       WHERE a.incident_id = $1 AND a.kind = 'affected'`,
      [incidentId],
    );
    return row ?? { accounts: 0, withoutAccount: 0 };
  }

  /** Lists accounts by name after the one named `after`. */
  async list(sql: Sql, incidentId: number, after: string, limit: number): Promise<AffectedAccount[]> {
    return sql.query<AffectedAccount>(
      `SELECT c.account COLLATE "C" AS account, count(*)::int AS affected,
         to_jsonb((array_agg(c.id ORDER BY c.id))[1:${MOST_NAMED}]) AS "customerIds"
       FROM audience_member a
       JOIN customer c ON c.id = a.customer_id
       WHERE a.incident_id = $1 AND a.kind = 'affected' AND c.account COLLATE "C" > $2
       GROUP BY 1
       ORDER BY 1
       LIMIT $3`,
      [incidentId, after, limit],
    );
  }
}

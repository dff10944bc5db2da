import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

/** One change, or refusals of one minute that are alike. */
export interface AuditEntry {
  readonly at: Date;
  /** Name of the token; null for nobody known. */
  readonly caller: string | null;
  readonly role: string | null;
  readonly method: string;
  /** As registered, such as `/v1/incidents/:id`. */
  readonly route: string;
  /** Values of the route's parameters; ids of customers are hashed. */
  readonly params: Readonly<Record<string, string>>;
  readonly status: number;
  readonly count: number;
  /** Id of the request, the first of several. */
  readonly request: string;
}

/** An entry as it is read. */
export type AuditRow = AuditEntry & { readonly id: number };

/** SQL on the audit trail: entries are appended and, past their time, removed. */
@Injectable()
export class AuditStore {
  async add(sql: Sql, entries: readonly AuditEntry[]): Promise<void> {
    const column = <K extends keyof AuditEntry>(key: K) => entries.map((one) => one[key]);
    await sql.query(
      {
        name: 'audit.add',
        text: `INSERT INTO audit_entry (at, caller, role, method, route, params, status, count, request)
          SELECT *
          FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::int[], $8::bigint[], $9::text[])`,
      },
      [
        column('at'),
        column('caller'),
        column('role'),
        column('method'),
        column('route'),
        entries.map((one) => JSON.stringify(one.params)),
        column('status'),
        column('count'),
        column('request'),
      ],
    );
  }

  /** Newest first, from before an id on. */
  async list(sql: Sql, before: number, limit: number, caller: string | undefined): Promise<AuditRow[]> {
    return sql.query<AuditRow>(
      `SELECT id, at, caller, role, method, route, params, status, count, request
       FROM audit_entry
       WHERE id < $1
         AND ($3::text IS NULL OR caller = $3)
       ORDER BY id DESC
       LIMIT $2`,
      [before, limit, caller ?? null],
    );
  }

  /** Removes up to `limit` entries from before a moment; returns how many. */
  async forget(sql: Sql, before: Date, limit: number): Promise<number> {
    const rows = await sql.query(
      `DELETE FROM audit_entry
       WHERE id IN (SELECT id FROM audit_entry WHERE at < $1 ORDER BY at LIMIT $2)
       RETURNING id`,
      [before, limit],
    );
    return rows.length;
  }
}

import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

/** What is being sent is not in the index of codes: it is some hundred messages at most, and an index of their leases finds them. */
const BY_CODE = {
  name: 'verify.by_code',
  text: `SELECT address, at
    FROM (
      SELECT address, coalesce(sent_at, created_at) AS at
      FROM message
      WHERE substr(id::text, 25, 10) = $1 AND body IS NOT NULL AND state IN ('in_doubt', 'sent', 'delivered')
      UNION ALL
      SELECT address, created_at
      FROM message
      WHERE substr(id::text, 25, 10) = $1 AND body IS NOT NULL AND state = 'sending') m
    WHERE address IS NOT NULL
    LIMIT 1`,
};

/** Finds messages by the code that stands in them. */
@Injectable()
export class VerifyReadModel {
  /** Where and when the message with these digits in its id went; undefined where none did. */
  async find(sql: Sql, digits: string): Promise<{ readonly address: string; readonly at: Date } | undefined> {
    const [row] = await sql.query<{ address: string; at: Date }>(BY_CODE, [digits]);
    return row;
  }
}

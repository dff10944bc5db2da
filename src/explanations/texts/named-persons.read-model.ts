import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { nameCandidates } from '../algorithm/name-candidates.js';

/** Reads who is named in texts. */
@Injectable()
export class NamedPersons {
  /** Lists the whole names of customers of a directory that stand in texts; by an index, some milliseconds. */
  async in(sql: Sql, directoryId: number, texts: readonly string[]): Promise<string[]> {
    const rows = await sql.query<{ name: string }>(
      `SELECT DISTINCT name
       FROM customer
       WHERE name IS NOT NULL AND lower(name) COLLATE "C" = ANY ($1::text[]) AND directory_id = $2`,
      [nameCandidates(texts), directoryId],
    );
    return rows.map(({ name }) => name);
  }
}

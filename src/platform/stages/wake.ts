import { type Sql } from '../db/database.js';
import { type StageName } from './stage.js';

/** The channel on which a committed transaction may wake a stage early. */
export const WAKE_CHANNEL = 'forewarn_wake';

/** Wakes these stages in every process, once the transaction commits; a call that gets lost costs no more than their pause. */
export async function wake(sql: Sql, ...stages: readonly StageName[]): Promise<void> {
  await sql.query('SELECT pg_notify($1, stage) FROM unnest($2::text[]) AS stage', [WAKE_CHANNEL, stages]);
}

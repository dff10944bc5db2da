import { z } from 'zod';
import { Problem } from '../errors.js';

/** Query parameters of a list: `limit` 1 to 200, `cursor` as the page before gave it. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().optional(),
});
export type PageQuery = z.output<typeof pageQuery>;

/** One page of a list; `nextCursor` is null on the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** The id behind a cursor, or the largest number there can be when there is none (lists run from the newest id down). */
export function cursorId(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const id = Number(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!Number.isSafeInteger(id)) throw new Problem(400, 'invalid', 'cursor: is not one that this list gave out.');
  return id;
}

/** Makes a page of rows that were asked for with `limit + 1`; `idOf` gives the id that the list is ordered by. */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  idOf: (row: Row) => number,
  shape: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: shown.map(shape), nextCursor: more ? Buffer.from(String(idOf(last))).toString('base64url') : null };
}

/** True for a UUID in the usual form, which PostgreSQL's `uuid` takes. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** A path parameter that is a UUID; anything else is simply not found. */
export function rowUuid(what: string, text: string): string {
  if (isUuid(text)) return text.toLowerCase();
  throw new Problem(404, 'not-found', `There is no ${what} ${text.slice(0, 40)}.`);
}

/** A path parameter that is a row id; anything else is simply not found. */
export function rowId(what: string, text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id > 0) return id;
  throw new Problem(404, 'not-found', `There is no ${what} ${text.slice(0, 40)}.`);
}

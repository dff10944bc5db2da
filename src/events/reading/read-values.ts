/**
 * Readers of single untrusted JSON values: each answers with a bounded value of the wanted type or with undefined,
 * and none throws. Plain loops and native string searches, since they run some hundred times an event.
 */

/** A JSON object of unknown content. */
export type Json = Record<string, unknown>;

/** The value as an object, or undefined for null, lists and scalars. */
export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** The value as a list; a lone non-null value is no list. */
export function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? (value as unknown[]) : undefined;
}

/**
 * A string of at most `max` UTF-16 units without NUL (PostgreSQL stores none) and without half surrogate pairs (no
 * valid UTF-8), or undefined when the value is no string or is empty.
 */
export function text(value: unknown, max: number): string | undefined {
  if (typeof value !== 'string' || value.length === 0) return undefined;
  return clean(value.length > max ? value.slice(0, max) : value);
}

/** As `text`, and numbers, booleans and big integers in their usual spelling (ids are often sent as numbers). */
export function scalarText(value: unknown, max: number): string | undefined {
  if (typeof value === 'string') return text(value, max);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return undefined;
}

/** As `scalarText`, and objects and lists as JSON text; undefined where even that fails (nesting too deep). */
export function anyText(value: unknown, max: number): string | undefined {
  if (typeof value !== 'object' || value === null) return scalarText(value, max);
  try {
    return text(JSON.stringify(value), max);
  } catch {
    return undefined;
  }
}

/** A finite number, also when sent as text; undefined otherwise. */
export function finite(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.length === 0 || value.length > 32) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** A whole number from 0 to 2^31 - 1 (what PostgreSQL's integer holds), also when sent as text; undefined otherwise. */
export function natural(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : finite(value);
  return number !== undefined && number >= 0 && number <= 0x7fffffff ? Math.trunc(number) : undefined;
}

/** True or false when the value is exactly that; undefined otherwise. */
export function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function clean(value: string): string {
  const kept = value.includes('\0') ? value.replaceAll('\0', '') : value;
  return isWellFormed.call(kept) ? kept : toWellFormed.call(kept);
}

// Both are in Node 20 and in ES2024; the compiler's library is ES2023.
const { isWellFormed, toWellFormed } = String.prototype as unknown as {
  isWellFormed: (this: string) => boolean;
  toWellFormed: (this: string) => string;
};

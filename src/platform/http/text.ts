import { Problem } from '../errors.js';

/** NUL, which PostgreSQL's text cannot hold, and halves of a surrogate pair, which are no characters. */
const UNSTORABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const EVERY_UNSTORABLE = new RegExp(UNSTORABLE, 'g');
/** Levels of a body that are looked at; what is deeper is refused, as no route takes it. */
const MAX_DEPTH = 64;

/** True for a text that a table can hold. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** A text with what no table can hold replaced by U+FFFD. */
export function storable(text: string): string {
  return text.replace(EVERY_UNSTORABLE, '\ufffd');
}

/**
 * Refuses a value that holds a text which no table can hold, in keys or values at any depth.
 * @param where what the value is, such as `body`; begins the path in the answer
 * @throws Problem 400 that names the path
 */
export function refuseUnstorable(value: unknown, where: string, depth = 0): void {
  if (typeof value === 'string') {
    if (!isStorable(value)) throw refused(where, 'holds a NUL character or half a surrogate pair; leave it out');
    return;
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  if (depth >= MAX_DEPTH) throw refused(where, `is nested more than ${MAX_DEPTH} levels deep`);
  for (const [key, inner] of Object.entries(value)) {
    if (!isStorable(key)) throw refused(where, 'has a key with a NUL character or half a surrogate pair');
    refuseUnstorable(inner, `${where}.${key.slice(0, 40)}`, depth + 1);
  }
}

/** The same value with every text made storable, for senders who cannot be told to send it otherwise. What is deeper than 64 levels is null. */
export function madeStorable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return storable(value);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (depth >= MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((one) => madeStorable(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [storable(key), madeStorable(inner, depth + 1)]),
  );
}

function refused(path: string, detail: string): Problem {
  return new Problem(400, 'invalid', 'The request holds a text that cannot be kept; see errors.', [
    { path: path.slice(0, 200), detail },
  ]);
}

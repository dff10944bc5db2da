import { asObject, type Json } from './read-values.js';

/** A JSON object with the bytes that it was parsed from, or why the bytes are none. */
export type ParsedObject =
  { readonly ok: true; readonly value: Json; readonly bytes: Buffer } | { readonly ok: false; readonly reason: string };

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Parses bytes that must hold one JSON object. Bytes that are no UTF-8 become U+FFFD, as everywhere in Sentry's protocol; a byte order mark is skipped.
 * Never throws: text that is too long or nested too deep for the engine is a reason too.
 */
export function parseJsonObject(marked: Buffer): ParsedObject {
  const isMarked = marked[0] === BYTE_ORDER_MARK[0] && marked.subarray(0, 3).equals(BYTE_ORDER_MARK);
  const bytes = isMarked ? marked.subarray(3) : marked;
  try {
    const value = asObject(JSON.parse(bytes.toString('utf8')));
    return value ? { ok: true, value, bytes } : { ok: false, reason: 'not a JSON object' };
  } catch (error) {
    return { ok: false, reason: error instanceof SyntaxError ? 'not valid JSON' : 'JSON too large or nested too deep' };
  }
}

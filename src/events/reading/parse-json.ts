import { asObject, type Json } from './read-values.js';

/** A JSON object with its text, or why the bytes are none. */
export type ParsedObject =
  { readonly ok: true; readonly value: Json; readonly text: string } | { readonly ok: false; readonly reason: string };

const BYTE_ORDER_MARK = 0xfeff;

/**
 * Parses bytes that must hold one JSON object. Bytes that are no UTF-8 become U+FFFD, as everywhere in Sentry's protocol; a byte order mark is skipped.
 * Never throws: text that is too long or nested too deep for the engine is a reason too.
 */
export function parseJsonObject(bytes: Buffer): ParsedObject {
  try {
    const marked = bytes.toString('utf8');
    const text = marked.charCodeAt(0) === BYTE_ORDER_MARK ? marked.slice(1) : marked;
    const value = asObject(JSON.parse(text));
    return value ? { ok: true, value, text } : { ok: false, reason: 'not a JSON object' };
  } catch (error) {
    return { ok: false, reason: error instanceof SyntaxError ? 'not valid JSON' : 'JSON too large or nested too deep' };
  }
}

import { asObject, type Json } from './read-values.js';

/**
 * Most bytes of one JSON text, and of one protobuf body. To parse 19 MB took 180 to 220 ms, most of it for one long string, and nobody else
 * is served meanwhile (Node 20, November 2026); 8 MB take 80. SDKs send events of at most 1 MB, exporters 512 records at once.
 */
export const MAX_PARSED_BYTES = 8 * 1024 * 1024;
/**
 * Most commas, colons and opening brackets of one JSON text, and values of one protobuf body: of what costs most, objects with a key of
 * their own each, 300,000 are 100,000 objects, which take 100 to 140 ms and 11 MB. With half of it a batch of 512 log records may have 40
 * attributes each, as it is 80; with the double, strangers hold everybody up for a quarter of a second.
 */
export const MAX_PARSED_VALUES = 300_000;
/** Deepest nesting of a JSON text that is looked at before it is parsed; the deepest that we read is some 50 (OTLP). */
export const MAX_JSON_DEPTH = 1000;
/** Bytes up to which a text is parsed without a look: it cannot hold more than its length. */
const SMALL_BYTES = 16 * 1024;

/** Why bytes are no JSON that is taken. */
export interface Unparsed {
  readonly ok: false;
  readonly outcome: 'malformed' | 'too_large';
  readonly reason: string;
}

/** Any JSON value with the bytes that it was parsed from. */
export type ParsedJson = { readonly ok: true; readonly value: unknown; readonly bytes: Buffer } | Unparsed;
/** A JSON object, likewise. */
export type ParsedObject = { readonly ok: true; readonly value: Json; readonly bytes: Buffer } | Unparsed;

const BYTE_ORDER_MARK = Buffer.from('\ufeff');
/** Bytes that give a JSON text its shape: `"`, `\`, `,`, `:`, `[`, `]`, `{` and `}`. */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Parses bytes that must hold one JSON value. Bytes that are no UTF-8 become U+FFFD, as everywhere in Sentry's protocol; a byte order mark is
 * skipped. Never throws, and takes a bounded time: larger texts are weighed before they are parsed.
 */
export function parseJson(marked: Buffer): ParsedJson {
  const isMarked = marked[0] === BYTE_ORDER_MARK[0] && marked.subarray(0, 3).equals(BYTE_ORDER_MARK);
  const bytes = isMarked ? marked.subarray(3) : marked;
  const tooMuch = bytes.length > SMALL_BYTES ? weigh(bytes) : undefined;
  if (tooMuch !== undefined) return { ok: false, outcome: 'too_large', reason: tooMuch };
  try {
    return { ok: true, value: JSON.parse(bytes.toString('utf8')), bytes };
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'not valid JSON' : 'JSON too large or nested too deep';
    return { ok: false, outcome: 'malformed', reason };
  }
}

/** Parses bytes that must hold one JSON object, as `parseJson` does. */
export function parseJsonObject(marked: Buffer): ParsedObject {
  const parsed = parseJson(marked);
  if (!parsed.ok) return parsed;
  const value = asObject(parsed.value);
  return value
    ? { ok: true, value, bytes: parsed.bytes }
    : { ok: false, outcome: 'malformed', reason: 'not a JSON object' };
}

/** Says why a text is too much to be parsed; undefined where it is not. One pass over bytes, at most 10 ms. */
function weigh(bytes: Buffer): string | undefined {
  if (bytes.length > MAX_PARSED_BYTES) return `JSON of more than ${MAX_PARSED_BYTES} bytes; send it in parts`;
  let values = 0;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = endOfText(bytes, at + 1);
    else if (byte === COMMA || byte === COLON) values++;
    else if (byte === OPEN || byte === OPEN_LIST) {
      values++;
      if (++depth > MAX_JSON_DEPTH) return `JSON nested deeper than ${MAX_JSON_DEPTH} levels`;
    } else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
    if (values > MAX_PARSED_VALUES) return `JSON of more than ${MAX_PARSED_VALUES} keys and values; send it in parts`;
  }
  return undefined;
}

/** Where the text ends that begins at `at`: at its closing quote, or at the end of the bytes. */
function endOfText(bytes: Buffer, at: number): number {
  for (; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
  return at;
}

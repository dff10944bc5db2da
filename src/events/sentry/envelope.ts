import { parseJsonObject, type ParsedObject } from '../reading/parse-json.js';
import { type Json } from '../reading/read-values.js';

/** One item of an envelope; `payload` shares memory with the body. */
export interface EnvelopeItem {
  readonly header: Json;
  /** '' when the header names none. */
  readonly type: string;
  readonly payload: Buffer;
}

/** A Sentry envelope taken apart. */
export interface Envelope {
  readonly header: Json;
  readonly items: readonly EnvelopeItem[];
}

/** The parsed envelope, or why the body is none. */
export type EnvelopeResult = ({ readonly ok: true } & Envelope) | { readonly ok: false; readonly reason: string };

/** Longest header line, bytes. Real ones are below 1 KB; trace baggage may make them some KB. */
export const MAX_HEADER_BYTES = 16_384;
/** Most items in an envelope; SDKs send at most 100 (sessions), so more is no SDK. */
export const MAX_ITEMS = 1000;

const NEWLINE = 10;

/**
 * Takes a decompressed envelope body apart (develop.sentry.dev, "Envelopes"): a header line, then items of a header line
 * and a payload. With `length` the payload is exactly that many bytes and ends at a newline or the end of the body;
 * without it runs to the next newline. Copies no payload and parses none. Never throws.
 */
export function parseEnvelope(body: Buffer): EnvelopeResult {
  if (body.length === 0) return malformed('the body is empty');
  const headerEnd = lineEnd(body, 0);
  const header = parseHeader(body, 0, headerEnd);
  if (!header.ok) return malformed(`the envelope header is ${header.reason}`);
  const items: EnvelopeItem[] = [];
  let at = headerEnd + 1;
  while (at < body.length) {
    if (body[at] === NEWLINE) {
      at++;
      continue;
    }
    if (items.length === MAX_ITEMS) return malformed(`more than ${MAX_ITEMS} items`);
    const read = readItem(body, at);
    if (!read.ok) return malformed(`item ${items.length + 1}: ${read.reason}`);
    items.push(read.item);
    at = read.next;
  }
  return { ok: true, header: header.value, items };
}

type ItemResult =
  | { readonly ok: true; readonly item: EnvelopeItem; readonly next: number }
  | { readonly ok: false; readonly reason: string };

function readItem(body: Buffer, at: number): ItemResult {
  const headerEnd = lineEnd(body, at);
  const header = parseHeader(body, at, headerEnd);
  if (!header.ok) return malformed(`its header is ${header.reason}`);
  const { length, type: named } = header.value;
  const start = Math.min(headerEnd + 1, body.length);
  const type = typeof named === 'string' ? named : '';
  if (length === undefined || length === null) {
    const end = lineEnd(body, start);
    return { ok: true, item: { header: header.value, type, payload: body.subarray(start, end) }, next: end + 1 };
  }
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0) {
    return malformed('its length is no whole number of bytes');
  }
  const end = start + length;
  if (end > body.length) return malformed(`the body ends ${end - body.length} bytes before its length`);
  if (end < body.length && body[end] !== NEWLINE) return malformed('its length does not end at a newline');
  return { ok: true, item: { header: header.value, type, payload: body.subarray(start, end) }, next: end + 1 };
}

function parseHeader(body: Buffer, start: number, end: number): ParsedObject {
  if (end - start > MAX_HEADER_BYTES)
    return { ok: false, outcome: 'malformed', reason: `longer than ${MAX_HEADER_BYTES} bytes` };
  return parseJsonObject(body.subarray(start, end));
}

/** Index of the newline at or after `from`, or the end of the body. */
function lineEnd(body: Buffer, from: number): number {
  const at = body.indexOf(NEWLINE, from);
  return at < 0 ? body.length : at;
}

function malformed(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

import { type NativeResult, readNativeEvent } from './native-event.js';

/** Most events read of one request; further ones are refused, each with its own answer. */
export const MAX_NATIVE_EVENTS = 10_000;

/** The results in the order of the request, one for each event; `raw` is what was sent, for those that were read. */
export type NativeBodyResult =
  | { readonly ok: true; readonly results: readonly (NativeResult & { readonly raw?: unknown })[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads the body of `POST /v1/events`: one JSON object, a JSON array of them, or NDJSON, told apart by the text itself.
 * A broken line or member spoils none of the others. `receivedAt` is epoch milliseconds. Never throws.
 */
export function readNativeBody(body: Buffer, receivedAt: number): NativeBodyResult {
  const text = body.toString('utf8').trim();
  if (text === '')
    return { ok: false, reason: 'the body is empty; send a JSON object, an array of them, or one per line' };
  const whole = parse(text);
  if (whole.ok) {
    const members: unknown[] = Array.isArray(whole.value) ? (whole.value as unknown[]) : [whole.value];
    return { ok: true, results: members.map((raw, i) => readOne(raw, i, receivedAt)) };
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 1 || text.startsWith('[')) return { ok: false, reason: `the body is ${whole.reason}` };
  return {
    ok: true,
    results: lines.map((line, i) => {
      const parsed = parse(line);
      return parsed.ok ? readOne(parsed.value, i, receivedAt) : { ok: false, reason: `the line is ${parsed.reason}` };
    }),
  };
}

function readOne(raw: unknown, index: number, receivedAt: number): NativeResult & { readonly raw?: unknown } {
  if (index >= MAX_NATIVE_EVENTS) {
    return { ok: false, reason: `more than ${MAX_NATIVE_EVENTS} events in one request; send it in parts` };
  }
  const result = readNativeEvent(raw, receivedAt);
  return result.ok ? { ...result, raw } : result;
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, reason: error instanceof SyntaxError ? 'not valid JSON' : 'JSON too large or nested too deep' };
  }
}

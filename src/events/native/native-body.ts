import { type NativeResult, readNativeEvent } from './native-event.js';

/** Most events of one request. A request with more is refused whole: small as it is on the wire, it may hold millions. */
export const MAX_NATIVE_EVENTS = 10_000;

/** What became of one event: `line` counts from 1, members of an array or lines of the body, and `raw` is what was sent, where it was read. */
export type NativeLine = NativeResult & { readonly line: number; readonly raw?: unknown };

/** The events in the order of the request, each still to be read, since there may be thousands; reading never throws. */
export type NativeBodyResult =
  | { readonly ok: true; readonly events: readonly (() => NativeLine)[] }
  | { readonly ok: false; readonly outcome: 'malformed' | 'too_large'; readonly reason: string };

const EMPTY = 'the body is empty; send a JSON object, an array of them, or one per line';
const TOO_MANY = {
  ok: false,
  outcome: 'too_large',
  reason: `more than ${MAX_NATIVE_EVENTS} events in one request; send it in parts`,
} as const;

/**
 * Reads the body of `POST /v1/events`: one JSON object, a JSON array of them, or NDJSON, told apart by the text itself.
 * A broken line or member spoils none of the others. `receivedAt` is epoch milliseconds. Never throws.
 */
export function readNativeBody(body: Buffer, receivedAt: number): NativeBodyResult {
  const text = body.toString('utf8');
  if (text.trim() === '') return malformed(EMPTY);
  const whole = parse(text);
  if (whole.ok) {
    const members: unknown[] = Array.isArray(whole.value) ? (whole.value as unknown[]) : [whole.value];
    if (members.length === 0) return malformed(EMPTY);
    if (members.length > MAX_NATIVE_EVENTS) return TOO_MANY;
    return { ok: true, events: members.map((raw, i) => () => readOne(raw, i + 1, receivedAt)) };
  }
  if (text.trimStart().startsWith('[')) return malformed(`the body is ${whole.reason}`);
  const lines = linesOf(text);
  if (lines.length > MAX_NATIVE_EVENTS) return TOO_MANY;
  if (lines.length === 1) return malformed(`the body is ${whole.reason}`);
  return {
    ok: true,
    events: lines.map(({ line, json }) => () => {
      const parsed = parse(json);
      return parsed.ok
        ? readOne(parsed.value, line, receivedAt)
        : { ok: false, line, reason: `the line is ${parsed.reason}` };
    }),
  };
}

function malformed(reason: string): NativeBodyResult {
  return { ok: false, outcome: 'malformed', reason };
}

/** The lines that are not blank, with their numbers; one more than may come at most. */
function linesOf(text: string): { line: number; json: string }[] {
  const lines: { line: number; json: string }[] = [];
  for (let from = 0, line = 1; from < text.length && lines.length <= MAX_NATIVE_EVENTS; line++) {
    const mark = text.indexOf('\n', from);
    const end = mark < 0 ? text.length : mark;
    const json = text.slice(from, end).trim();
    if (json !== '') lines.push({ line, json });
    from = end + 1;
  }
  return lines;
}

function readOne(raw: unknown, line: number, receivedAt: number): NativeLine {
  const result = readNativeEvent(raw, receivedAt);
  return result.ok ? { ...result, line, raw } : { ...result, line };
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, reason: error instanceof SyntaxError ? 'not valid JSON' : 'JSON too large or nested too deep' };
  }
}

/** Data row of a series file. The texts are as they stood in the file; `value` is null if the file has a gap. */
export interface SeriesRow {
  readonly timestampText: string;
  readonly valueText: string;
  readonly timestampMs: number;
  readonly value: number | null;
}

/** Columns of a series file that hold the two fields, counted from 0. */
export interface SeriesColumns {
  readonly timestamp: number;
  readonly value: number;
}

/** Line of a series file: a data row, or the reason why it is none. */
export type SeriesLine = { readonly row: SeriesRow } | { readonly problem: string };

/** Columns of a file without a header: timestamp, value. */
export const DEFAULT_COLUMNS: SeriesColumns = { timestamp: 0, value: 1 };

const STAMP =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads a timestamp text as epoch milliseconds; undefined if it is none. Accepts ISO 8601 and `YYYY-MM-DD HH:MM[:SS]`
 * (UTC unless a zone is given), and epoch seconds, milliseconds, microseconds or nanoseconds, told apart by their size.
 */
export function parseTimestamp(text: string): number | undefined {
  const stamp = STAMP.exec(text);
  if (stamp) return calendarTime(stamp);
  if (!/^-?\d+(\.\d+)?$/.test(text)) return undefined;
  return epochTime(Number(text));
}

function calendarTime(stamp: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = stamp.slice(1, 7).map((part) => Number(part ?? 0));
  const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
  const real = new Date(at);
  const exists = real.getUTCMonth() + 1 === month && real.getUTCDate() === day && real.getUTCHours() === hour;
  if (!exists || (minute ?? 0) > 59 || (second ?? 0) > 59) return undefined;
  const fraction = stamp[7] ? Number(`0.${stamp[7]}`) * 1000 : 0;
  return at + fraction - zoneOffset(stamp[8]);
}

function zoneOffset(zone: string | undefined): number {
  if (!zone || zone.toUpperCase() === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/**
 * Tells epoch units apart by size: seconds stay below 1e11 until the year 5138, milliseconds below 1e14, microseconds
 * below 1e17.
 */
function epochTime(count: number): number {
  const size = Math.abs(count);
  if (size < 1e11) return count * 1000;
  if (size < 1e14) return count;
  return size < 1e17 ? count / 1e3 : count / 1e6;
}

/**
 * Splits one CSV line into fields, quotes kept, so that they can be written back unchanged (RFC 4180 without line
 * breaks in fields).
 */
export function splitFields(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  return line.match(/("(?:[^"]|"")*"|[^,])*(?:,|$)/g)?.map((field) => field.replace(/,$/, '')) ?? [];
}

function bare(field: string | undefined): string {
  const text = (field ?? '').trim();
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1).trim() : text;
}

/**
 * Finds the columns that a header line names; undefined if the line is data. `timestamp` (or `time`, `date`, `ds`) and
 * `value` are found by name; a header with other names means the first two columns.
 */
export function readHeader(line: string): SeriesColumns | undefined {
  const names = splitFields(line).map((field) => bare(field).toLowerCase());
  if (parseTimestamp(names[0] ?? '') !== undefined || !names.some((name) => /[a-z]/.test(name))) return undefined;
  const timestamp = names.findIndex((name) => ['timestamp', 'time', 'date', 'ds'].includes(name));
  const value = names.indexOf('value');
  return timestamp >= 0 && value >= 0 ? { timestamp, value } : DEFAULT_COLUMNS;
}

/** Reads one data line. An empty value (or `NaN`, as Prometheus writes one) is a gap; a problem says what was found instead. */
export function readLine(line: string, columns: SeriesColumns): SeriesLine {
  const fields = splitFields(line);
  if (fields.length <= Math.max(columns.timestamp, columns.value))
    return { problem: `expected timestamp,value but found ${String(fields.length)} field(s): ${shorten(line)}` };
  const timestampText = fields[columns.timestamp] ?? '';
  const valueText = fields[columns.value] ?? '';
  const timestampMs = parseTimestamp(bare(timestampText));
  if (timestampMs === undefined) return { problem: `not a timestamp: ${shorten(timestampText)}` };
  const text = bare(valueText);
  const value = text === '' || text.toLowerCase() === 'nan' ? null : Number(text);
  if (value !== null && !Number.isFinite(value)) return { problem: `not a finite number: ${shorten(valueText)}` };
  return { row: { timestampText, valueText, timestampMs, value } };
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

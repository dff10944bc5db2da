import { parseTimestamp } from '../../detection/algorithm/series/series-csv.js';
import { type CodedRows, codeColumn } from './coded-rows.js';
import { type Measured } from './deviation.v1.js';
import { type FailureCounts } from './excess.v1.js';

/** Columns of a file that hold figures; all others are traits. */
export type FigureColumns =
  | {
      readonly kind: 'failures';
      readonly failures: string;
      readonly total: string;
      /** Column of times, and the time in question; rows before it show what is usual, rows after it are left out. */
      readonly when?: { readonly time: string; readonly at: string };
    }
  | { readonly kind: 'deviation'; readonly actual: string; readonly predicted: string };

/** Figures of a table, added up for each combination of traits. */
export type LocalizeRows =
  | { readonly kind: 'failures'; readonly rows: CodedRows; readonly counts: FailureCounts; readonly now: number }
  | { readonly kind: 'deviation'; readonly rows: CodedRows; readonly measured: Measured };

interface Leaf {
  readonly traits: readonly string[];
  /** Failures, total, failures before, total before; or actual, predicted. */
  readonly figures: [number, number, number, number];
}

/**
 * Most combinations of traits that we hold. With more, a column is likely an id, and every row a combination of its
 * own.
 */
export const MOST_LEAVES = 500_000;

/** Reads the rows of a table one by one and adds up rows with the same traits. */
export class LocalizeTable {
  private readonly traits: readonly number[];
  private readonly figures: readonly [number, number];
  private readonly time: number;
  private readonly at: number;
  private readonly leaves = new Map<string, Leaf>();
  private decimals = 0;
  private now = 0;

  private constructor(
    private readonly header: readonly string[],
    private readonly columns: FigureColumns,
  ) {
    const named = namesOf(columns);
    this.traits = [...header.keys()].filter((index) => !named.includes(header[index] ?? ''));
    this.figures = [header.indexOf(named[0] ?? ''), header.indexOf(named[1] ?? '')];
    const when = columns.kind === 'failures' ? columns.when : undefined;
    this.time = when ? header.indexOf(when.time) : -1;
    this.at = when ? (parseTimestamp(when.at) ?? NaN) : NaN;
  }

  /** Opens a table with this header, or tells the problem with it. */
  static open(header: readonly string[], columns: FigureColumns): LocalizeTable | { readonly problem: string } {
    const named = namesOf(columns);
    const twice = header.find((name, index) => header.indexOf(name) !== index);
    if (twice !== undefined) return { problem: `the heading ${JSON.stringify(twice)} stands twice` };
    const missing = named.find((name) => !header.includes(name));
    if (missing !== undefined)
      return { problem: `there is no column ${JSON.stringify(missing)}; the file has ${header.join(', ')}` };
    if (named.length === header.length)
      return { problem: 'the file has no further column that a cause could be made of' };
    return new LocalizeTable(header, columns);
  }

  /** Adds a row; if there is a problem with it, adds nothing and returns the problem. */
  add(fields: readonly string[]): string | undefined {
    const first = this.figure(fields, this.figures[0]);
    if (typeof first === 'string') return first;
    const second = this.figure(fields, this.figures[1]);
    if (typeof second === 'string') return second;
    const time = this.time < 0 ? this.at : parseTimestamp((fields[this.time] ?? '').trim());
    if (time === undefined) return `${this.header[this.time] ?? ''} is not a time: ${shorten(fields[this.time])}`;
    if (time > this.at) return undefined;
    const leaf = this.leafOf(fields);
    if (leaf === undefined)
      return `more than ${MOST_LEAVES.toLocaleString('en')} combinations of traits; leave out columns that differ in every row`;
    const place = time < this.at ? 2 : 0;
    if (place === 0) this.now += 1;
    leaf.figures[place] += first;
    leaf.figures[place + 1] = (leaf.figures[place + 1] ?? 0) + second;
    return undefined;
  }

  /** Returns the figures read, ready for the search. */
  finish(): LocalizeRows {
    const leaves = [...this.leaves.values()];
    const figure = (index: number) => Float64Array.from(leaves, ({ figures }) => figures[index] ?? 0);
    const columns = this.traits.map((column, index) =>
      codeColumn(
        this.header[column] ?? '',
        leaves.map(({ traits }) => (traits[index] === '' ? undefined : traits[index])),
      ),
    );
    const rows = { size: leaves.length, columns };
    const [one, other] = [figure(0), figure(1)];
    if (this.columns.kind === 'deviation')
      return { kind: 'deviation', rows, measured: { actual: one, predicted: other, step: 10 ** -this.decimals } };
    const counts = { failures: one, total: other, failuresBefore: figure(2), totalBefore: figure(3) };
    return { kind: 'failures', rows, counts, now: this.now };
  }

  private figure(fields: readonly string[], column: number): number | string {
    const text = (fields[column] ?? '').trim();
    const value = text === '' ? NaN : Number(text);
    const name = this.header[column] ?? '';
    if (!Number.isFinite(value)) return `${name} is not a number: ${shorten(text)}`;
    if (this.columns.kind === 'failures' && value < 0) return `${name} is below 0: ${shorten(text)}`;
    const decimals = /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
    this.decimals = Math.max(this.decimals, Math.min(decimals, 12));
    return value;
  }

  private leafOf(fields: readonly string[]): Leaf | undefined {
    const traits = this.traits.map((column) => (fields[column] ?? '').trim());
    const key = traits.join('\u0000');
    const known = this.leaves.get(key);
    if (known) return known;
    if (this.leaves.size >= MOST_LEAVES) return undefined;
    const leaf: Leaf = { traits, figures: [0, 0, 0, 0] };
    this.leaves.set(key, leaf);
    return leaf;
  }
}

/** Names the columns that hold figures, the two main figures first. */
export function namesOf(columns: FigureColumns): string[] {
  if (columns.kind === 'deviation') return [columns.actual, columns.predicted];
  return [columns.failures, columns.total, ...(columns.when ? [columns.when.time] : [])];
}

function shorten(text = ''): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

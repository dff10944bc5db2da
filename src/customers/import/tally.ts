import { type Mistake } from '../algorithm/import-row.js';

/** Mistakes that are listed one by one, and kinds of them that are told apart; all are counted. */
const LISTED = 100;
const KINDS = 50;
/** Lines that are named of each kind. */
const LINES = 5;

/** All mistakes of one kind. */
export interface MistakeKind {
  /** The field, and what is wrong with it. */
  readonly problem: string;
  readonly count: number;
  /** The first lines that have it. */
  readonly lines: readonly number[];
}

/** Result of an import. Every line is in `imported` or in `failed`. */
export interface ImportReport {
  /** Name of the directory into which the lines went. */
  readonly directory: string;
  /** True when nothing was written. */
  readonly dryRun: boolean;
  readonly imported: number;
  readonly failed: number;
  /** Of the imported ones, those that the directory did not have; not known of a dry run. */
  readonly created: number;
  /** Cells that were left out of lines that were imported. */
  readonly cellsLeftOut: number;
  /** Lines whose id stood in an earlier line; the later one counts. */
  readonly repeated: number;
  /** Yeses that were not taken, since the customer's own no is newer. */
  readonly optOutsKept: number;
  /** Records that were read in all, those skipped at the beginning among them: where to go on after an import that was stopped. */
  readonly records: number;
  /** Mistakes by kind, the most frequent first. */
  readonly mistakes: readonly MistakeKind[];
  /** The first mistakes, line by line. */
  readonly errors: readonly { readonly line: number; readonly problem: string }[];
}

/** Adds up what an import does; its size does not grow with the import. */
export class Tally {
  records = 0;
  imported = 0;
  created = 0;
  failed = 0;
  cellsLeftOut = 0;
  repeated = 0;
  optOutsKept = 0;
  private readonly kinds = new Map<string, { count: number; lines: number[] }>();
  private readonly errors: { line: number; problem: string }[] = [];

  mistake({ line, field, problem }: Mistake): void {
    if (field === undefined) this.failed++;
    else this.cellsLeftOut++;
    const said = field === undefined ? problem : `${field.slice(0, 60)}: ${problem}`;
    if (this.errors.length < LISTED) this.errors.push({ line, problem: said });
    // What a cell holds is no kind of its own.
    this.count(said.replace(/"[^"]*" /, ''), line);
  }

  /** A line whose id stood in an earlier one. */
  repeat(line: number): void {
    this.repeated++;
    this.count('externalId: stood in an earlier line; the later one counts', line);
  }

  report(directory: string, dryRun: boolean): ImportReport {
    const { records, imported, created, failed, cellsLeftOut, repeated, optOutsKept, errors } = this;
    const mistakes = [...this.kinds].map(([problem, kind]) => ({ problem, ...kind }));
    mistakes.sort((a, b) => b.count - a.count);
    return {
      directory,
      dryRun,
      imported,
      failed,
      created,
      cellsLeftOut,
      repeated,
      optOutsKept,
      records,
      mistakes,
      errors,
    };
  }

  private count(problem: string, line: number): void {
    const key = this.kinds.has(problem) || this.kinds.size < KINDS ? problem : 'other mistakes';
    const kind = this.kinds.get(key) ?? { count: 0, lines: [] };
    kind.count++;
    if (kind.lines.length < LINES) kind.lines.push(line);
    this.kinds.set(key, kind);
  }
}

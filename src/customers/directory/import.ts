import { parse } from 'csv-parse/sync';
import { type z } from 'zod';
import { consentProblem, entryOfCsv, importLineSchema } from '../algorithm/entry.js';

/** One line of an import that can be applied. */
export type ImportLine = z.output<typeof importLineSchema>;

/** A line that cannot, with what is wrong: `line` counts from 1 as in an editor. */
export interface ImportError {
  readonly line: number;
  readonly problem: string;
}

/** How an import is written. */
export type ImportFormat = 'ndjson' | 'csv';

/** Reads an import; every line ends either in `lines` or in `errors`. Empty lines do not count. */
export function readImport(
  content: string,
  format: ImportFormat,
  now: Date,
): { lines: ImportLine[]; errors: ImportError[] } {
  const lines: ImportLine[] = [];
  const errors: ImportError[] = [];
  for (const { line, value, problem } of format === 'csv' ? csvRecords(content) : jsonRecords(content)) {
    const parsed = problem === undefined ? importLineSchema.safeParse(value) : undefined;
    const consent = parsed?.success ? consentProblem(parsed.data, now) : undefined;
    if (consent !== undefined) errors.push({ line, problem: consent });
    else if (parsed?.success) lines.push(parsed.data);
    else
      errors.push({
        line,
        problem:
          problem ?? parsed?.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') ?? '',
      });
  }
  return { lines, errors };
}

interface RawRecord {
  readonly line: number;
  readonly value?: unknown;
  readonly problem?: string;
}

function jsonRecords(content: string): RawRecord[] {
  const records: RawRecord[] = [];
  for (const [at, text] of content.split('\n').entries()) {
    if (text.trim() === '') continue;
    try {
      records.push({ line: at + 1, value: JSON.parse(text) });
    } catch (error) {
      records.push({ line: at + 1, problem: `is not JSON (${(error as Error).message})` });
    }
  }
  return records;
}

function csvRecords(content: string): RawRecord[] {
  try {
    const rows = parse(content, {
      columns: true,
      bom: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: false,
    }) as unknown as { record: Record<string, string>; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ line: info.lines, value: entryOfCsv(record) }));
  } catch (error) {
    const line = Number((error as { lines?: number }).lines ?? 1);
    return [
      {
        line,
        problem: `is not CSV with a header line (${(error as Error).message}); nothing of the file was imported`,
      },
    ];
  }
}

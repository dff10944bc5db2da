import { CsvError, parse } from 'csv-parse';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { parseTimestamp } from '../detection/algorithm/series/series-csv.js';
import { combinationText } from '../audience/algorithm/coded-rows.js';
import { localizeDeviation } from '../audience/algorithm/deviation.v1.js';
import { localizeFailures } from '../audience/algorithm/excess.v1.js';
import { type FigureColumns, type LocalizeRows, LocalizeTable, namesOf } from '../audience/algorithm/localize-table.js';
import { type CommandIo, isClosedPipe, write } from './command.js';
import { messageOf, StartError } from '../platform/errors.js';
import { percent } from '../platform/percent.js';

export const HELP = `Usage: forewarn localize --failures COL --total COL [--time COL --at T] [FILE] > causes.jsonl
       forewarn localize --actual COL --predicted COL [FILE]                  > causes.jsonl

Finds what the failing rows of a table share and the others do not: a value of one column, or of several together.

Input   FILE, or standard input: CSV with a header (comma, quotes as in RFC 4180). Every column that is not named by an option is a trait.
        --failures, --total     counts of each row: how many failed, out of how many
        --time, --at            the column of times and the time asked about; rows before it say what is usual,
                                rows after it are left out. Without them, failures are compared with their share of the total.
                                Times: ISO 8601, YYYY-MM-DD HH:MM:SS (UTC), or epoch seconds or milliseconds.
        --actual, --predicted   figures of each row: what was measured and what was expected
Output  JSON lines, best first, each {"cause":"os=14&release=2.4.1", ...} with its evidence and a sentence.
        Only causes that chance would hardly have made; no line when there are none.

Options
  -h, --help   show this text

Exit codes: 0 done, 1 a line could not be read (nothing is written), 2 wrong usage.
`;

/** A problem of the caller's making, with the exit code that it leads to. */
interface Problem {
  readonly code: 1 | 2;
  readonly problem: string;
}

/** `forewarn localize`: finds the causes in a table from a file or standard input; returns the exit code (0, 1 or 2, see the help). */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const asked = readArguments(args);
  const table = 'problem' in asked ? asked : await readTable(asked.columns, await inputOf(asked.path, io.stdin));
  if ('problem' in table) {
    io.stderr.write(`forewarn localize: ${table.problem}${table.code === 2 ? '; see forewarn localize --help' : ''}\n`);
    return table.code;
  }
  // The write reports its fault to its own callback; without a listener the same fault would end the process as well.
  io.stdout.on('error', () => undefined);
  const lines = findCauses(table).map((cause) => `${JSON.stringify(cause)}\n`);
  try {
    await write(io.stdout, lines.join(''));
  } catch (fault) {
    if (!isClosedPipe(fault)) throw fault;
  }
  return 0;
}

/** @throws StartError when the file cannot be read */
async function inputOf(path: string | undefined, stdin: Readable): Promise<Readable> {
  if (path === undefined || path === '-') return stdin;
  try {
    const file = await open(path);
    if (!(await file.stat()).isDirectory()) return file.createReadStream();
    await file.close();
    throw new Error('it is a folder');
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function readArguments(args: string[]): { columns: FigureColumns; path: string | undefined } | Problem {
  const text = { type: 'string' } as const;
  let values: Partial<Record<'failures' | 'total' | 'time' | 'at' | 'actual' | 'predicted', string>>;
  let paths: string[];
  try {
    const options = { failures: text, total: text, time: text, at: text, actual: text, predicted: text };
    ({ values, positionals: paths } = parseArgs({ args, options, allowPositionals: true }));
  } catch (fault) {
    return { code: 2, problem: fault instanceof Error ? (fault.message.split('. ')[0] ?? '') : String(fault) };
  }
  if (paths.length > 1) return { code: 2, problem: 'one file at a time' };
  const columns = columnsOf(values);
  if (columns === undefined)
    return { code: 2, problem: 'give --failures and --total (and --time with --at), or --actual and --predicted' };
  const names = namesOf(columns);
  if (new Set(names).size < names.length) return { code: 2, problem: 'each option names another column' };
  const at = columns.kind === 'failures' ? columns.when?.at : undefined;
  if (at !== undefined && parseTimestamp(at) === undefined)
    return { code: 2, problem: `--at is not a time: ${JSON.stringify(at)}` };
  return { columns, path: paths[0] };
}

function columnsOf(values: Partial<Record<string, string | boolean>>): FigureColumns | undefined {
  const { failures, total, time, at, actual, predicted } = values as Partial<Record<string, string>>;
  if (failures !== undefined && total !== undefined && actual === undefined && predicted === undefined) {
    if (time === undefined && at === undefined) return { kind: 'failures', failures, total };
    return time === undefined || at === undefined
      ? undefined
      : { kind: 'failures', failures, total, when: { time, at: at.trim() } };
  }
  const others = [failures, total, time, at];
  if (actual === undefined || predicted === undefined || others.some((value) => value !== undefined)) return undefined;
  return { kind: 'deviation', actual, predicted };
}

async function readTable(columns: FigureColumns, input: Readable): Promise<LocalizeRows | Problem> {
  // Lines are told by the parser, since a quoted field may hold line breaks.
  const parser = parse({ bom: true, info: true, skip_empty_lines: true });
  pipeline(input, parser, () => undefined);
  let table: LocalizeTable | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (table === undefined) {
        const opened = LocalizeTable.open(
          record.map((name) => name.trim()),
          columns,
        );
        if ('problem' in opened) return { code: 2, problem: opened.problem };
        table = opened;
        continue;
      }
      const problem = table.add(record);
      if (problem !== undefined) return { code: 1, problem: `line ${String(info.lines)}: ${problem}` };
    }
  } catch (fault) {
    if (fault instanceof CsvError) return { code: 1, problem: fault.message };
    throw fault;
  }
  if (table === undefined) return { code: 1, problem: 'the input is empty; a header is needed' };
  const read = table.finish();
  if (read.kind === 'failures' && columns.kind === 'failures' && columns.when && read.now === 0)
    return { code: 1, problem: `no row has the time ${columns.when.at} in the column ${columns.when.time}` };
  return read;
}

function findCauses(table: LocalizeRows): object[] {
  return table.kind === 'failures' ? failureCauses(table) : deviationCauses(table);
}

function failureCauses({ rows, counts }: LocalizeRows & { kind: 'failures' }): object[] {
  const [ofFailures, ofTotal] = [sum(counts.failures), sum(counts.total)];
  return localizeFailures(rows, counts).map((found) => {
    const cause = combinationText(rows, found.terms);
    const share = percent(found.total / ofTotal);
    return {
      cause,
      failures: found.failures,
      ofFailures,
      total: found.total,
      ofTotal,
      expected: round(found.expected),
      shareOfExcess: round(found.shareOfExcess),
      lift: round(found.lift),
      words: `${cause}: ${String(found.failures)} of ${String(ofFailures)} failures, ${share} of the total${found.expected > 0 ? `; ${brief(found.expected)} were to be expected` : ''}`,
    };
  });
}

function deviationCauses({ rows, measured }: LocalizeRows & { kind: 'deviation' }): object[] {
  return localizeDeviation(rows, measured).map((found) => {
    const cause = combinationText(rows, found.terms);
    const way = found.deviation > 0 ? 'below' : 'above';
    return {
      cause,
      rows: found.rows,
      ofRows: rows.size,
      actual: round(found.actual),
      predicted: round(found.predicted),
      deviation: round(found.deviation),
      gain: round(found.gain),
      words: `${cause}: ${brief(found.actual)} where ${brief(found.predicted)} was predicted, each row about ${percent(Math.abs(found.deviation))} ${way}`,
    };
  });
}

/** A figure in a sentence: three digits, whole where it is large. */
function brief(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

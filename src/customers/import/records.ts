import { setImmediate as breathe } from 'node:timers/promises';
import { parse } from 'csv-parse';
import { Problem } from '../../platform/errors.js';
import { cellsOfJson, type RawCells } from '../algorithm/import-row.js';
import { fieldsOf, type HeadingMap } from '../algorithm/headings.js';

/** Longest line or record, UTF-16 units; a quote that nobody closes would otherwise swallow the rest of the file. */
const LONGEST_RECORD = 100_000;
/** Lines read between two turns of the event loop: at 20 µs a line, 10 ms. */
const LINES_A_TURN = 500;

/** Beginnings of what is no text, as UTF-8 has them: of a workbook or another ZIP archive, and of gzip. */
const PACKED = ['PK\u0003\u0004', '\u001f\ufffd'];

/** A record of an import, or why its line cannot be read. */
export type ImportRecord =
  { readonly line: number; readonly cells: RawCells } | { readonly line: number; readonly problem: string };

/**
 * Reads records from text that comes in pieces: JSON objects by line, or CSV with a header line. Which of the two the content says, and of
 * CSV what separates cells. Empty lines do not count.
 * @throws Problem 400 for what is neither, or a header line that leaves open which column is what
 */
export async function* recordsOf(source: AsyncIterable<string>, map: HeadingMap): AsyncGenerator<ImportRecord> {
  const pieces = source[Symbol.asyncIterator]();
  let head = '';
  // Enough to see the first line.
  while (!/[\n\r]/.test(head.trimStart()) && head.length < LONGEST_RECORD) {
    const next = await pieces.next();
    if (next.done) break;
    head += next.value;
  }
  const text = joined(head.replace(/^\ufeff/, ''), pieces);
  const first = head.replace(/^\ufeff/, '').trimStart()[0];
  if (first === undefined) return;
  if (PACKED.some((start) => head.startsWith(start)))
    throw new Problem(
      400,
      'invalid',
      'The import is a workbook or an archive; save the sheet as CSV, or unpack it first.',
    );
  if (first === '[')
    throw new Problem(400, 'invalid', 'The import is one JSON array; write one object a line, as jq -c ".[]" does.');
  if (first === '{') yield* jsonRecords(text, map);
  else yield* csvRecords(text, head, map);
}

async function* joined(head: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* jsonRecords(source: AsyncIterable<string>, map: HeadingMap): AsyncGenerator<ImportRecord> {
  let line = 0;
  for await (const text of linesOf(source)) {
    line++;
    if (line % LINES_A_TURN === 0) await breathe();
    if (text === undefined) yield { line, problem: `is longer than ${LONGEST_RECORD} characters` };
    else if (text.trim() !== '') yield { line, ...jsonRecord(text, map) };
  }
}

function jsonRecord(text: string, map: HeadingMap): { cells: RawCells } | { problem: string } {
  if (text.includes('\ufffd')) return { problem: UNREADABLE };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'is not JSON; write one object a line' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'is not a JSON object' };
  return { cells: cellsOfJson(value as Record<string, unknown>, map) };
}

const UNREADABLE = 'holds bytes that are not of its encoding; give the encoding, such as windows-1252';

/** Lines of text that comes in pieces, undefined for one that is too long to be kept. */
async function* linesOf(source: AsyncIterable<string>): AsyncGenerator<string | undefined> {
  let rest = '';
  let tooLong = false;
  for await (const piece of source) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      yield tooLong || line.length > LONGEST_RECORD ? undefined : line;
      tooLong = false;
    }
    if (rest.length > LONGEST_RECORD) [rest, tooLong] = ['', true];
  }
  if (rest !== '' || tooLong) yield tooLong ? undefined : rest;
}

interface CsvRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

async function* csvRecords(source: AsyncIterable<string>, head: string, map: HeadingMap): AsyncGenerator<ImportRecord> {
  const skipped: ImportRecord[] = [];
  const parser = parse({
    delimiter: delimiterOf(head),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_RECORD,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error)
        skipped.push({
          line: Number(error['lines'] ?? 0),
          problem: `is not CSV (${error.code.toLowerCase().replaceAll('_', ' ')})`,
        });
    },
  });
  void feed(source, parser);
  let fields: readonly string[] | undefined;
  let seen = 0;
  for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
    if (++seen % LINES_A_TURN === 0) await breathe();
    yield* skipped.splice(0);
    if (fields === undefined && /^sep=/i.test(record[0] ?? '')) continue;
    if (fields === undefined) fields = headerOf(record, map);
    else yield csvRecord(record, info.lines, fields);
  }
  yield* skipped;
  if (fields === undefined)
    throw new Problem(400, 'invalid', 'The import is neither JSON lines nor CSV with a header line.');
}

/** Writes all pieces to the parser, waiting while it is full; a source that fails ends the parser with its error. */
async function feed(source: AsyncIterable<string>, parser: ReturnType<typeof parse>): Promise<void> {
  try {
    for await (const piece of source) {
      if (parser.destroyed) return;
      if (!parser.write(piece)) await drained(parser);
    }
    parser.end();
  } catch (error) {
    parser.destroy(error as Error);
  }
}

/** Waits until a parser takes more, or is closed; leaves no listener behind, of which a large file would pile up thousands. */
async function drained(parser: ReturnType<typeof parse>): Promise<void> {
  await new Promise<void>((done) => {
    const go = () => {
      parser.off('drain', go).off('close', go);
      done();
    };
    parser.on('drain', go).on('close', go);
  });
}

function headerOf(record: readonly string[], map: HeadingMap): readonly string[] {
  if (record.some((cell) => cell.includes('\ufffd')))
    throw new Problem(400, 'invalid', `The header line ${UNREADABLE}.`);
  const found = fieldsOf(record, map);
  if ('problem' in found) throw new Problem(400, 'invalid', `The header line cannot be used: ${found.problem}.`);
  return found.fields;
}

function csvRecord(record: readonly string[], line: number, fields: readonly string[]): ImportRecord {
  if (record.some((cell) => cell.includes('\ufffd'))) return { line, problem: UNREADABLE };
  if (record.length !== fields.length && record.slice(fields.length).some((cell) => cell !== ''))
    return { line, problem: `has ${record.length} cells, the header line ${fields.length}` };
  return { line, cells: fields.map((field, at) => [field, record[at] ?? '']) };
}

/** Finds the separator of the header line: the most frequent of the usual ones outside quotes. */
function delimiterOf(head: string): string {
  const said = /^\ufeff?sep=(.)\r?\n/i.exec(head)?.[1];
  if (said !== undefined) return said;
  const line = (
    head
      .replace(/^\ufeff/, '')
      .trimStart()
      .split(/[\r\n]/, 1)[0] ?? ''
  ).replaceAll(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((one) => ({ one, count: line.split(one).length }));
  return counts.reduce((most, next) => (next.count > most.count ? next : most)).one;
}

import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { DEFAULT_COLUMNS, readHeader, readLine, type SeriesColumns } from '../detection/algorithm/series/series-csv.js';
import { SeriesScorer } from '../detection/algorithm/series/series-scorer.v1.js';
import { messageOf, StartError } from '../platform/errors.js';
import { type CommandIo, isClosedPipe, readArguments, UsageError, write } from './command.js';

export const HELP = `Usage: forewarn detect [FILE] > scores.csv

Scores every point of a time series: how far it is out of the ordinary, from 0 to 1.
A score depends on the points before it only, so a file gives the scores that a live stream would have given.

Input   FILE, or standard input: CSV with the columns timestamp,value; a header is optional, further columns are ignored.
        Timestamps: ISO 8601, YYYY-MM-DD HH:MM:SS (UTC) or epoch seconds or milliseconds.
        An empty value is a gap.
Output  CSV timestamp,value,anomaly_score, one row for every row of the input, in its order.
        0.5 and more is clear: an incident begins with this row. Alert on it. An incident has one such row, or two
        where it turns out rarer than it began (the second is above 0.75). On noise there is less than one in 10,000 rows.
        Below 0.5: how unusual the last few rows are by themselves, for as long as it lasts, somewhat higher where
        there was trouble lately; 0.1 is calm, 0.2 is worth a look.

Options
  -h, --help   show this text

Exit codes: 0 all rows scored, 1 a line could not be read (rows before it are written), 2 wrong usage.
`;

/** Output is written in pieces of about this many characters, to save system calls. */
const PIECE = 1 << 16;

/** `forewarn detect`: scores a CSV series from standard input line by line; returns the exit code (0, 1 or 2, see the help). */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const [path, more] = readArguments({ args, options: {}, allowPositionals: true }).positionals;
  if (more !== undefined) throw new UsageError('one file at a time');
  const file = path === undefined ? undefined : await opened(path);
  // Each write reports its fault to its own callback; without a listener the same fault would end the process as well.
  io.stdout.on('error', () => undefined);
  try {
    const problem = await scoreLines(file?.createReadStream() ?? io.stdin, io.stdout);
    if (problem === undefined) return 0;
    io.stderr.write(`forewarn detect: ${path === undefined ? '' : `${path}: `}${problem}\n`);
    return 1;
  } catch (fault) {
    if (isClosedPipe(fault)) return 0;
    throw fault;
  } finally {
    await file?.close();
  }
}

/** @throws StartError when the file cannot be read */
async function opened(path: string): Promise<FileHandle> {
  try {
    const file = await open(path);
    if ((await file.stat()).isDirectory()) throw new Error('it is a folder');
    return file;
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

/** Returns the first problem with its line number, or undefined when every line was scored. */
async function scoreLines(input: Readable, output: Writable): Promise<string | undefined> {
  const scorer = new SeriesScorer();
  let columns: SeriesColumns | undefined;
  let lineNumber = 0;
  let piece = 'timestamp,value,anomaly_score\n';
  let problem: string | undefined;
  for await (const raw of createInterface({ input, crlfDelay: Infinity })) {
    lineNumber += 1;
    const line = lineNumber === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (line.trim() === '') continue;
    if (columns === undefined) {
      const header = readHeader(line);
      columns = header ?? DEFAULT_COLUMNS;
      if (header) continue;
    }
    const read = readLine(line, columns);
    if ('problem' in read) {
      problem = `line ${String(lineNumber)}: ${read.problem}`;
      break;
    }
    const { timestampText, valueText, timestampMs, value } = read.row;
    piece += `${timestampText},${valueText},${formatScore(scorer.push(timestampMs, value).score)}\n`;
    if (piece.length >= PIECE) {
      await write(output, piece);
      piece = '';
    }
  }
  await write(output, piece);
  return problem;
}

function formatScore(score: number): string {
  return String(Number(score.toFixed(6)));
}

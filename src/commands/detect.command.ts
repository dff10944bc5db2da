import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { DEFAULT_COLUMNS, readHeader, readLine, type SeriesColumns } from '../detection/algorithm/series/series-csv.js';
import { SeriesScorer } from '../detection/algorithm/series/series-scorer.v1.js';

/** The streams that a command talks to. */
export interface CommandIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

const HELP = `Usage: forewarn detect < series.csv > scores.csv

Scores every point of a time series: how far it is out of the ordinary, from 0 to 1.
A score depends on the points before it only, so a file gives the scores that a live stream would have given.

Input   CSV with the columns timestamp,value; a header is optional, further columns are ignored.
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
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout.write(HELP);
    return 0;
  }
  if (args.length > 0) {
    io.stderr.write(`forewarn detect: unknown argument ${JSON.stringify(args[0])}; see forewarn detect --help\n`);
    return 2;
  }
  // Each write reports its fault to its own callback; without a listener the same fault would end the process as well.
  io.stdout.on('error', () => undefined);
  try {
    const problem = await scoreLines(io);
    if (problem === undefined) return 0;
    io.stderr.write(`forewarn detect: ${problem}\n`);
    return 1;
  } catch (fault) {
    if (isClosedPipe(fault)) return 0;
    throw fault;
  }
}

/** Returns the first problem with its line number, or undefined when every line was scored. */
async function scoreLines(io: CommandIo): Promise<string | undefined> {
  const scorer = new SeriesScorer();
  let columns: SeriesColumns | undefined;
  let lineNumber = 0;
  let piece = 'timestamp,value,anomaly_score\n';
  let problem: string | undefined;
  for await (const raw of createInterface({ input: io.stdin, crlfDelay: Infinity })) {
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
      await write(io.stdout, piece);
      piece = '';
    }
  }
  await write(io.stdout, piece);
  return problem;
}

function formatScore(score: number): string {
  return String(Number(score.toFixed(6)));
}

async function write(stdout: Writable, text: string): Promise<void> {
  if (text === '') return;
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (fault) => (fault ? reject(fault) : resolve()));
  });
}

/** Whether the reader of our output went away, as `head` does; that is no fault of ours or of the input. */
function isClosedPipe(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'EPIPE';
}

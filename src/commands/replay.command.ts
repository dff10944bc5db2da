import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { configPath, type ForewarnConfig, loadConfig } from '../forewarn-config.js';
import { SystemClock } from '../platform/clock.js';
import { readSettings } from '../platform/config/settings.js';
import { parseDuration } from '../platform/duration.js';
import { messageOf, StartError } from '../platform/errors.js';
import { type CommandIo, readArguments, UsageError, write } from './command.js';
import { recordsOf } from './replay/export-file.js';
import { type DatedEvent, type ReadRecord } from './replay/exported-events.js';
import { play } from './replay/play.js';
import { headline, incidentWords, type ReplayFacts } from './replay/replay-words.js';
import { ReplayClock } from './replay/replay-clock.js';

export const HELP = `usage: forewarn replay [options] FILE|FOLDER|-...     - is standard input

Plays an export of errors with their times to a Forewarn on a scratch database, and says whom it would have told, and when. A file holds
a JSON array of events, one event a line, or envelopes: as Sentry's SDKs send them, as its API exports them (full=true), or in
Forewarn's own format. Of a folder every file is read. Projects, thresholds and policies are those of FOREWARN_CONFIG.
Nothing leaves this machine, and nothing of it stays: no mail, no SMS, no webhook, no other database.

  --project SLUG   the project whose events they are (default: the first of the configuration)
  --customers N    with --within 10m: a new fault opens an incident from so many customers on (default: the configuration's)
  --within TIME
  --json           one JSON object in place of words

Records that cannot be read are counted, and the first 20 named with their place.
Exit codes: 0 done, 1 it could not be done, 2 wrong usage, 130 ended by Ctrl-C.
`;
const OPTIONS = {
  project: { type: 'string' },
  customers: { type: 'string' },
  within: { type: 'string' },
  json: { type: 'boolean' },
} as const;
/** Largest file, bytes, and most events at once; both are held in memory. */
const LARGEST_FILE = 512 * 1024 * 1024;
const MOST_EVENTS = 200_000;
const NAMED = 20;

/** Everything that was read. */
interface Export {
  readonly events: DatedEvent[];
  /** Records that report no error, such as transactions. */
  other: number;
  bad: number;
  /** The first of the bad ones, with their places. */
  readonly problems: string[];
  /** Events beyond those that are held. */
  beyond: number;
}

/** `forewarn replay`: what would have been told; returns the exit code (see the help). */
export async function run(args: string[], { stdin, stdout, stderr }: CommandIo): Promise<number> {
  const { values, positionals } = readArguments({ args, options: OPTIONS, allowPositionals: true });
  if (positionals.length === 0) throw new UsageError('name a file, a folder, or - for standard input');
  const config = withThresholds(
    loadConfig(configPath(readSettings({ FOREWARN_CONFIG: process.env['FOREWARN_CONFIG'] }))),
    values,
  );
  const slug = slugOf(config, values.project);
  const found = await readAll(positionals, stdin);
  for (const line of problemLines(found)) stderr.write(`${line}\n`);
  if (found.events.length === 0) throw new StartError('There is no event in it that can be replayed.');
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const facts = await replay(config, slug, found.events, stderr, stop.signal);
    await write(stdout, values.json ? jsonOf(facts, found) : wordsOf(facts));
    return 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    stderr.write('ended; nothing is left behind\n');
    return 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function withThresholds(config: ForewarnConfig, given: { customers?: string; within?: string }): ForewarnConfig {
  const { newFault } = config.detection;
  const customers = given.customers === undefined ? newFault.customers : Number(given.customers);
  if (!Number.isInteger(customers) || customers < 1) throw new UsageError('--customers must be a whole number above 0');
  const within = given.within === undefined ? newFault.within : parseDuration(given.within);
  if (within === undefined || within <= 0) throw new UsageError('--within must be a duration such as 10m');
  return { ...config, detection: { ...config.detection, newFault: { ...newFault, customers, within } } };
}

function slugOf({ projects }: ForewarnConfig, asked: string | undefined): string {
  const slugs = projects.map(({ slug }) => slug);
  const slug = asked ?? slugs[0] ?? '';
  if (!slugs.includes(slug)) throw new UsageError(`--project must be one of ${slugs.join(', ')}`);
  return slug;
}

async function readAll(paths: readonly string[], stdin: Readable): Promise<Export> {
  const found: Export = { events: [], other: 0, bad: 0, problems: [], beyond: 0 };
  const now = new SystemClock().now().getTime();
  for (const path of paths) {
    for (const file of await filesOf(path)) {
      const name = file === '-' ? 'standard input' : file;
      const body = await readBody(name, file === '-' ? stdin : createReadStream(file));
      for (const { place, record } of recordsOf(body, now)) note(found, `${name}${place}`, record);
    }
  }
  found.events.sort((a, b) => a.at - b.at);
  return found;
}

function note(found: Export, place: string, record: ReadRecord): void {
  if (record.kind === 'other') found.other++;
  else if (record.kind === 'bad') {
    found.bad++;
    if (found.problems.length < NAMED) found.problems.push(`${place}: ${record.reason}`);
  } else if (found.events.length < MOST_EVENTS) found.events.push(record.event);
  else found.beyond++;
}

/** The files of a folder and of those in it, by name, without hidden ones. */
async function filesOf(path: string): Promise<string[]> {
  if (path === '-') return [path];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    return files.filter((file) => !/(^|\/)\.[^/]/.test(file.slice(path.length))).sort();
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function readBody(name: string, stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > LARGEST_FILE) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new StartError(`${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (length > LARGEST_FILE) throw new StartError(`${name} is larger than 512 MB; divide it into several files.`);
  return Buffer.concat(chunks);
}

function problemLines({ problems, bad, other, beyond }: Export): string[] {
  return [
    ...problems,
    ...(bad > 0 ? [`${bad.toLocaleString('en')} records could not be read and were left out.`] : []),
    ...(other > 0
      ? [`${other.toLocaleString('en')} records report no error (transactions, sessions) and were passed over.`]
      : []),
    ...(beyond > 0
      ? [
          `${beyond.toLocaleString('en')} events beyond the first ${MOST_EVENTS.toLocaleString('en')} were left out; replay a shorter time.`,
        ]
      : []),
  ];
}

async function replay(
  config: ForewarnConfig,
  slug: string,
  events: readonly DatedEvent[],
  stderr: Writable,
  signal: AbortSignal,
): Promise<ReplayFacts> {
  const [from, to] = [events[0]?.at ?? 0, events.at(-1)?.at ?? 0];
  const progress = new Progress(stderr, events.length);
  const { Scratch } = await import('./replay/scratch.js'); // the whole daemon, which a wrong argument need not wait for
  const scratch = await Scratch.open(config, slug, new ReplayClock(from));
  try {
    await play(scratch, events, (done) => progress.show(done), signal);
    return { ...(await scratch.outcome()), events: events.length, from, to };
  } finally {
    progress.clear();
    await scratch.close();
  }
}

/** A line that says how far it is, where somebody looks on. */
class Progress {
  private readonly isWatched;

  constructor(
    private readonly out: Writable,
    private readonly events: number,
  ) {
    this.isWatched = (out as Writable & { isTTY?: boolean }).isTTY === true;
  }

  show(done: number): void {
    if (this.isWatched) this.out.write(`\r${done.toLocaleString('en')} of ${this.events.toLocaleString('en')} events`);
  }

  clear(): void {
    if (this.isWatched) this.out.write('\r\x1b[K');
  }
}

function wordsOf(facts: ReplayFacts): string {
  return [headline(facts), ...facts.incidents.map(incidentWords)].map((text) => `${text}\n`).join('\n');
}

function jsonOf(facts: ReplayFacts, { bad, problems, other, beyond }: Export): string {
  const { from, to, ...rest } = facts;
  const times = { from: new Date(from), to: new Date(to) };
  return `${JSON.stringify({ words: headline(facts), ...times, ...rest, left: { bad, other, beyond, problems } })}\n`;
}

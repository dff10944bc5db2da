import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Readable, type Writable } from 'node:stream';
import { type z } from 'zod';
import { CustomerStore } from '../customers/directory/customer.store.js';
import { ChunkWriter } from '../customers/import/chunk.writer.js';
import { CustomerImporter } from '../customers/import/customer.importer.js';
import { importQuery } from '../customers/import/import-query.js';
import { ImportStore } from '../customers/import/import.store.js';
import { type ImportReport } from '../customers/import/tally.js';
import { configPath, loadConfig } from '../forewarn-config.js';
import { type Clock, SystemClock } from '../platform/clock.js';
import { readSettings } from '../platform/config/settings.js';
import { type Database } from '../platform/db/database.js';
import { openDatabase } from '../platform/db/open-database.js';
import { messageOf, Problem, StartError } from '../platform/errors.js';
import { type Directory } from '../projects/project.js';
import { type ProjectsConfig } from '../projects/projects-config.js';
import { ProjectStore } from '../projects/registry/project.store.js';
import { type CommandIo, readArguments, UsageError } from './command.js';
import { ImportProgress } from './import-progress.js';

export const HELP = `usage: forewarn import [options] FILE...     - is standard input; JSON lines or CSV, which the content says
  --directory NAME      the list of customers (default: that of the first project)
  --map H=FIELD,H=-     headings in other words: externalId, name, locale, timeZone, email, phone, consentSms,
                        consentSmsMarketing, consentSmsLegal, consentEmail and so on, each with …At for its date,
                        usernames, devices, attributes.NAME; - leaves out
  --country CC          country of phone numbers that are written without their code, such as DE
  --encoding NAME       such as windows-1252; UTF-8 and UTF-16 are found out
  --dry-run             read and judge everything, write nothing
  --skip N              pass over the first N records of the first file, to go on after a stop

Exit codes: 0 all imported, 1 a line or a cell could not be taken, 2 wrong usage, 130 stopped by Ctrl-C or SIGTERM.
`;
const OPTIONS = {
  directory: { type: 'string' },
  map: { type: 'string' },
  country: { type: 'string' },
  encoding: { type: 'string' },
  'dry-run': { type: 'boolean' },
  skip: { type: 'string' },
} as const;

/** Signals after which the chunk that is being written is the last. */
const STOPS = ['SIGINT', 'SIGTERM'] as const;

type Query = z.output<typeof importQuery>;

/** Arguments of the import of one file. */
interface Run {
  readonly importer: CustomerImporter;
  readonly directory: Directory;
  readonly query: Query;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For the line that says how much was imported. */
  readonly out: Writable;
}

/** `forewarn import FILE…`. Exit code 1 when a line or a cell could not be taken, 2 for wrong options, 130 when it was stopped. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  const { files, query } = optionsOf(args);
  if (files.length === 0) throw new UsageError('name a file, or - for standard input');
  await assertReadable(files);
  const settings = readSettings(process.env);
  const config = loadConfig(configPath(settings));
  const { database, close } = await openDatabase(settings, { share: true });
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  for (const signal of STOPS) process.once(signal, onInterrupt);
  try {
    const clock = new SystemClock();
    const writer = new ChunkWriter(new ImportStore(), new CustomerStore());
    const importer = new CustomerImporter(writer, database, clock);
    const directory = await theDirectory(database, config.projects, query.directory);
    let clean = true;
    for (const [nth, path] of files.entries()) {
      const own = nth === 0 ? query : { ...query, skip: undefined };
      const report = await importFile(path, {
        importer,
        directory,
        query: own,
        clock,
        signal: stop.signal,
        out: stdout,
      });
      clean &&= report.failed === 0 && report.cellsLeftOut === 0;
      if (stop.signal.aborted) return stopped(files.slice(nth), report);
    }
    return clean ? 0 : 1;
  } finally {
    for (const signal of STOPS) process.off(signal, onInterrupt);
    await close();
  }
}

function optionsOf(args: string[]): { files: string[]; query: Query } {
  const parsed = readArguments({ args, options: OPTIONS, allowPositionals: true });
  const { 'dry-run': dryRun, ...given } = parsed.values;
  const query = importQuery.safeParse({ ...given, ...(dryRun && { dryRun: 'true' }) });
  if (query.success) return { files: parsed.positionals, query: query.data };
  throw new UsageError(query.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`).join('; '));
}

async function assertReadable(files: readonly string[]): Promise<void> {
  for (const path of files.filter((one) => one !== '-')) await sizeOf(path);
}

async function sizeOf(path: string): Promise<number | undefined> {
  if (path === '-') return undefined;
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new Error('it is a folder');
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

async function importFile(
  path: string,
  { importer, directory, query, clock, signal, out }: Run,
): Promise<ImportReport> {
  const source: Readable = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 65_536 });
  const progress = new ImportProgress(process.stderr, clock, path, await sizeOf(path));
  try {
    const report = await importer.import(progress.counted(source), {
      ...query,
      directory,
      signal,
      onProgress: (records) => progress.show(records),
    });
    progress.end();
    print(path, report, out);
    return report;
  } catch (error) {
    progress.end();
    if (error instanceof Problem) throw new StartError(`${path}: ${error.message}`);
    throw error;
  } finally {
    source.destroy();
  }
}

function print(path: string, report: ImportReport, out: Writable): void {
  for (const { line, problem } of report.errors) process.stderr.write(`${path}:${line}: ${problem}\n`);
  if (report.mistakes.length > 0) process.stderr.write(`\n${path}, by kind:\n`);
  for (const { count, problem, lines } of report.mistakes) {
    const more = count > lines.length ? ', …' : '';
    process.stderr.write(`  ${count} × ${problem} (line ${lines.join(', ')}${more})\n`);
  }
  const parts = [
    `${report.imported} ${report.dryRun ? 'would be imported' : 'imported'}, ${report.failed} failed`,
    report.cellsLeftOut > 0 ? `${report.cellsLeftOut} cells left out` : '',
    report.repeated > 0 ? `${report.repeated} ids repeated` : '',
    report.optOutsKept > 0 ? `${report.optOutsKept} opt-outs kept` : '',
  ];
  out.write(`${parts.filter(Boolean).join(', ')}\n`);
}

/** Says how far it came; `left` are the file that it was in and those behind. */
function stopped(left: readonly string[], { records }: ImportReport): number {
  const [path = '-'] = left;
  process.stderr.write(`stopped after ${records} records of ${path}; go on with --skip ${records} ${left.join(' ')}\n`);
  return 130;
}

/** The directory of this name; else that of the first project, or the only one. Made before the first start. */
async function theDirectory(database: Database, [first]: ProjectsConfig, wanted?: string): Promise<Directory> {
  const store = new ProjectStore();
  const name = wanted ?? first?.directory ?? first?.slug ?? '';
  const directories = await store.directories(database);
  const only = wanted === undefined && directories.length === 1 ? directories[0] : undefined;
  const found = directories.find((one) => one.name === name) ?? only;
  if (found) return found;
  if (directories.length === 0 && wanted === undefined)
    return { id: await database.transaction((tx) => store.ensureDirectory(tx, name)), name };
  const names = directories.map((one) => one.name).join(', ') || 'none before the first start';
  throw new StartError(
    `There is no directory "${name}"; there are ${names}. Give --directory, or the daemon's FOREWARN_CONFIG.`,
  );
}

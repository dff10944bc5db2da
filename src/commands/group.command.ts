import { readFile } from 'node:fs/promises';
import { type Readable, type Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { compileRules, type CompiledRule } from '../grouping/rules/rules.js';
import { GroupAnswers } from './group-answers.js';
import { type GroupInput, readLines, readPath } from './group-input.js';
import { GroupSummary } from './group-summary.js';
import { Grouper, type GroupRecord } from '../grouping/grouper.js';
import { readGroupingConfig } from '../grouping/grouping-config.js';
import { type CommandIo, write } from './command.js';

export const HELP = `Usage: forewarn group [options] [FILE or FOLDER ...]

Puts events and messages that are the same fault into one group, the way the daemon makes known issues of them.

Input   Standard input, or the files and folders that are named.
        JSON lines: {"id","content"} for a message, {"id","event"} for a Sentry-shaped event, "project" if you have several.
        .log, .txt: plain lines, their ids are line numbers.  .json: an event or a list of events.  .envelope: a Sentry envelope.
        A folder is read with all folders in it.
Output  JSON lines {"id","group"}, one for each record that could be read, in their order.
        Templates merge as more is seen. The lines are written at the end, with the group as it stands then; only ids wait in memory.
        With --stream each line is written at once, with the group as it stands at that moment.

Options
  --summary          print a table for people in place of the lines: issues by size, with template and example
  --rules FILE       YAML with grouping.rules, tried on the input: what they ignore gets the group null, how often each matched is said at the end
  --top N            issues in that table (20)
  --lines            standard input is plain lines
  --stream           write each answer at once
  --max-templates N  message templates remembered per project (100000); beyond it those seen longest ago are forgotten
  -h, --help         show this text

Exit codes: 0 all records grouped, 1 some could not be read (the others are answered), 2 wrong usage.
`;

/** Problems that are printed one by one; the rest is counted. */
const MAX_PROBLEMS_SHOWN = 20;
/** Output is written in pieces of about this many characters, to save system calls. */
const PIECE = 1 << 16;

interface Options {
  readonly paths: readonly string[];
  readonly summary: boolean;
  readonly stream: boolean;
  readonly lines: boolean;
  readonly rules: string | undefined;
  readonly top: number;
  readonly maxTemplates: number | undefined;
}

/** `forewarn group`: groups records from standard input, files or folders; returns the exit code (0, 1 or 2, see the help). */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    io.stderr.write(`forewarn group: ${options}; see forewarn group --help\n`);
    return 2;
  }
  const rules = await readRules(options.rules);
  if (typeof rules === 'string') {
    io.stderr.write(`forewarn group: ${rules}\n`);
    return 2;
  }
  const grouping = new Grouping(options, rules, io.stdout);
  const problems = new Problems(io.stderr);
  for await (const read of readAll(options, io.stdin)) {
    if ('problem' in read) problems.add(read.problem);
    else await grouping.add(read.record);
  }
  await grouping.finish();
  for (const [name, count] of grouping.matchedByRule) io.stderr.write(`rule "${name}" matched ${count} records\n`);
  return problems.finish();
}

function readOptions(args: string[]): Options | string {
  const flags = { summary: { type: 'boolean' }, stream: { type: 'boolean' }, lines: { type: 'boolean' } } as const;
  const texts = { rules: { type: 'string' }, top: { type: 'string' }, 'max-templates': { type: 'string' } } as const;
  try {
    const { values, positionals } = parseArgs({ args, options: { ...flags, ...texts }, allowPositionals: true });
    for (const name of ['top', 'max-templates'] as const) {
      if (values[name] !== undefined && !/^[1-9]\d{0,8}$/.test(values[name]))
        return `--${name} must be a whole number from 1 up`;
    }
    if (values.summary && values.stream) return '--summary and --stream exclude each other';
    const maxTemplates = values['max-templates'];
    return {
      paths: positionals,
      summary: values.summary ?? false,
      stream: values.stream ?? false,
      lines: values.lines ?? false,
      rules: values.rules,
      top: Number(values.top ?? 20),
      maxTemplates: maxTemplates === undefined ? undefined : Number(maxTemplates),
    };
  } catch (error) {
    return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  }
}

/** The rules of a configuration file or of its grouping section alone, or what is wrong with it. */
async function readRules(path: string | undefined): Promise<CompiledRule[] | string> {
  if (path === undefined) return [];
  try {
    const value = parse(await readFile(path, 'utf8')) as { grouping?: unknown } | null;
    const read = readGroupingConfig(value?.grouping ?? value);
    return read.ok ? compileRules(read.config.rules) : `${path}: ${read.problems.join('; ')}`;
  } catch (error) {
    return `${path}: cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function* readAll(options: Options, stdin: Readable): AsyncGenerator<GroupInput> {
  if (options.paths.length === 0) {
    yield* readLines(stdin, options.lines);
    return;
  }
  for (const path of options.paths) {
    try {
      yield* readPath(path);
    } catch (error) {
      yield { problem: `${path}: cannot be read (${error instanceof Error ? error.message : String(error)})` };
    }
  }
}

/** One run: groups what comes, and writes as the options say. */
class Grouping {
  private readonly grouper: Grouper;
  private readonly answers = new GroupAnswers();
  private readonly summary = new GroupSummary();
  private readonly out: PieceWriter;

  constructor(
    private readonly options: Options,
    rules: readonly CompiledRule[],
    stdout: Writable,
  ) {
    this.grouper = new Grouper({ maxTemplates: options.maxTemplates }, rules);
    this.out = new PieceWriter(stdout, options.stream ? 0 : PIECE);
  }

  get matchedByRule(): ReadonlyMap<string, number> {
    return this.grouper.matchedByRule;
  }

  async add(record: GroupRecord): Promise<void> {
    const handle = this.grouper.add(record);
    if (this.options.summary) this.summary.add(handle, record.content ?? this.grouper.nameOf(handle).title);
    else if (this.options.stream) await this.answer(JSON.stringify(record.id), handle);
    else this.answers.add(record.id, handle);
  }

  async finish(): Promise<void> {
    if (this.options.summary) {
      await this.out.write(this.summary.print((handle) => this.grouper.nameOf(handle), this.options.top));
    }
    for (const [id, handle] of this.answers) await this.answer(id, handle);
    await this.out.flush();
  }

  private async answer(id: string, handle: number): Promise<void> {
    await this.out.write(`{"id":${id},"group":${JSON.stringify(this.grouper.nameOf(handle).group)}}\n`);
  }
}

/** Writes in pieces and waits when the reader is slow. */
class PieceWriter {
  private piece = '';

  constructor(
    private readonly out: Writable,
    private readonly size: number,
  ) {}

  async write(text: string): Promise<void> {
    this.piece += text;
    if (this.piece.length >= this.size) await this.flush();
  }

  async flush(): Promise<void> {
    const piece = this.piece;
    this.piece = '';
    await write(this.out, piece);
  }
}

/** Says what could not be read, the first twenty in full. */
class Problems {
  private count = 0;

  constructor(private readonly err: NodeJS.WritableStream) {}

  add(problem: string): void {
    if (++this.count <= MAX_PROBLEMS_SHOWN) this.err.write(`forewarn group: ${problem}\n`);
  }

  finish(): number {
    const hidden = this.count - MAX_PROBLEMS_SHOWN;
    if (hidden > 0) this.err.write(`forewarn group: ${hidden} more of these; all other records are answered\n`);
    return this.count === 0 ? 0 : 1;
  }
}

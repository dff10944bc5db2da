import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type MatchEntry, type Matcher } from '../explanations/matcher.js';
import { localMatcher } from '../explanations/matching/create-matcher.js';
import { messageOf } from '../platform/errors.js';
import { type CommandIo, isClosedPipe, write } from './command.js';

export const HELP = `Usage: forewarn match --index explanations.jsonl [--embedder NAME] < questions.jsonl > matches.jsonl

Finds the explanation that each question is about, in English and Chinese, also across the two, or says that none fits.

--index FILE      lines of {"id","title","body","phrases":[...],"locale"}; all but id may be left out. phrases are what customers
                  said who meant it. Lines with the same id are one explanation in several languages.
--embedder NAME   builtIn (default): words and meaning, by a sentence model that comes along; none: words alone
-h, --help        show this text

Input   lines of {"id","text"}; with "candidates":["id", ...] only those come into question
Output  a line for each, in order, as soon as it is known: {"id","match","best","score","words","meaning"}
        best    the nearest explanation, whatever its score; null where there is nothing to compare
        match   best, or null when nothing fits
        score   0 to 1; from 0.5 it fits, from 0.75 surely. Of questions about nothing known, about 4 % come above 0.5.

Exit codes: 0 done, 1 a line could not be read (answers to the lines before it are written), 2 wrong usage.
`;

const name = z.union([z.string().min(1), z.number()]).transform(String);
const entryLine = z.object({
  id: name,
  title: z.string().nullish(),
  body: z.string().nullish(),
  phrases: z.array(z.string()).nullish(),
  locale: z.string().nullish(),
});
const questionLine = z.object({
  id: z.union([z.string(), z.number()]),
  text: z.string(),
  candidates: z.array(name).optional(),
});

/** A problem of the caller's making, with the exit code that it leads to. */
class Problem extends Error {
  constructor(
    readonly code: 1 | 2,
    message: string,
  ) {
    super(message);
  }
}

/** `forewarn match`: answers questions from standard input; returns the exit code (0, 1 or 2, see the help). */
export async function run(args: string[], io: CommandIo): Promise<number> {
  // A write reports its fault to its own callback; without a listener the same fault would end the process as well.
  io.stdout.on('error', () => undefined);
  try {
    const asked = readArguments(args);
    await answerAll(asked, io);
    return 0;
  } catch (fault) {
    if (isClosedPipe(fault)) return 0;
    if (!(fault instanceof Problem)) throw fault;
    io.stderr.write(`forewarn match: ${fault.message}${fault.code === 2 ? '; see forewarn match --help' : ''}\n`);
    return fault.code;
  }
}

interface Asked {
  readonly index: string;
  readonly embedder: 'builtIn' | 'none';
}

function readArguments(args: string[]): Asked {
  const { index, embedder = 'builtIn' } = parse(args);
  if (index === undefined) throw new Problem(2, 'give --index with a file of explanations');
  if (embedder !== 'builtIn' && embedder !== 'none')
    throw new Problem(2, `--embedder is builtIn or none, not ${JSON.stringify(embedder)}`);
  return { index, embedder };
}

function parse(args: string[]): { index?: string; embedder?: string } {
  const options = {
    index: { type: 'string' },
    embedder: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (fault) {
    throw new Problem(2, fault instanceof Error ? (fault.message.split('. ')[0] ?? '') : String(fault));
  }
}

async function answerAll({ index, embedder }: Asked, { stdin, stdout }: CommandIo): Promise<void> {
  const matcher = localMatcher({ config: { embedder }, key: undefined }, 'here');
  await matcher.index(await readIndex(index));
  for await (const question of readLines(stdin, questionLine, 'line'))
    await write(stdout, `${JSON.stringify(await answer(matcher, question))}\n`);
  await matcher.close();
}

async function answer(matcher: Matcher, { id, text, candidates }: z.output<typeof questionLine>): Promise<object> {
  const { match, ranked } = await matcher.match({ text, candidates: candidates && [candidates] });
  const best = ranked[0];
  return {
    id,
    match: match === 'none' ? null : (best?.id ?? null),
    best: best?.id ?? null,
    score: best?.score ?? 0,
    words: best?.words ?? 0,
    meaning: best?.meaning ?? null,
  };
}

async function readIndex(path: string): Promise<MatchEntry[]> {
  const entries: MatchEntry[] = [];
  try {
    for await (const line of readLines(createReadStream(path), entryLine, `${path} line`))
      entries.push({
        id: line.id,
        title: line.title ?? '',
        body: line.body ?? '',
        phrases: line.phrases ?? [],
        locale: line.locale ?? null,
      });
  } catch (fault) {
    if (typeof fault === 'object' && fault !== null && 'syscall' in fault)
      throw new Problem(2, `cannot read ${path}: ${messageOf(fault)}`);
    throw fault;
  }
  if (entries.length === 0) throw new Problem(1, `${path} has no explanations`);
  return entries;
}

async function* readLines<T extends z.ZodType>(input: Readable, schema: T, where: string): AsyncGenerator<z.output<T>> {
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number += 1;
    const text = number === 1 ? line.replace(/^\ufeff/, '') : line;
    if (text.trim() !== '') yield readLine(text, schema, `${where} ${String(number)}`);
  }
}

function readLine<T extends z.ZodType>(text: string, schema: T, where: string): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(1, `${where}: is not JSON`);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const problem = read.error.issues[0];
  throw new Problem(1, `${where}: ${[problem?.path.join('.'), problem?.message].filter(Boolean).join(': ')}`);
}

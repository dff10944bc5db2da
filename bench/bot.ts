// How well customers' words are matched with explanations, by words alone and with meaning, and how long a question takes.
// usage: [BENCH_DATA=FOLDER] node dist/bench/bot.js [--customers N] [--seconds N] [--rate N]; docs/benchmarks.md says what FOLDER holds
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MatchAnswer, type MatchEntry } from '../src/explanations/matcher.js';
import { localMatcher } from '../src/explanations/matching/create-matcher.js';
import { measureLatency } from './bot-latency.js';

interface Query {
  readonly id: string | number;
  readonly text: string;
  readonly label: string | null;
}

interface Row extends Query {
  readonly best: string | null;
  readonly score: number;
  readonly match: MatchAnswer['match'];
}

interface Trial {
  readonly name: string;
  readonly entries: readonly MatchEntry[];
  readonly queries: readonly Query[];
  /** How many incidents hit the customer; undefined for all as candidates. */
  readonly candidates?: number;
}

type Embedder = 'none' | 'builtIn';

const LOAD = {
  customers: option('customers', 1_000_000),
  seconds: option('seconds', 20),
  perSecond: option('rate', 500),
};

await main();

async function main(): Promise<void> {
  const result: Record<string, unknown> = { bench: 'bot', ...(await measureLatency(LOAD)) };
  const folder = join(process.env.BENCH_DATA ?? '', 'retrieval');
  if (process.env.BENCH_DATA === undefined || !existsSync(folder)) {
    console.error('bench:bot: no BENCH_DATA with retrieval/, so latency alone; see docs/benchmarks.md');
    console.log(JSON.stringify(result));
    process.exitCode = 2;
    return;
  }
  console.log(
    'entries, candidates                by        top-1  out of sight  right  confident  false alarms  right at 5 % FA  out of sight   ms p95',
  );
  for (const embedder of ['none', 'builtIn'] as const) {
    const rss = process.memoryUsage.rss();
    for (const trial of trialsIn(folder)) Object.assign(result, await measure(trial, embedder));
    result[`${embedder}RssMb`] = Math.round((process.memoryUsage.rss() - rss) / 1e6);
  }
  console.log(JSON.stringify(result));
}

function trialsIn(folder: string): Trial[] {
  const entries = (name: string) => readLines<MatchEntry>(join(folder, `${name}.jsonl`));
  const queries = (name: string) => readLines<Query>(join(folder, `${name}.jsonl`));
  const banking = queries('banking-en-queries');
  const chinese = queries('assistant-zh-queries');
  const five = entries('banking-en-index-5');
  const three = five.map((entry) => ({ ...entry, phrases: entry.phrases.slice(0, 3) }));
  return [
    { name: 'banking, 5 phrases', entries: five, queries: banking },
    { name: 'banking, 3 phrases', entries: three, queries: banking },
    { name: 'banking, 0 phrases', entries: entries('banking-en-index-0'), queries: banking },
    { name: 'banking, 3 phrases, 2 candidates', entries: three, queries: banking, candidates: 2 },
    { name: 'assistant, Chinese', entries: entries('assistant-zh-index'), queries: chinese },
    { name: 'assistant, Chinese to English', entries: entries('assistant-en-index'), queries: chinese },
  ];
}

function readLines<T>(path: string): T[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

async function measure(trial: Trial, embedder: Embedder): Promise<Record<string, unknown>> {
  const matcher = localMatcher({ config: { embedder }, key: undefined }, 'here');
  await matcher.index(trial.entries);
  await matcher.match({ text: 'one for the start 付款' });
  const rows: Row[] = [];
  const times: number[] = [];
  for (const query of trial.queries) {
    const start = performance.now();
    const { match, ranked } = await matcher.match({ text: query.text, candidates: candidatesOf(query, trial) });
    times.push(performance.now() - start);
    rows.push({ ...query, match, best: ranked[0]?.id ?? null, score: ranked[0]?.score ?? 0 });
  }
  await matcher.close();
  const seen = score(rows.filter(({ id }) => !outOfSight(id)));
  const hidden = score(rows.filter(({ id }) => outOfSight(id)));
  const all = score(rows);
  const p95Ms = quantile(times, 0.95);
  const figures = [seen.top1, hidden.top1, all.right, all.confident, all.falseAlarms, seen.rightAt5, hidden.rightAt5];
  console.log(
    trial.name.padEnd(34),
    embedder.padEnd(8),
    ...figures.map((value, at) => (value === null ? '-' : value.toFixed(3)).padStart([6, 13, 6, 10, 13, 16, 13][at]!)),
    p95Ms.toFixed(1).padStart(8),
  );
  return { [`${trial.name}, ${embedder}`]: { all, seen, outOfSight: hidden, p95Ms: Number(p95Ms.toFixed(2)) } };
}

/** The incident meant and others by chance, or others alone; the same ones at every run. */
function candidatesOf({ id, label }: Query, { entries, candidates }: Trial): string[][] | undefined {
  if (candidates === undefined) return undefined;
  const others = entries
    .map((entry) => entry.id)
    .filter((other) => other !== label)
    .toSorted((one, other) => hashOf(`${id} ${one}`) - hashOf(`${id} ${other}`));
  return [label === null ? others.slice(0, candidates) : [label, ...others.slice(0, candidates - 1)]];
}

function score(rows: readonly Row[]) {
  const inside = rows.filter(({ label }) => label !== null);
  const outside = rows.filter(({ label }) => label === null);
  const share = (right: (row: Row) => boolean, of: readonly Row[]) =>
    of.length === 0 ? null : Number((of.filter(right).length / of.length).toFixed(4));
  const scores = outside.map((row) => row.score).toSorted((one, other) => other - one);
  const threshold = scores[Math.floor(0.05 * scores.length)] ?? 0;
  return {
    top1: share((row) => row.best === row.label, inside),
    right: share((row) => row.best === row.label && row.match !== 'none', inside),
    confident: share((row) => row.best === row.label && row.match === 'confident', inside),
    falseAlarms: share((row) => row.match !== 'none', outside),
    rightAt5: outside.length === 0 ? null : share((row) => row.best === row.label && row.score > threshold, inside),
  };
}

/** The third of the questions that was kept out of sight while constants were chosen. */
function outOfSight(id: string | number): boolean {
  return hashOf(String(id)) % 3 === 0;
}

function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(share * values.length)] ?? 0;
}

function option(name: string, usual: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : Number(process.argv[at + 1]);
}

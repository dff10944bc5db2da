// How well customers' words are matched with explanations, by words alone and with meaning, and how long a question takes.
// usage: [BENCH_DATA=FOLDER] node dist/bench/bot.js [--customers N] [--seconds N] [--rate N] [--matching]; docs/benchmarks.md says what FOLDER holds
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MatchEntry } from '../src/explanations/matcher.js';
import { localMatcher } from '../src/explanations/matching/create-matcher.js';
import { measureLatency } from './bot-latency.js';
import { hashOf, intervalOf, outOfSight, type Query, type Row, score, share } from './support/bot-scores.js';

interface Trial {
  readonly name: string;
  readonly entries: readonly MatchEntry[];
  readonly queries: readonly Query[];
  /** How many incidents hit the customer, drawn `DRAWS` times a question; undefined for all as candidates. */
  readonly candidates?: number;
}

/** Sets of candidates drawn for each question: with one, chance alone moves the share of right answers by a tenth. */
const DRAWS = 10;

type Embedder = 'none' | 'builtIn';

const LOAD = {
  customers: option('customers', 1_000_000),
  seconds: option('seconds', 20),
  perSecond: option('rate', 500),
};

await main();

async function main(): Promise<void> {
  const latency = process.argv.includes('--matching') ? {} : await measureLatency(LOAD);
  const result: Record<string, unknown> = { bench: 'bot', ...latency };
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
    const trials = trialsIn(folder);
    for (const trial of trials) Object.assign(result, await measure(trial, embedder));
    for (const trial of trials.filter(({ name }) => /phrases$/.test(name)))
      Object.assign(result, await measureOwn(trial, embedder));
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
    for (const candidates of candidatesOf(query, trial)) {
      const start = performance.now();
      const { match, ranked } = await matcher.match({ text: query.text, candidates });
      times.push(performance.now() - start);
      rows.push({ ...query, match, best: ranked[0]?.id ?? null, score: ranked[0]?.score ?? 0 });
    }
  }
  await matcher.close();
  const intervals = {
    seen: intervalOf(rows.filter((row) => !outOfSight(row))),
    outOfSight: intervalOf(rows.filter(outOfSight)),
  };
  const seen = score(rows.filter((row) => !outOfSight(row)));
  const hidden = score(rows.filter(outOfSight));
  const all = score(rows);
  const p95Ms = quantile(times, 0.95);
  const figures = [seen.top1, hidden.top1, all.right, all.confident, all.falseAlarms, seen.rightAt5, hidden.rightAt5];
  console.log(
    trial.name.padEnd(34),
    embedder.padEnd(8),
    ...figures.map((value, at) => (value === null ? '-' : value.toFixed(3)).padStart([6, 13, 6, 10, 13, 16, 13][at]!)),
    p95Ms.toFixed(1).padStart(8),
  );
  return {
    [`${trial.name}, ${embedder}`]: {
      all,
      seen,
      outOfSight: hidden,
      rightAt5Intervals: intervals,
      p95Ms: Number(p95Ms.toFixed(2)),
    },
  };
}

/**
 * Questions of customers whom one incident hit, while all others are under way too: how often that one is told to who asks about it, to who asks
 * about another, and to who asks about nothing known; `anything` counts what is told of others as well.
 */
async function measureOwn({ name, entries, queries }: Trial, embedder: Embedder): Promise<Record<string, unknown>> {
  const matcher = localMatcher({ config: { embedder }, key: undefined }, 'here');
  await matcher.index(entries);
  const ids = entries.map(({ id }) => id);
  const ask = async (query: Query, own: string): Promise<Row> => {
    const tiers = [[own], [], ids.filter((id) => id !== own)];
    const { match, ranked, tier } = await matcher.match({ text: query.text, candidates: tiers });
    return { ...query, match, best: tier === 0 ? own : null, score: ranked[0]?.score ?? 0 };
  };
  const about: Row[] = [];
  const other: Row[] = [];
  const unknown: Row[] = [];
  for (const query of queries) {
    const hit = ids.filter((id) => id !== query.label)[hashOf(`own ${query.id}`) % (ids.length - 1)]!;
    if (query.label !== null) about.push(await ask(query, query.label));
    (query.label === null ? unknown : other).push(await ask(query, hit));
  }
  await matcher.close();
  const told = ({ best }: Row) => best !== null;
  const parts = { all: () => true, seen: (row: Row) => !outOfSight(row), outOfSight };
  const figures = Object.fromEntries(
    Object.entries(parts).map(([part, within]) => [
      part,
      {
        own: share(told, about.filter(within)),
        ownConfident: share((row) => told(row) && row.match === 'confident', about.filter(within)),
        toOther: share(told, other.filter(within)),
        toUnknown: share(told, unknown.filter(within)),
        anything: share(({ match }) => match !== 'none', unknown.filter(within)),
      },
    ]),
  );
  console.log(`${name}, hit by one, ${embedder}: ${JSON.stringify(figures)}`);
  return { [`${name}, hit by one, ${embedder}`]: figures };
}

/** The incident meant and others by chance, or others alone; the same ones at every run. One set without limit where all are candidates. */
function candidatesOf({ id, label }: Query, { entries, candidates }: Trial): (string[][] | undefined)[] {
  if (candidates === undefined) return [undefined];
  const others = entries.map((entry) => entry.id).filter((other) => other !== label);
  return Array.from({ length: DRAWS }, (_, draw) => {
    const key = (other: string) => hashOf(`${id} ${draw} ${other}`);
    const drawn = others.toSorted((one, other) => key(one) - key(other));
    return [label === null ? drawn.slice(0, candidates) : [label, ...drawn.slice(0, candidates - 1)]];
  });
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(share * values.length)] ?? 0;
}

function option(name: string, usual: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : Number(process.argv[at + 1]);
}

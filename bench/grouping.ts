// Scores and speed of grouping, beside two baselines in the same run.
// usage: BENCH_DATA=FOLDER node dist/bench/grouping.js; FOLDER holds loghub/*.jsonl and grouping/*.jsonl (docs/benchmarks.md says where they come from)
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readSentryPayload } from '../src/events/sentry-payload.js';
import { fingerprintV1 } from '../src/grouping/fingerprint/fingerprint.v1.js';
import { maskMessage } from '../src/grouping/fingerprint/mask.v1.js';
import { TemplateMiner } from '../src/grouping/template/template-miner.v1.js';
import { Grouper } from '../src/grouping/grouper.js';
import { type ClusterScores, clusterScores } from './support/cluster-scores.js';
import { digitMask, PlainDrain } from './support/plain-drain.js';
import { vary } from './support/vary.js';

interface Line {
  readonly content: string;
  readonly group: string;
}

interface Crash {
  readonly id: string;
  readonly group: string;
  readonly project: string;
  readonly event: Record<string, unknown>;
}

interface TypedMessage {
  readonly name: string;
  readonly input: string;
  readonly expected: string;
  readonly unstable: boolean;
}

type GroupLines = (contents: readonly string[]) => string[];

/** Rounds of a speed measurement; the best counts, since other work on the machine only ever takes away. */
const ROUNDS = 5;
const RSS_STEPS = [1_000, 10_000, 50_000, 100_000, 200_000, 300_000] as const;

const METHODS: Readonly<Record<'forewarn' | 'drain' | 'digitMask', GroupLines>> = {
  forewarn(contents) {
    const miner = new TemplateMiner();
    const ids = contents.map((content) => miner.add(content).templateId);
    return ids.map((id) => String(miner.groupOf(id)));
  },
  drain(contents) {
    const drain = new PlainDrain();
    return contents.map((content) => String(drain.add(content)));
  },
  digitMask: (contents) => contents.map(digitMask),
};

/** Numbers that decide what belongs together, by file below src. */
const CONSTANTS: Readonly<Record<string, readonly string[]>> = {
  'grouping/template/template-miner.v1.js': ['OPEN_NAMES_AFTER', 'openAfter'],
  'grouping/template/template-key.v1.js': ['MIN_TEXT_WORDS', 'MAX_OPEN_POSITIONS'],
  'grouping/fingerprint/wording.v1.js': ['MIN_WORDS_BEFORE_VALUE', 'MAX_SKELETON'],
  'grouping/fingerprint/crash-site.v1.js': ['MAX_WALK'],
  'grouping/fingerprint/host-context.v1.js': ['LOOK_BACK'],
  'grouping/fingerprint/code-context.v1.js': ['LOOK_BACK'],
  'grouping/fingerprint/mask.v1.js': ['MAX_LENGTH'],
};

await main();

/** usage: grouping; grouping --vary halves and doubles each number that decides; --brief scores without speed and memory */
async function main(): Promise<void> {
  const folder = process.env.BENCH_DATA;
  if (folder === undefined || !existsSync(join(folder, 'loghub')) || !existsSync(join(folder, 'grouping'))) {
    console.error(
      'bench:grouping: set BENCH_DATA to a folder that holds loghub/ and grouping/; see docs/benchmarks.md',
    );
    process.exit(2);
  }
  if (process.argv.includes('--vary')) {
    return vary({
      bench: 'grouping',
      constants: CONSTANTS,
      options: ['--brief'],
      scores: ({ meanGa = 0, meanFga = 0, crashB3F = 0, crashPairP = 0 }) => ({
        GA: meanGa,
        FGA: meanFga,
        B3F: crashB3F,
        pairP: crashPairP,
      }),
      only: undefined,
    });
  }
  const systems = readSystems(join(folder, 'loghub'));
  const crashes = readJsonLines<Crash>(join(folder, 'grouping', 'crashes-dev.jsonl'));
  const typed = readJsonLines<TypedMessage>(join(folder, 'grouping', 'message-templates-dev.jsonl'));
  const result = {
    bench: 'grouping',
    ...scoreSystems(systems),
    ...scoreCrashes(crashes),
    ...scoreTypes(typed),
    ...(process.argv.includes('--brief') ? {} : { ...measureSpeed(systems, crashes), ...measureMemory() }),
  };
  console.log(JSON.stringify(result));
}

function readJsonLines<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

function readSystems(folder: string): Map<string, Line[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return new Map(names.sort().map((name) => [basename(name, '.jsonl'), readJsonLines<Line>(join(folder, name))]));
}

function round(value: number, digits = 4): number {
  return Number(value.toFixed(digits));
}

function mean(values: readonly number[]): number {
  return round(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function scoreSystems(systems: Map<string, Line[]>): Record<string, unknown> {
  const scores = { forewarn: [] as ClusterScores[], drain: [] as ClusterScores[], digitMask: [] as ClusterScores[] };
  const perSystem: Record<string, unknown> = {};
  console.log('log lines, GA / FGA / pairF   forewarn               Drain, plain           digit mask');
  for (const [name, lines] of systems) {
    const truth = lines.map((line) => line.group);
    const cells = (['forewarn', 'drain', 'digitMask'] as const).map((method) => {
      const score = clusterScores(truth, METHODS[method](lines.map((line) => line.content)));
      scores[method].push(score);
      return `${score.ga.toFixed(3)}  ${score.fga.toFixed(3)}  ${score.pairF.toFixed(3)}`;
    });
    console.log(`  ${name.padEnd(26)}  ${cells.join('    ')}`);
    const own = scores.forewarn.at(-1);
    if (own)
      perSystem[name] = { ga: round(own.ga), fga: round(own.fga), pairP: round(own.pairP), pairF: round(own.pairF) };
  }
  const means = (list: ClusterScores[]): [number, number, number] => [
    mean(list.map((s) => s.ga)),
    mean(list.map((s) => s.fga)),
    mean(list.map((s) => s.pairF)),
  ];
  const [own, drain, digits] = [means(scores.forewarn), means(scores.drain), means(scores.digitMask)];
  console.log(
    `  ${'mean'.padEnd(26)}  ${[own, drain, digits].map((m) => m.map((n) => n.toFixed(3)).join('  ')).join('    ')}\n`,
  );
  return {
    meanGa: own[0],
    meanFga: own[1],
    meanPairF: own[2],
    drainMeanGa: drain[0],
    drainMeanFga: drain[1],
    drainMeanPairF: drain[2],
    digitMaskMeanGa: digits[0],
    digitMaskMeanFga: digits[1],
    digitMaskMeanPairF: digits[2],
    systems: perSystem,
  };
}

function scoreCrashes(crashes: readonly Crash[]): Record<string, number> {
  const grouper = new Grouper();
  const handles = crashes.map(({ id, project, event }) => grouper.add({ id, project, event }));
  const truth = crashes.map(({ project, group }) => `${project}/${group}`);
  const own = clusterScores(
    truth,
    handles.map((handle) => String(grouper.nameOf(handle).group)),
  );
  const byMessage = clusterScores(
    truth,
    crashes.map(({ project, event }) => `${project}/${typeAndMessage(event)}`),
  );
  console.log(
    `crashes, B3F / pairP          forewarn ${own.b3F.toFixed(3)} / ${own.pairP.toFixed(3)}   type and digit-masked message ${byMessage.b3F.toFixed(3)} / ${byMessage.pairP.toFixed(3)}\n`,
  );
  return {
    crashB3F: round(own.b3F),
    crashPairP: round(own.pairP),
    crashPairR: round(own.pairR),
    messageCrashB3F: round(byMessage.b3F),
    messageCrashPairP: round(byMessage.pairP),
  };
}

function typeAndMessage(raw: Record<string, unknown>): string {
  const thrown = readSentryPayload(raw, 0).exceptions.at(-1);
  return `${thrown?.type ?? ''}: ${digitMask(thrown?.value ?? '')}`;
}

/**
 * A type counts as recognised when its value, inside a sentence, leaves the same text as every other value of the type with the same template does,
 * and when a value that is none of the type (its template is the text itself) stays as it is.
 */
function scoreTypes(typed: readonly TypedMessage[]): Record<string, number> {
  const byTemplate = new Map<string, Set<string>>();
  for (const { input, expected } of typed) {
    const masked = maskMessage(`value ${input} refused`);
    byTemplate.set(expected, (byTemplate.get(expected) ?? new Set()).add(masked));
  }
  const stable = typed.filter(({ unstable }) => !unstable);
  const missed = stable.filter(({ input, expected }) => {
    const stays = maskMessage(input) === input;
    return (byTemplate.get(expected)?.size ?? 0) > 1 || stays !== (input === expected);
  });
  const share = (stable.length - missed.length) / stable.length;
  console.log(
    `typed values recognised       ${stable.length - missed.length} of ${stable.length}${missed.map(({ name }) => `\n  missed: ${name}`).join('')}\n`,
  );
  return { templateTypesShare: round(share), templateTypes: stable.length };
}

/** Best rate of some rounds, per second. */
function rate(count: number, work: () => void): number {
  let best = Infinity;
  for (let i = 0; i < ROUNDS; i++) {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1e6);
  }
  return Math.round(count / best);
}

function measureSpeed(systems: Map<string, Line[]>, crashes: readonly Crash[]): Record<string, number> {
  const contents = [...systems.values()].flat().map((line) => line.content);
  const messagesPerSecond = rate(contents.length, () => void METHODS.forewarn(contents));
  const uncachedPerSecond = rate(contents.length, () => {
    const miner = new TemplateMiner({ cacheSize: 0 });
    for (const content of contents) miner.add(content);
  });
  const drainMessagesPerSecond = rate(contents.length, () => void METHODS.drain(contents));
  const events = crashes.map(({ event }) => readSentryPayload(event, 0));
  const times = 20;
  const eventsPerSecond = rate(events.length * times, () => {
    for (let i = 0; i < times; i++) for (const event of events) fingerprintV1(event);
  });
  const readAndGroupedPerSecond = rate(crashes.length * times, () => {
    for (let i = 0; i < times; i++) for (const { event } of crashes) fingerprintV1(readSentryPayload(event, 0));
  });
  console.log(
    `speed, per second of one core ${messagesPerSecond} messages (${uncachedPerSecond} when no message is cached; plain Drain ${drainMessagesPerSecond})`,
  );
  console.log(
    `                              ${eventsPerSecond} exception events (${readAndGroupedPerSecond} with reading the payload)\n`,
  );
  return {
    messagesPerSecond,
    uncachedMessagesPerSecond: uncachedPerSecond,
    drainMessagesPerSecond,
    eventsPerSecond,
    readAndGroupedPerSecond,
  };
}

/** A message of a template of its own: its words spell the number, so nothing of it can be masked. */
function distinctMessage(n: number): string {
  const word = (k: number): string =>
    [...k.toString(20)].map((digit) => 'bdfghjklmnpqrstvwxyz'[parseInt(digit, 20)] ?? '').join('');
  return `the ${word(n * 7919)}a service could not ${word(n * 104729)}o its ${word(n)}e record because the store refused`;
}

/** Resident memory as templates grow to 100,000, the limit, and then twice as many: it must stop growing there. */
function measureMemory(): Record<string, unknown> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const miner = new TemplateMiner();
  const before = process.memoryUsage();
  const rssMbBySent: Record<string, number> = {};
  const heapMbBySent: Record<string, number> = {};
  let sent = 0;
  console.log('memory as distinct templates grow');
  for (const step of RSS_STEPS) {
    for (; sent < step; sent++) miner.add(distinctMessage(sent));
    collect();
    const now = process.memoryUsage();
    const [rss, heap] = [Math.max(0, now.rss - before.rss) / 1e6, Math.max(0, now.heapUsed - before.heapUsed) / 1e6];
    rssMbBySent[String(step)] = round(rss, 1);
    heapMbBySent[String(step)] = round(heap, 1);
    const kept = `${String(step).padStart(7)} sent, ${String(miner.size).padStart(6)} kept`;
    console.log(`  ${kept}    + ${heap.toFixed(1)} MB in use, + ${rss.toFixed(1)} MB resident`);
  }
  return { templatesKept: miner.size, rssMbBySent, heapMbBySent, rssMb: round(process.memoryUsage().rss / 1e6, 1) };
}

import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SeriesScorer } from '../src/detection/algorithm/series/series-scorer.v1.js';
import { run } from '../src/commands/detect.command.js';

/** The findings of one part of a benchmark: a table for people and the numbers of its JSON line. */
export interface BenchResult {
  readonly table: string;
  readonly numbers: Record<string, number>;
}

const exec = promisify(execFile);
const SPEED_POINTS = 100_000;
const MEMORY_SERIES = 200;
const MEMORY_POINTS = 3000;

/**
 * Scores the NAB files and the cloud monitoring series under `benchDataDir` with `forewarn detect`, lets the scorers that lie
 * beside them (Python 3) judge, and measures speed and memory on a series of its own.
 * @throws Error naming the folder that is missing
 */
export async function benchSeries(benchDataDir: string): Promise<BenchResult> {
  const nab = await benchNab(join(benchDataDir, 'nab'));
  const cloudmon = await benchCloudmon(join(benchDataDir, 'cloudmon'));
  const numbers = { ...nab, ...cloudmon, seriesPointsPerSecond: pointsPerSecond(), seriesBytes: bytesPerSeries() };
  return { table: tableOf(numbers), numbers };
}

async function benchNab(folder: string): Promise<Record<string, number>> {
  return withPredictions(join(folder, 'data'), async (predictions) => {
    const { stdout } = await exec('python3', ['score.py', '--pred', predictions, '--json'], { cwd: folder });
    const profiles = JSON.parse(stdout) as Record<string, { score: number }>;
    return {
      nabStandard: profiles['standard']?.score ?? Number.NaN,
      nabLowFp: profiles['reward_low_FP_rate']?.score ?? Number.NaN,
      nabLowFn: profiles['reward_low_FN_rate']?.score ?? Number.NaN,
    };
  });
}

async function benchCloudmon(folder: string): Promise<Record<string, number>> {
  return withPredictions(join(folder, 'series'), async (predictions) => {
    const errors = await cloudmonScore(folder, predictions, 'errors');
    const all = await cloudmonScore(folder, predictions, 'all');
    return { errorsAp: errors.ap, errorsF1: errors.f1, cloudmonAp: all.ap, cloudmonF1: all.f1 };
  });
}

async function cloudmonScore(
  folder: string,
  predictions: string,
  subset: string,
): Promise<{ readonly ap: number; readonly f1: number }> {
  const { stdout } = await exec('python3', ['score.py', '--pred', predictions, '--subset', subset], { cwd: folder });
  const found = /AP ([\d.]+)\s+event F1 ([\d.]+)/.exec(stdout);
  if (!found) throw new Error(`the scorer of ${folder} answered: ${stdout}`);
  return { ap: Number(found[1]), f1: Number(found[2]) };
}

/** Runs `forewarn detect` on every CSV below `folder` into a temporary folder of the same layout, and removes it after use. */
async function withPredictions<T>(folder: string, use: (predictions: string) => Promise<T>): Promise<T> {
  await access(folder).catch(() => {
    throw new Error(`benchmark data are missing: ${folder}`);
  });
  const predictions = await mkdtemp(join(tmpdir(), 'forewarn-series-'));
  try {
    const files = await readdir(folder, { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.csv'))) {
      await detectFile(join(folder, file), join(predictions, file));
    }
    return await use(predictions);
  } finally {
    await rm(predictions, { recursive: true, force: true });
  }
}

async function detectFile(input: string, output: string): Promise<void> {
  await mkdir(dirname(output), { recursive: true });
  const stdout = createWriteStream(output);
  const code = await run([], { stdin: createReadStream(input), stdout, stderr: process.stderr });
  stdout.end();
  await finished(stdout);
  if (code !== 0) throw new Error(`forewarn detect ended with ${String(code)} on ${input}`);
}

/** A daily wave with a little deterministic roughness, five minutes apart. */
function feed(scorer: SeriesScorer, points: number): void {
  for (let i = 0; i < points; i++) {
    scorer.push(i * 300_000, 100 + 40 * Math.sin(i / 46) + ((i * 7919) % 101) / 10);
  }
}

function pointsPerSecond(): number {
  feed(new SeriesScorer(), 10_000);
  const start = performance.now();
  feed(new SeriesScorer(), SPEED_POINTS);
  return Math.round((SPEED_POINTS / (performance.now() - start)) * 1000);
}

function bytesPerSeries(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const scorers = Array.from({ length: MEMORY_SERIES }, () => new SeriesScorer());
  for (const scorer of scorers) feed(scorer, MEMORY_POINTS);
  return Math.round((used() - before) / scorers.length);
}

function tableOf(numbers: Record<string, number>): string {
  return Object.entries(numbers)
    .map(([name, value]) => `${name.padEnd(24)}${Number.isInteger(value) ? String(value) : value.toFixed(3)}`)
    .join('\n');
}

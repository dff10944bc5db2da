/**
 * `npm run bench:detection -- --vary`: halves and doubles each constant that decides, one at a time, in a copy of the
 * built program, and prints how the scores change. usage: detection --vary [--worlds N] [--seed N] [--only NAME,NAME]
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Constants by file below src/detection; `NAME.key` is a number of an object. */
const CONSTANTS: Readonly<Record<string, readonly string[]>> = {
  'detection.js': [
    'DEFAULT_THRESHOLDS.customers',
    'DEFAULT_THRESHOLDS.spikeUnlikeliness',
    'DEFAULT_THRESHOLDS.spikeRatio',
  ],
  'algorithm/count-baseline.v1.js': ['PRIOR_COUNTS', 'SEASON_FROM', 'SEASON_PRIOR', 'SCATTER_FLOOR', 'SURPRISE_CAP'],
  'algorithm/pulse.v1.js': ['GREW_WEIGHS'],
  'algorithm/detectors/common.v1.js': [
    'LAG_BLOCKS',
    'FEW_SERIES',
    'YOUNG.unlikelier',
    'DEPLOY.share',
    'STILL_ON_SIZE',
    'STILL_ON_UNLIKELY',
    'USUAL',
  ],
  'algorithm/detectors/watch-births.v1.js': ['BIRTHS.part', 'BIRTHS.unlikely'],
  'algorithm/detectors/watch-burn.v1.js': ['BURN.ratio', 'BURN.limit', 'BURN.suspicious', 'BURN.most', 'BURN.unlikely'],
  'algorithm/detectors/watch-new.v1.js': ['APART_PART', 'FIRST_DAY_PACE', 'OUTRUNS_ITSELF'],
  'algorithm/detectors/watch-spike.v1.js': ['HABIT.times', 'APART_SHARE', 'FLASH.larger', 'FLASH.unlikely'],
};
const FACTORS = { half: 0.5, double: 2 } as const;
const run = promisify(execFile);

/** Scores of one run on 1-minute counts: faults of 20 and more customers, precision, their F1, and the median delay. */
interface Scores {
  readonly recall20: number;
  readonly precision: number;
  readonly f1: number;
  readonly delaySeconds: number;
}

/** Prints a line for each constant as it is measured, and all changes as one JSON line at the end. */
export async function vary(options: { worlds: number; seed: number; only: string | undefined }): Promise<void> {
  const built = dirname(dirname(fileURLToPath(import.meta.url)));
  const copy = await mkdtemp(join(dirname(built), '.build-vary-'));
  const changes: Record<string, number> = {};
  try {
    for (const folder of ['src', 'bench']) await cp(join(built, folder), join(copy, folder), { recursive: true });
    const base = await scored(copy, options);
    console.log(`${options.worlds} apps, seeds from ${options.seed}: ${JSON.stringify(base)}`);
    for (const [file, names] of Object.entries(CONSTANTS)) {
      for (const name of names) {
        if (options.only !== undefined && !options.only.split(',').includes(name)) continue;
        const words: string[] = [];
        for (const [word, factor] of Object.entries(FACTORS)) {
          const found = await withConstant(join(copy, 'src/detection', file), name, factor, () =>
            scored(copy, options),
          );
          changes[`${name} ${word}`] = rounded(found.f1 - base.f1);
          words.push(`${word}: F1 ${signed(found.f1 - base.f1)}, delay ${found.delaySeconds.toFixed(0)} s`);
        }
        console.log(`${name.padEnd(36)} ${words.join('; ')}`);
      }
    }
    console.log(JSON.stringify({ bench: 'detection-vary', ...base, changes }));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** Does the work with one constant multiplied, and puts it back. @throws when the file has no such number */
async function withConstant<T>(path: string, name: string, factor: number, work: () => Promise<T>): Promise<T> {
  const text = await readFile(path, 'utf8');
  const [constant = '', key] = name.split('.');
  const before = key === undefined ? `\\b${constant} = ` : `\\b${constant} = \\{[^;]*?\\b${key}: `;
  const number = new RegExp(`(${before})(\\d[\\d_]*(?:\\.\\d+)?)`);
  if (!number.test(text)) throw new Error(`${path} has no number ${name}`);
  await writeFile(
    path,
    text.replace(number, (_, head: string, value: string) => head + times(value, factor)),
  );
  try {
    return await work();
  } finally {
    await writeFile(path, text);
  }
}

/** Whole numbers stay whole, since some of them count minutes or blocks. */
function times(value: string, factor: number): string {
  const number = Number(value.replaceAll('_', ''));
  const product = number * factor;
  return String(Number.isInteger(number) && number > 1 ? Math.ceil(product) : product);
}

async function scored(copy: string, { worlds, seed }: { worlds: number; seed: number }): Promise<Scores> {
  const options = ['--brief', '--worlds', String(worlds), '--seed', String(seed)];
  const { stdout } = await run(process.execPath, [join(copy, 'bench/detection.js'), ...options]);
  const { recall20, precision, medianDelaySeconds } = JSON.parse(stdout) as Record<string, number>;
  const [recall, precise] = [recall20 ?? 0, precision ?? 0];
  return {
    recall20: recall,
    precision: precise,
    f1: rounded((2 * recall * precise) / Math.max(recall + precise, 1e-9)),
    delaySeconds: medianDelaySeconds ?? Number.POSITIVE_INFINITY,
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

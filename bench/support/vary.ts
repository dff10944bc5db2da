import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FACTORS = { half: 0.5, double: 2 } as const;
const run = promisify(execFile);

/** Benchmark whose constants are halved and doubled. */
export interface Varied {
  /** Name of the benchmark, such as `grouping`. */
  readonly bench: string;
  /** Constants by file below `src` of the built program; `NAME.key` is a number of an object. */
  readonly constants: Readonly<Record<string, readonly string[]>>;
  /** Options with which the benchmark prints one JSON line of scores. */
  readonly options: readonly string[];
  /** Names of the scores that are told, of that line or made from it. */
  readonly scores: (line: Readonly<Record<string, number>>) => Readonly<Record<string, number>>;
  /** Names of constants, with commas between; all where it is left out. */
  readonly only: string | undefined;
}

/**
 * Halves and doubles each constant, one at a time, in a copy of the built program; prints a line for each as it is measured, and all changes as one
 * JSON line at the end.
 */
export async function vary({ bench, constants, options, scores, only }: Varied): Promise<void> {
  const built = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const copy = await mkdtemp(join(dirname(built), '.build-vary-'));
  const changes: Record<string, Record<string, number>> = {};
  const scored = async () => {
    const { stdout } = await run(process.execPath, [join(copy, `bench/${bench}.js`), ...options]);
    return scores(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>);
  };
  try {
    for (const folder of ['src', 'bench']) await cp(join(built, folder), join(copy, folder), { recursive: true });
    const base = await scored();
    console.log(`${options.join(' ')}: ${JSON.stringify(base)}`);
    for (const [file, names] of Object.entries(constants)) {
      for (const name of names) {
        if (only !== undefined && !only.split(',').includes(name)) continue;
        const words: string[] = [];
        for (const [word, factor] of Object.entries(FACTORS)) {
          const found = await withConstant(join(copy, 'src', file), name, factor, scored);
          const change = Object.fromEntries(
            Object.entries(found).map(([score, value]) => [score, rounded(value - (base[score] ?? 0))]),
          );
          changes[`${name} ${word}`] = change;
          const told = Object.entries(change).map(([score, value]) => `${score} ${signed(value)}`);
          words.push(`${word}: ${told.join(', ')}`);
        }
        console.log(`${name.padEnd(36)} ${words.join('; ')}`);
      }
    }
    console.log(JSON.stringify({ bench: `${bench}-vary`, base, changes }));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** Does the work with one constant multiplied, and puts it back. @throws when the file has no such number */
async function withConstant<T>(path: string, name: string, factor: number, work: () => Promise<T>): Promise<T> {
  const text = await readFile(path, 'utf8');
  const [constant = '', key] = name.split('.');
  const before = key === undefined ? `\\b${constant} (?:=|\\?\\?) ` : `\\b${constant} = \\{[^;]*?\\b${key}: `;
  const number = new RegExp(`(${before})(-?\\d[\\d_]*(?:\\.\\d+)?)`);
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

function rounded(value: number): number {
  return Number(value.toFixed(4));
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

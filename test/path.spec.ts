import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = read('docs/path-of-an-event.md');

/** One line of the table of joints. */
interface Joint {
  readonly from: string;
  /** Table whose rows are handed over; undefined for a call. */
  readonly table: string | undefined;
  readonly to: string;
  /** Class or interface, and its method. */
  readonly taker: string;
  readonly method: string;
}

const JOINTS = [
  ...page.matchAll(/^\| `(src\/[^`]+)` \| (?:rows of `(\w+)`|[^`|]+)[^|]* \| `(src\/[^`]+)` \| `(\w+)\.(\w+)` \|$/gm),
].map(([, from = '', table, to = '', taker = '', method = '']): Joint => ({ from, table, to, taker, method }));

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Paths of the files of `src/` that a file imports. */
function importsOf(path: string): string[] {
  const named = [...read(path).matchAll(/from '(\.[^']+)\.js'/g)];
  return named.map(([, to = '']) => join(dirname(path), `${to}.ts`));
}

/** A file and all that it imports of its own room. */
function withRoom(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const other of importsOf(path)) if (roomOf(other) === roomOf(path)) withRoom(other, seen);
  return seen;
}

const migrations = readdirSync(join(root, 'migrations')).map((name) => read(`migrations/${name}`));
const VIEWS = migrations.flatMap((text) => [...text.matchAll(/CREATE (?:OR REPLACE )?VIEW (\w+) AS([^;`]*)/g)]);

/** A table and the views that read it, from the migrations. */
function namesOf(table: string): string[] {
  const names = [table];
  for (const name of names)
    names.push(
      ...VIEWS.flatMap(([, view = '', body = '']) => (reads(body, name) && !names.includes(view) ? view : [])),
    );
  return names;
}

function reads(sql: string, table: string): boolean {
  return new RegExp(`(FROM|JOIN|UPDATE)\\s+\\(*${table}\\b`).test(sql);
}

/** File that declares a class or interface: this one, or one that it imports. */
function declaring(name: string, path: string): string | undefined {
  const declaration = new RegExp(`(class|interface) ${name}\\b`);
  return [path, ...importsOf(path)].find((one) => declaration.test(read(one)));
}

const calls = (path: string, method: string) => new RegExp(`\\.${method}\\(`).test(read(path));
const has = (path: string, method: string) =>
  new RegExp(`^ +(?:abstract |async |readonly )*\\*?${method}[(<]`, 'm').test(read(path));
const isOf = (path: string, name: string) =>
  new RegExp(`(class|interface) ${name}\\b|(implements|extends) [^{]*\\b${name}\\b`).test(read(path));

describe('docs/path-of-an-event.md', () => {
  it('has a table of joints, each line of which can be read', () => {
    const section = page.split('## Joints')[1]?.split('\nThe tables are in')[0] ?? '';
    expect(JOINTS.length).toBe(section.split('\n').filter((line) => line.startsWith('| `')).length);
    expect(JOINTS.length).toBeGreaterThan(10);
  });

  it.each(JOINTS.filter(({ table }) => table === undefined))(
    'has a joint by call that is made and answered: $from, $to by $taker, $method',
    ({ from, to, taker, method }) => {
      expect({ made: calls(from, method), known: declaring(taker, from) !== undefined }).toEqual({
        made: true,
        known: true,
      });
      expect({ answered: has(to, method), isOne: isOf(to, taker) }).toEqual({ answered: true, isOne: true });
    },
  );

  it.each(JOINTS.filter(({ table }) => table !== undefined))(
    'has a joint by rows that are written and taken: $from, $table, $to by $taker, $method',
    ({ from, table = '', to, taker, method }) => {
      expect(read(from)).toMatch(new RegExp(`INSERT INTO ${table}\\b`));
      const owner = declaring(taker, to);
      expect({ owner, taken: calls(to, method) }).toEqual({ owner: expect.any(String), taken: true });
      const names = namesOf(table);
      const reading = [...withRoom(owner ?? to)].filter((path) => names.some((name) => reads(read(path), name)));
      expect(has(owner ?? to, method)).toBe(true);
      expect(reading).not.toEqual([]);
    },
  );

  it('has joints that lead from the wire to the provider, each from a file or room that was reached before', () => {
    const reached = new Set(['src/intake/http/intake.routes.ts', 'src/intake/buffer/jetstream.puller.ts']);
    const rooms = ['intake'];
    for (const { from, to } of JOINTS) {
      const isReached = roomOf(from) === 'intake' ? reached.has(from) : rooms.includes(roomOf(from));
      expect({ from, isReached }).toEqual({ from, isReached: true });
      reached.add(to);
      if (!rooms.includes(roomOf(to))) rooms.push(roomOf(to));
    }
    expect(rooms).toEqual([
      'intake',
      'issues',
      'detection',
      'incidents',
      'audience',
      'explanations',
      'outreach',
      'delivery',
    ]);
  });

  it('tells in its tables of each file that a joint names', () => {
    const [told = ''] = page.split('## Joints');
    const ends = JOINTS.flatMap(({ from, to }) => [from, to]);
    expect(ends.filter((path) => !told.includes(`\`${path}\``) && !path.endsWith('.store.ts'))).toEqual([]);
  });
});

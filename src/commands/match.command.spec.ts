import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run } from './match.command.js';

const INDEX = [
  {
    id: 'cards',
    title: 'Card payments are declined',
    body: 'Payments by card fail at the checkout.',
    phrases: ['my card was refused'],
  },
  {
    id: 'login',
    title: 'Signing in fails',
    body: 'Customers cannot sign in with their password.',
    phrases: ['I cannot log in'],
  },
  {
    id: 'parcel',
    title: 'Parcels arrive late',
    body: 'Deliveries take two days longer.',
    phrases: ['where is my parcel'],
  },
];

let folder: string;
let index: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forewarn-match-'));
  index = join(folder, 'index.jsonl');
  writeFileSync(index, `${INDEX.map((entry) => JSON.stringify(entry)).join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function match(input: string, args: string[] = ['--index', index, '--embedder', 'none']) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [text(stdout), text(stderr)];
  const code = await run(args, { stdin: Readable.from([input]), stdout, stderr });
  stdout.end();
  stderr.end();
  return { code, out: await out, err: await err };
}

describe('forewarn match', () => {
  it('answers each line in order, with null where nothing fits', async () => {
    const { code, out } = await match(
      '{"id":1,"text":"my card was refused"}\r\n\n{"id":"b","text":"zebra crossing"}\n',
    );
    expect(code).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { id: 1, match: 'cards', best: 'cards', meaning: null },
      { id: 'b', match: null },
    ]);
    expect(lines[0]?.score).toBeGreaterThan(lines[1]?.score as number);
  });

  it('finds an English explanation for a Chinese question, in both scripts', async () => {
    const { out } = await match('{"id":1,"text":"我的包裹在哪里"}\n{"id":2,"text":"我的包裹在哪裡"}\n');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { best: string }).best),
    ).toEqual(['parcel', 'parcel']);
  });

  it('considers the candidates of a line alone', async () => {
    const { out } = await match('{"id":1,"text":"my card was refused","candidates":["login","unheard of"]}\n');
    expect(JSON.parse(out)).toMatchObject({ best: 'login', match: null });
  });

  it.each([
    ['{"id":1,"text":"a"}\n{"id":2', 'line 2: is not JSON'],
    ['{"id":1}', 'line 1: text: '],
    ['[]', 'line 1: '],
  ])('names the line that it cannot read: %s', async (input, problem) => {
    const { code, err } = await match(input);
    expect(code).toBe(1);
    expect(err).toContain(problem);
  });

  it.each([
    [[], '--index'],
    [['--index', '/nowhere/at/all'], 'cannot read /nowhere/at/all'],
    [['--index', 'x', '--embedder', 'gpt'], '--embedder is builtIn or none'],
    [['--unheard'], '--unheard'],
  ])('refuses wrong usage: %j', async (args, problem) => {
    const { code, err } = await match('', args);
    expect(code).toBe(2);
    expect(err).toContain(problem);
  });

  it('names the line of the index that it cannot read, and an empty index', async () => {
    const broken = join(folder, 'broken.jsonl');
    writeFileSync(broken, '{"id":"a"}\n{"title":"no id"}\n');
    expect((await match('', ['--index', broken])).err).toContain(`${broken} line 2: id: `);
    writeFileSync(broken, '');
    expect((await match('', ['--index', broken])).err).toContain('has no explanations');
  });

  it('ends quietly when its reader goes away', async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('closed'), { code: 'EPIPE' })),
    });
    const input = Readable.from(['{"id":1,"text":"a"}\n'.repeat(1000)]);
    expect(
      await run(['--index', index, '--embedder', 'none'], { stdin: input, stdout, stderr: new PassThrough() }),
    ).toBe(0);
  });
});

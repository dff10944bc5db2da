import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { HELP, run } from './localize.command.js';

const FAILURES = ['--failures', 'failed', '--total', 'n'];
const OVER_TIME = [...FAILURES, '--time', 'at', '--at', '2026-11-01T10:01:00Z'];

interface Found {
  readonly cause: string;
  readonly words: string;
  readonly failures: number;
}

async function localize(input: string, args: string[]): Promise<{ code: number; found: Found[]; err: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const [out, err] = [text(stdout), text(stderr)];
  const code = await run(args, { stdin: Readable.from([input]), stdout, stderr });
  stdout.end();
  stderr.end();
  const lines = (await out).split('\n').slice(0, -1);
  const found = code === 0 && !lines[0]?.startsWith('Usage') ? lines.map((line) => JSON.parse(line) as Found) : [];
  return { code, found, err: await err };
}

/** Every combination of three traits, 100 customers each; `failed` says how many failed. */
function tableOf(failed: (os: string, release: string, plan: string) => number): string {
  const lines = ['os,release,plan,failed,n'];
  for (const os of ['13', '14', '15'])
    for (const release of ['2.4.0', '2.4.1', '2.5.0'])
      for (const plan of ['free', 'pro'])
        lines.push(`${os},${release},${plan},${String(failed(os, release, plan))},100`);
  return lines.join('\r\n');
}

describe('forewarn localize', () => {
  it('reads a file, one at a time, and says which one it cannot read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fw-localize-'));
    const path = join(folder, 'table.csv');
    await writeFile(
      path,
      tableOf((os) => (os === '14' ? 60 : 1)),
    );

    const { code, found } = await localize('', [...FAILURES, path]);
    expect([code, found[0]?.cause]).toEqual([0, 'os=14']);
    expect(await localize('', [...FAILURES, path, path])).toMatchObject({
      code: 2,
      err: expect.stringContaining('one file at a time'),
    });
    for (const wrong of [join(folder, 'none.csv'), folder])
      await expect(localize('', [...FAILURES, wrong])).rejects.toThrow(`${wrong} cannot be read`);
    await rm(folder, { recursive: true });
  });
});

describe('forewarn localize on failures', () => {
  it('names the combination that fails more than its share, with its evidence and a sentence', async () => {
    const { code, found } = await localize(
      tableOf((os, release) => (os === '14' && release === '2.4.1' ? 60 : 1)),
      FAILURES,
    );
    expect(code).toBe(0);
    expect(found).toMatchObject([{ cause: 'os=14&release=2.4.1', failures: 120, ofFailures: 136, total: 200 }]);
    expect(found[0]?.words).toBe('os=14&release=2.4.1: 120 of 136 failures, 11 % of the total');
  });

  it('names nothing where every combination fails alike', async () => {
    expect(
      await localize(
        tableOf(() => 4),
        FAILURES,
      ),
    ).toMatchObject({ code: 0, found: [] });
  });

  it('names nothing where nobody fails', async () => {
    expect(
      await localize(
        tableOf(() => 0),
        FAILURES,
      ),
    ).toMatchObject({ code: 0, found: [] });
  });

  it('compares with the rows before the time asked about and leaves out the rows after it', async () => {
    const rows = [
      '10:00:00Z,a,30,100', // always bad
      '10:00:00Z,b,1,100',
      '10:00:00Z,c,1,100',
      '10:01:00Z,a,30,100',
      '10:01:00Z,b,40,100', // new
      '10:01:00Z,c,1,100',
      '10:02:00Z,c,90,100', // later
    ].map((row) => `2026-11-01T${row}`);
    const { found } = await localize(['at,cdn,failed,n', ...rows].join('\n'), OVER_TIME);
    expect(found.map(({ cause }) => cause)).toEqual(['cdn=b']);
  });
});

describe('forewarn localize on predictions', () => {
  it('names the combinations whose figures are off what was predicted, the clearest first', async () => {
    const lines = ['cdn,isp,real,predict'];
    for (let cdn = 0; cdn < 8; cdn += 1)
      for (let isp = 0; isp < 8; isp += 1) {
        const predicted = 100 + cdn + isp;
        const noise = 1 + (((cdn * 7 + isp * 3) % 5) - 2) / 100;
        const share = cdn === 3 ? 0.5 : isp === 5 && cdn === 6 ? 0.3 : noise;
        lines.push(`c${String(cdn)},i${String(isp)},${(predicted * share).toFixed(2)},${String(predicted)}`);
      }
    const { code, found } = await localize(lines.join('\n'), ['--actual', 'real', '--predicted', 'predict']);
    expect(code).toBe(0);
    expect(found.map(({ cause }) => cause)).toEqual(['cdn=c3', 'cdn=c6&isp=i5']);
    expect(found[0]?.words).toBe('cdn=c3: 426 where 852 was predicted, each row about 50 % below');
  });

  it('names nothing where everything came as predicted', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => `c${String(i)},${String(100 + i)},${String(100 + i)}`);
    const input = ['cdn,real,predict', ...rows].join('\n');
    expect(await localize(input, ['--actual', 'real', '--predicted', 'predict'])).toMatchObject({ code: 0, found: [] });
  });
});

describe('forewarn localize and what it is given', () => {
  it('adds up rows of the same traits', async () => {
    const half = tableOf((os) => (os === '14' ? 30 : 0)).split('\r\n');
    const { found } = await localize([...half, ...half.slice(1)].join('\n'), FAILURES);
    expect(found).toMatchObject([{ cause: 'os=14', failures: 360, total: 1200 }]);
  });

  it('reads quoted fields, and takes an empty one as a trait that is not known', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => (i < 5 ? '"a, b",,50,50' : `c${String(i)},,0,50`));
    const { found } = await localize(['\uFEFF"city",isp,failed,n', ...rows].join('\n'), FAILURES);
    expect(found.map(({ cause }) => cause)).toEqual(['city=a, b']);
  });

  it('says which line it cannot read and why', async () => {
    const table = (row: string) => `os,failed,n\n13,1,100\n${row}\n`;
    expect(await localize(table('14,many,100'), FAILURES)).toMatchObject({
      code: 1,
      err: 'forewarn localize: line 3: failed is not a number: "many"\n',
    });
    expect((await localize(table('14,-1,100'), FAILURES)).err).toContain('line 3: failed is below 0: "-1"');
    expect((await localize(table('14,1'), FAILURES)).err).toContain('on line 3');
    expect((await localize(table('"14,1,100'), FAILURES)).err).toContain('Quote Not Closed');
  });

  it('says which column is missing and which there are', async () => {
    const { code, err } = await localize('os,bad,n\n13,1,100\n', FAILURES);
    expect(code).toBe(2);
    expect(err).toContain('there is no column "failed"; the file has os, bad, n');
  });

  it('refuses a file without traits, without rows at the time, or without anything', async () => {
    expect((await localize('failed,n\n1,2\n', FAILURES)).err).toContain('no further column');
    expect((await localize('at,os,failed,n\n2026-11-01,14,1,2\n', OVER_TIME)).err).toContain('no row has the time');
    expect(await localize('', FAILURES)).toMatchObject({ code: 1 });
  });

  it('refuses options that it does not know, that lack their partner, or that name one column twice', async () => {
    for (const args of [
      [],
      ['--fast'],
      ['--failures', 'failed'],
      [...FAILURES, '--time', 'at'],
      [...FAILURES, '--actual', 'x', '--predicted', 'y'],
      ['--failures', 'n', '--total', 'n'],
      [...FAILURES, '--time', 'at', '--at', 'soon'],
    ])
      expect(await localize('os,failed,n\n', args)).toMatchObject({ code: 2 });
  });

  it('explains itself', () => {
    expect(HELP).toContain('Usage: forewarn localize');
  });

  it('ends quietly when the reader of its output goes away', async () => {
    const gone = new Writable({ write: (_c, _e, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })) });
    const input = tableOf((os) => (os === '14' ? 60 : 1));
    expect(await run(FAILURES, { stdin: Readable.from([input]), stdout: gone, stderr: new PassThrough() })).toBe(0);
  });
});

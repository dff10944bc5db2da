import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { UsageError } from './command.js';
import { HELP, run } from './detect.command.js';

async function detect(input: string, args: string[] = []): Promise<{ code: number; out: string[]; err: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const [out, err] = [text(stdout), text(stderr)];
  const code = await run(args, { stdin: Readable.from([input]), stdout, stderr });
  stdout.end();
  stderr.end();
  return { code, out: (await out).split('\n').slice(0, -1), err: await err };
}

describe('forewarn detect', () => {
  it('writes one row for every row, in order, with the texts of the input unchanged', async () => {
    const { code, out } = await detect(
      'timestamp,value,host\r\n2024-01-01 00:00:00,1.50,a\r\n2024-01-01T00:05:00Z,,a\r\n',
    );
    expect(code).toBe(0);
    expect(out).toEqual(['timestamp,value,anomaly_score', '2024-01-01 00:00:00,1.50,0', '2024-01-01T00:05:00Z,,0']);
  });

  it('needs no header and takes epoch seconds', async () => {
    const { out } = await detect('1704067200,1\n1704067260,2\n');
    expect(out.map((line) => line.split(',')[0])).toEqual(['timestamp', '1704067200', '1704067260']);
  });

  it('says which line it cannot read and why, after writing the rows before it', async () => {
    const { code, out, err } = await detect('timestamp,value\n2024-01-01,1\n2024-01-02,many\n2024-01-03,3\n');
    expect(code).toBe(1);
    expect(out).toHaveLength(2);
    expect(err).toContain('line 3: not a finite number: "many"');
  });

  it('answers an empty input with a header only', async () => {
    expect(await detect('')).toMatchObject({ code: 0, out: ['timestamp,value,anomaly_score'] });
  });

  it('refuses arguments that it does not know', async () => {
    await expect(detect('', ['--fast'])).rejects.toThrow(UsageError);
    await expect(detect('', ['a.csv', 'b.csv'])).rejects.toThrow('one file at a time');
    expect(HELP).toContain('Usage: forewarn detect');
  });

  it('scores a file that is named, and says in one line which it cannot read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fw-detect-'));
    const path = join(folder, 'series.csv');
    writeFileSync(path, '2024-01-01,1\n2024-01-02,many\n');

    const { out, err } = await detect('', [path]);

    expect(out).toEqual(['timestamp,value,anomaly_score', '2024-01-01,1,0']);
    expect(err).toContain(`${path}: line 2`);
    await expect(detect('', [join(folder, 'none.csv')])).rejects.toThrow('none.csv cannot be read');
    await expect(detect('', [folder])).rejects.toThrow('it is a folder');
    rmSync(folder, { recursive: true });
  });

  it('ends quietly when the reader of its output goes away', async () => {
    const gone = new Writable({ write: (_c, _e, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })) });
    const io = { stdin: Readable.from(['2024-01-01,1\n']), stdout: gone, stderr: new PassThrough() };
    expect(await run([], io)).toBe(0);
  });

  it('reports a full disk as a fault', async () => {
    const full = new Writable({ write: (_c, _e, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' })) });
    const io = { stdin: Readable.from(['2024-01-01,1\n']), stdout: full, stderr: new PassThrough() };
    await expect(run([], io)).rejects.toThrow('full');
  });

  it('scores more input than the output buffer holds', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${String(1_704_067_200 + i * 60)},${String(i % 60)}`);
    const { code, out } = await detect(lines.join('\n'));
    expect(code).toBe(0);
    expect(out).toHaveLength(20_001);
  });
});

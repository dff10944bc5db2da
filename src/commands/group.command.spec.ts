import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { run } from './group.command.js';

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly groups: Map<string | number, string>;
}

async function group(args: string[], input: readonly string[] = []): Promise<Result> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const text = async (stream: PassThrough): Promise<string> => (await stream.toArray()).map(String).join('');
  const texts = Promise.all([text(stdout), text(stderr)]);
  const code = await run(args, { stdin: Readable.from([input.join('\n')]), stdout, stderr });
  stdout.end();
  stderr.end();
  const [out, err] = await texts;
  const lines = out.split('\n').filter((line) => line.startsWith('{'));
  const answers = lines.map((line) => JSON.parse(line) as { id: string | number; group: string });
  return { code, out, err, groups: new Map(answers.map((answer) => [answer.id, answer.group])) };
}

function line(id: string | number, content: string): string {
  return JSON.stringify({ id, content });
}

function anEvent(type: string, fn: string, value: string): Record<string, unknown> {
  const frames = [{ module: 'shop.cart', function: fn, filename: 'cart.py', in_app: true }];
  return { platform: 'python', exception: { values: [{ type, value, stacktrace: { frames } }] } };
}

describe('forewarn group', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'group-'));
    await mkdir(join(folder, 'deep'));
    await writeFile(join(folder, 'a.json'), JSON.stringify(anEvent('StockError', 'reserve', 'item 12 gone')));
    await writeFile(join(folder, 'deep', 'b.json'), JSON.stringify([anEvent('StockError', 'reserve', 'item 7 gone')]));
    const payload = JSON.stringify(anEvent('PayError', 'charge', 'card refused'));
    await writeFile(join(folder, 'c.envelope'), `{}\n{"type":"event"}\n${payload}\n`);
    await writeFile(join(folder, 'app.log'), 'Worker 1 lost its lease\n\nWorker 22 lost its lease\n');
    await writeFile(join(folder, 'readme.md'), 'not read');
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('groups events without exception and text by their stack, whatever client reported them', async () => {
    const stack = (fn: string): object => ({ frames: [{ module: 'shop.cart', function: fn, in_app: true }] });
    const { code, groups, err } = await group(
      [],
      [
        JSON.stringify({ event_id: 'a', platform: 'python', stacktrace: stack('total') }),
        JSON.stringify({ event_id: 'b', platform: 'python', 'sentry.interfaces.Stacktrace': stack('total') }),
        JSON.stringify({
          id: 'c',
          event: { platform: 'python', threads: [{ crashed: true, stacktrace: stack('total') }] },
        }),
        JSON.stringify({ id: 'd', event: { platform: 'python', stacktrace: stack('refund') } }),
        JSON.stringify({
          id: 'e',
          event: { 'sentry.interfaces.Message': { message: 'cart of %s is gone', params: ['x'] } },
        }),
        JSON.stringify({ id: 'f', event: { message: 'cart of y is gone' } }),
      ],
    );
    expect([code, err]).toEqual([0, '']);
    expect(groups.get('b')).toBe(groups.get('a'));
    expect(groups.get('c')).toBe(groups.get('a'));
    expect(new Set(groups.values()).size).toBe(4);
  });

  it('puts messages that differ by a value into one group and keeps statuses apart', async () => {
    const { code, groups } = await group(
      [],
      [
        line(1, 'Sync of order 5 failed with status 503'),
        line('b', 'Sync of order 6 failed with status 503'),
        line(3, 'Sync of order 6 failed with status 429'),
      ],
    );
    expect(code).toBe(0);
    expect(groups.get(1)).toBe(groups.get('b'));
    expect(groups.get(3)).not.toBe(groups.get(1));
  });

  it('puts events of one crash site into one group, within a project', async () => {
    const record = (id: number, project: string, value: string): string =>
      JSON.stringify({ id, project, event: anEvent('StockError', 'reserve', value) });
    const { groups } = await group(
      [],
      [record(1, 'eu', 'item 1'), record(2, 'eu', 'item 2'), record(3, 'us', 'item 1')],
    );
    expect(groups.get(1)).toBe(groups.get(2));
    expect(groups.get(3)).not.toBe(groups.get(1));
  });

  it('answers with the group as it stands at the end, or at once with --stream', async () => {
    const shops = ['oslo', 'lima', 'bonn', 'bern', 'rome', 'kyiv', 'doha', 'nice'];
    const lines = shops.map((shop, at) => line(at, `No courier found near ${shop} tonight`));
    expect(new Set((await group([], lines)).groups.values()).size).toBe(1);
    expect(new Set((await group(['--stream'], lines)).groups.values()).size).toBe(7);
  });

  it('answers the good lines and names the bad ones by number', async () => {
    const { code, err, groups } = await group(
      [],
      [line(1, 'a'), '{oops', '{"id":3}', '[1]', '{"content":"x"}', line(6, 'a')],
    );
    expect(code).toBe(1);
    expect([...groups.keys()]).toEqual([1, 6]);
    for (const where of [
      'line 2: not valid JSON',
      'line 3: has neither',
      'line 4: a list',
      'line 5: "id" is missing',
    ]) {
      expect(err).toContain(where);
    }
  });

  it('reads a folder of events, envelopes and logs', async () => {
    const { code, groups } = await group([folder]);
    expect(code).toBe(0);
    expect([...groups.keys()]).toEqual(['a.json', 'app.log:1', 'app.log:3', 'c.envelope', 'deep/b.json[0]']);
    expect(groups.get('a.json')).toBe(groups.get('deep/b.json[0]'));
    expect(groups.get('app.log:1')).toBe(groups.get('app.log:3'));
    expect(new Set(groups.values()).size).toBe(3);
  });

  it('prints a summary by size with template and example', async () => {
    const { out } = await group(
      ['--summary', '--top', '1', '--lines'],
      ['Job 1 is late', 'Disk is full', 'Job 2 is late'],
    );
    expect(out).toContain('3 records in 2 issues');
    expect(out).toMatch(/2 {2}66\.7 % {2}t1 {2}Job <\*> is late\n.*e\.g\. Job 1 is late/);
    expect(out).toContain('1 records in 1 smaller issues');
  });

  it('tries rules: a fingerprint joins, ignored records have no group, and each rule says how often it matched', async () => {
    const rules = join(folder, 'rules.yaml');
    await writeFile(
      rules,
      'grouping:\n  rules:\n' +
        '    - { name: stock, match: { type: "Stock*" }, set: { fingerprint: [stock] } }\n' +
        '    - { name: noise, match: { message: "*heartbeat*" }, set: { ignore: true } }\n',
    );
    const { code, err, groups } = await group(
      ['--rules', rules],
      [
        JSON.stringify({ id: 1, event: anEvent('StockError', 'reserve', 'a') }),
        JSON.stringify({ id: 2, event: anEvent('StockGone', 'release', 'b') }),
        line(3, 'late heartbeat of worker 7'),
      ],
    );
    expect(code).toBe(0);
    expect(groups.get(1)).toBe(groups.get(2));
    expect(groups.get(3)).toBeNull();
    expect(err).toBe('rule "stock" matched 2 records\nrule "noise" matched 1 records\n');
  });

  it('refuses rules with an unknown key and groups nothing', async () => {
    const rules = join(folder, 'bad.yaml');
    await writeFile(rules, 'rules: [{ name: x, match: { mesage: y }, set: { ignore: true } }]\n');
    const { code, out, err } = await group(['--rules', rules], [line(1, 'a')]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('mesage');
  });

  it.each([[['--nope']], [['--top', '0']], [['--summary', '--stream']]])(
    'refuses %j with exit code 2',
    async (args) => {
      const { code, err } = await group(args);
      expect(code).toBe(2);
      expect(err).toContain('see forewarn group --help');
    },
  );

  it('says so when a file is not there', async () => {
    const { code, err } = await group([join(folder, 'none.jsonl')]);
    expect(code).toBe(1);
    expect(err).toContain('none.jsonl: cannot be read');
  });
});

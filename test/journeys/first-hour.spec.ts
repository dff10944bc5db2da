import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aPolicy, writeConfig } from '../support/test-config.js';
import { DaemonProcess, forewarn } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { ADMIN_TOKEN } from '../support/test-daemon.js';
import { buildFolder } from '../support/test-database.js';
import { type Ended } from '../support/run-process.js';
import { SmtpInbox } from '../support/smtp-inbox.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fw-first-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Fenced blocks of a section of docs/first-hour.md. */
function blocksOf(section: string): string[] {
  const page = readFileSync(new URL('../../docs/first-hour.md', import.meta.url), 'utf8');
  const text = page.split(`## ${section}`)[1]?.split('\n## ')[0] ?? '';
  return [...text.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, block = '']) => block);
}

/** As much of `curl` as the page uses, since not every machine has one. */
const CURL = `curl() { "${process.execPath}" -e '
  const [headers, rest] = [{}, process.argv.slice(1)];
  let [method, body, url] = [undefined, undefined, ""];
  while (rest.length > 0) {
    const word = rest.shift();
    if (word === "-H") { const [name, ...value] = rest.shift().split(": "); headers[name] = value.join(": "); }
    else if (word === "-d") body = rest.shift();
    else if (word === "-X") method = rest.shift();
    else url = word;
  }
  fetch(url, { method: method ?? (body === undefined ? "GET" : "POST"), headers, body })
    .then((answer) => answer.text()).then((text) => console.log(text));
' -- "$@"; }`;

/** Runs shell commands in a folder to their end. */
async function runIn(cwd: string, commands: string, env: Record<string, string>): Promise<Ended> {
  const child = spawn('bash', ['-c', commands], { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** A time zone in which it is about noon, so that nobody is asleep there. */
function zoneAtNoon(now: Date): string {
  const hours = now.getUTCHours() - 12;
  return `Etc/GMT${hours < 0 ? '' : '+'}${hours}`;
}

describe('docs/first-hour.md', () => {
  it('leads from nothing to the first message to oneself, command by command', async () => {
    const inbox = await SmtpInbox.start();
    const [prepare = '', know = '', hit = '', approve = '', resolve = ''] = blocksOf('From a clone');
    const cli = `forewarn() { "${process.execPath}" "${join(buildFolder(), 'src', 'cli.js')}" "$@"; }`;
    const env = {
      SMTP_URL: inbox.url,
      MAIL_FROM: 'Shop <care@shop.example>',
      FOREWARN_CONFIG: 'my-forewarn/forewarn.yaml',
      TOKEN: ADMIN_TOKEN,
    };
    const run = async (commands: string, more: Record<string, string> = {}) => {
      const ended = await runIn(folder, `set -e; ${cli}\n${CURL}\n${commands}`, { ...env, ...more });
      expect([commands, ended.code, ended.stderr]).toEqual([commands, 0, expect.not.stringMatching(/forewarn:/)]);
      return ended.stdout;
    };

    const lines = prepare.split('\n').filter((line) => !/^npm |^export |^forewarn start/.test(line));
    const said = await run(lines.join('\n'));
    expect(said).toMatch(/Wrote [^]*ok {4}SMTP[^]*note {2}sms: no provider is set[^]*smtp: sent/);
    const daemon = await DaemonProcess.start({
      ...env,
      FOREWARN_CONFIG: join(folder, env.FOREWARN_CONFIG),
      FOREWARN_DATA_DIR: join(folder, '.forewarn'),
    });
    try {
      const { host } = new URL(daemon.api.base);
      const here = (commands: string) => commands.replaceAll('localhost:8080', host);
      await run(know.replace('Europe/London', zoneAtNoon(new Date())));
      const { items } = (await daemon.api.get('/v1/projects')).body as { items: { key: string }[] };
      await run(here(hit), { KEY: items[0]?.key ?? '' });
      const preview = () => daemon.api.get('/v1/campaigns/1/preview');
      const shown = await eventually('a campaign with a preview', preview, ({ status }) => status === 200);
      const { version } = shown.body as { version: string };
      const answer = await run(here(approve).replace('"version":"…"', `"version":"${version}"`));
      expect(answer).toContain('"state":"approved"');
      const [, mail] = await inbox.waitFor(2, { to: 'you@shop.example', timeoutMs: 60_000 });
      expect(mail?.parsed.text).toContain('Hello You');
      await run(here(resolve));
      await inbox.waitFor(3, { to: 'you@shop.example', timeoutMs: 60_000 });
    } finally {
      await daemon.stop();
      await inbox.stop();
    }
  });
});

describe('forewarn init', () => {
  it('writes a configuration and texts that doctor finds nothing wrong with, and says what next', async () => {
    const target = join(folder, 'new', 'config');

    const { code, stdout, stderr } = await forewarn(['init', target, '--project', 'Ünser "Shop" $1: №2']);

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /project unser-shop-1-no2[^]*FOREWARN_CONFIG=.*forewarn\.yaml[^]*forewarn doctor[^]*forewarn start/,
    );
    const shipped = await readdir(fileURLToPath(new URL('../../config/templates', import.meta.url)));
    expect((await readdir(join(target, 'templates'))).sort()).toEqual(shipped.sort());
    const text = await readFile(join(target, 'forewarn.yaml'), 'utf8');
    expect(text).toContain('{ slug: unser-shop-1-no2, name: "Ünser \\"Shop\\" $1: №2" }');
    const looked = await forewarn(['doctor'], {
      FOREWARN_CONFIG: join(target, 'forewarn.yaml'),
      FOREWARN_DATA_DIR: join(folder, 'data'),
    });
    expect([looked.code, looked.stdout]).toEqual([0, expect.stringMatching(/ok {4}configuration: .* 1 projects/)]);
  });

  it('overwrites nothing, names what is there, and writes none of the others', async () => {
    await mkdir(join(folder, 'templates'));
    await writeFile(join(folder, 'templates', 'en.yaml'), 'mine');

    const { code, stdout, stderr } = await forewarn(['init', folder]);

    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      expect.stringContaining(`${join('templates', 'en.yaml')} exists already`),
    ]);
    expect(await readdir(folder, { recursive: true })).toEqual(['templates', join('templates', 'en.yaml')]);
    expect(await readFile(join(folder, 'templates', 'en.yaml'), 'utf8')).toBe('mine');
  });

  it('takes one folder and a name that a slug can be made of', async () => {
    const wrong = [
      [folder, 'two'],
      [folder, '--project', '商店'],
      [folder, '--project', 'x'.repeat(101)],
    ];

    for (const args of wrong) expect([args, (await forewarn(['init', ...args])).code]).toEqual([args, 2]);
    await writeFile(join(folder, 'file'), '');
    const inFile = await forewarn(['init', join(folder, 'file', 'config')]);
    expect([inFile.code, inFile.stderr]).toEqual([1, expect.stringContaining('cannot be written')]);
    expect(await readdir(folder)).toEqual(['file']);
  });
});

const BEGAN = Date.parse('2026-05-04T12:00:00Z');

/** An error of a customer so many seconds after the fault began, as a Sentry SDK sends it. */
function sentryEvent(nth: number, seconds: number): Record<string, unknown> {
  return {
    event_id: nth.toString(16).padStart(32, '0'),
    timestamp: BEGAN / 1000 + seconds,
    platform: 'node',
    release: 'shop@2.4.1',
    user: { id: `c-${nth}` },
    exception: {
      values: [
        {
          type: 'TypeError',
          value: 'coupon is undefined',
          stacktrace: { frames: [{ filename: '/srv/checkout.js', function: 'applyCoupon', lineno: 12, in_app: true }] },
        },
      ],
    },
  };
}

describe('forewarn replay', () => {
  /** Sets everything in the environment and the configuration by which a message, an event or a byte could leave. */
  async function withWaysOut(
    severities: readonly string[],
    work: (env: Record<string, string>) => Promise<void>,
  ): Promise<void> {
    const inbox = await SmtpInbox.start();
    const config = writeConfig({
      projects: [{ slug: 'shop', name: 'Shop', forward: 'http://key@127.0.0.1:1/4' }],
      detection: { newFault: { customers: 5, within: '10m' } },
      team: [{ kind: 'slack', url: 'http://127.0.0.1:1/hook', insecure: true }],
      policies: [aPolicy({ match: { severity: severities } })],
    });
    const env = {
      FOREWARN_CONFIG: config.path,
      SMTP_URL: inbox.url,
      MAIL_FROM: 'care@shop.example',
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
      NATS_URL: 'nats://127.0.0.1:1',
      TMPDIR: folder,
    };
    try {
      await work(env);
      expect(inbox.mails).toEqual([]);
    } finally {
      config.remove();
      await inbox.stop();
    }
  }

  it('says of a folder whom it would have told and when, names what it cannot read, and leaves nothing behind', async () => {
    const events = Array.from({ length: 60 }, (_, nth) => sentryEvent(nth + 1, nth * 20));
    const exported = join(folder, 'export');
    await mkdir(exported);
    await writeFile(join(exported, 'a.json'), JSON.stringify(events.slice(0, 30).reverse()));
    const lines = [...events.slice(30, 45).map((one) => JSON.stringify(one)), 'no json', '{"message":"when?"}'];
    await writeFile(join(exported, 'b.ndjson'), lines.join('\n'));
    const envelopes = events.slice(45).map((one) => `{}\n{"type":"event"}\n${JSON.stringify(one)}\n`);
    await writeFile(join(exported, 'c.envelope'), envelopes.join(''));

    await withWaysOut(['major', 'critical'], async (env) => {
      const { code, stdout, stderr } = await forewarn(['replay', exported], env);

      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(
          /^You would have told 60 people, the first \d+ (second|minute)s? after it began \(60 events of 60 customers/,
        ),
      ]);
      expect(stdout).toMatch(
        /TypeError: coupon is undefined\n +began 2026-05-04 12:00 UTC, opened 2026-05-04 12:0\d UTC/,
      );
      expect(stderr).toMatch(/b\.ndjson:16: is no JSON\n.*b\.ndjson:17: has no time[^]*2 records could not be read/);
      expect(await readdir(folder)).toEqual(['export']);
    });
  });

  it('reads standard input and tells programs the same as JSON', async () => {
    const own = Array.from({ length: 6 }, (_, nth) => ({
      ...{ timestamp: new Date(BEGAN + nth * 60_000).toISOString(), type: 'TypeError', message: 'coupon is undefined' },
      ...(nth > 0 && { customer: `c-${nth}` }),
    }));

    await withWaysOut(['critical'], async (env) => {
      const lines = own.map((one) => JSON.stringify(one)).join('\n');
      const { code, stdout } = await forewarn(
        ['replay', '-', '--json', '--customers', '3', '--within', '10m'],
        env,
        lines,
      );

      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        words: expect.stringContaining('nobody would have been told: no policy matches'),
        from: '2026-05-04T12:00:00.000Z',
        to: '2026-05-04T12:05:00.000Z',
        incidents: [
          {
            severity: 'major',
            title: 'TypeError: coupon is undefined',
            beganAt: expect.stringMatching(/^2026-05-04T12:0[01]/),
            openedAt: expect.stringMatching(/^2026-05-04T12:03/),
            closedAt: null,
            customers: 5,
            told: 0,
            firstTellingAt: null,
            asksFirst: false,
          },
        ],
        told: 0,
        customers: 5,
        nobody: 1,
        events: 6,
        left: { bad: 0, other: 0, beyond: 0, problems: [] },
      });
    });
  });

  it('refuses wrong arguments and input without an event', async () => {
    const config = writeConfig();
    const env = { FOREWARN_CONFIG: config.path, TMPDIR: folder };
    const wrong = [[], ['-', '--project', 'none'], ['-', '--customers', '0'], ['-', '--within', 'soon']];

    for (const args of wrong) expect([args, (await forewarn(['replay', ...args], env)).code]).toEqual([args, 2]);
    const empty = await forewarn(['replay', '-'], env, 'nothing\n');
    const missing = await forewarn(['replay', join(folder, 'none')], env);

    config.remove();
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringMatching(/standard input:1: is no JSON[^]*no event/)]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('cannot be read')]);
    expect(await readdir(folder)).toEqual([]);
  });
});

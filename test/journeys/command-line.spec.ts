import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { forewarn } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { type Ended, spawnNode } from '../support/run-process.js';
import { writeConfig } from '../support/test-config.js';
import { buildFolder, createDatabase, type TestDatabase, urlOf } from '../support/test-database.js';

/** The names in the list of `forewarn --help`. */
function commandNames(help: string): string[] {
  return [...help.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name = '']) => name);
}

/** Runs a shell line whose exit code is that of its first failing part. */
async function runShell(line: string, input: string): Promise<Ended> {
  const child = spawn('bash', ['-o', 'pipefail', '-c', line], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  child.stdin.on('error', () => undefined).end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('forewarn', () => {
  it('says what there is, and refuses what there is not', async () => {
    const help = await forewarn(['--help']);
    expect([help.code, help.stdout]).toEqual([0, expect.stringMatching(/usage: forewarn[^]*start[^]*doctor[^]*token/)]);

    const wrong = await forewarn(['strat']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('there is no command "strat"')]);
    expect((await forewarn(['constructor'])).code).toBe(2);
  });

  it('explains each command on --help, tells its version, and refuses an unknown flag with exit code 2, without doing anything', async () => {
    const names = commandNames((await forewarn(['--help'])).stdout);
    expect(names.length).toBeGreaterThan(10);
    const folder = await mkdtemp(join(tmpdir(), 'fw-cli-'));
    const env = { FOREWARN_DATA_DIR: join(folder, 'data') };

    const version = await forewarn(['import', '--version'], env);
    expect([version.code, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/)]);
    for (const name of names) {
      const [help, wrong] = await Promise.all(['--help', '--no-such-flag'].map((flag) => forewarn([name, flag], env)));
      expect([name, help?.code, help?.stdout]).toEqual([name, 0, expect.stringMatching(/^usage: /i)]);
      expect([name, wrong?.code, wrong?.stdout]).toEqual([name, 2, '']);
      expect(wrong?.stderr).toContain(`see forewarn ${name} --help`);
    }

    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('ends quietly when the reader of its output goes away, and at once on Ctrl-C', async () => {
    const cli = join(buildFolder(), 'src', 'cli.js');
    const lines = Array.from({ length: 60_000 }, (_, at) => `${1_700_000_000 + at * 60},${at % 7}`).join('\n');
    const records = Array.from({ length: 60_000 }, (_, id) => `{"id":${id},"content":"job ${id} is late"}`).join('\n');
    const piped = (args: string, input: string) =>
      runShell(`"${process.execPath}" "${cli}" ${args} | head -n 1`, input);

    const [detected, grouped, help] = await Promise.all([
      piped('detect', lines),
      piped('group --stream', records),
      piped('--help', ''),
    ]);

    expect(detected).toEqual({ code: 0, stdout: 'timestamp,value,anomaly_score\n', stderr: '' });
    expect([grouped.code, grouped.stderr]).toEqual([0, '']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    for (const name of ['detect', 'group', 'localize']) {
      const child = spawnNode(cli, [name]);
      child.stdin?.write('timestamp,value\n');
      const ended = once(child, 'exit');
      await once(child, 'spawn');
      child.kill('SIGINT');
      expect([name, (await ended)[1]]).toEqual([name, 'SIGINT']);
    }
  });

  it('names variables that look like its own and are none, and says whence the first token comes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fw-cli-'));
    const env = { FOREWARN_DATA_DIR: folder, FOREWARN_CONFG: 'hunter2' };
    const { stdout } = await forewarn(['doctor'], env);
    expect(stdout).toContain(
      'FOREWARN_CONFG is no setting of Forewarn and does nothing; did you mean FOREWARN_CONFIG?',
    );
    expect(stdout).toContain('the first start makes a token for you and shows it once');
    expect(stdout).not.toContain('hunter2');
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('lists everything that is wrong with the settings, without their values', async () => {
    const { code, stderr } = await forewarn(['start'], {
      PORT: '99999',
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      SMTP_URL: 'smtp://mail.example',
      TWILIO_AUTH_TOKEN: 'hunter2',
      FOREWARN_ADMIN_TOKEN: 'short',
      FOREWARN_ROLES: 'intake,cook',
    });

    expect(code).toBe(1);
    for (const name of [
      'PORT',
      'DATABASE_URL',
      'MAIL_FROM',
      'TWILIO_ACCOUNT_SID',
      'FOREWARN_ADMIN_TOKEN',
      'FOREWARN_ROLES',
    ])
      expect(stderr).toContain(name);
    expect(stderr).not.toMatch(/hunter2|\n {4}at /);
  });

  it('lists everything that is wrong with the configuration', async () => {
    const config = writeConfig({
      projcts: [],
      detection: { newFault: { customers: 0, within: 'soon' } },
      policies: [{ name: 'a', channels: ['fax'], quietHours: { from: '25:00', to: '08:00' } }],
    });

    const { code, stderr } = await forewarn(['start'], { FOREWARN_CONFIG: config.path });

    config.remove();
    expect(code).toBe(1);
    for (const problem of [
      'projcts',
      'newFault.customers',
      '"soon" is not a duration',
      'channels',
      '"25:00" is not a time',
    ])
      expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('lists ten mistakes of two files in one answer, each with its place, its value and what may stand there', async () => {
    const config = writeConfig();
    const lines = [
      'projects: [{ slug: shop, name: Shop, limits: { eventsPerMinute: 0 } }]',
      'detecton: {}',
      'incidents: { quietFor: soon }',
      'locales: [en, xx]',
      'areas: { checkout: { fr: caisse } }',
      'policies:',
      '  - name: a',
      '    match: { project: shpo, severity: majr }',
      '    channels: [fax]',
      '    quietHours: { from: "25:00", to: "08:00" }',
      '    approval: autmatic',
    ];
    await writeFile(config.path, lines.join('\n'));

    const { code, stderr } = await forewarn(['start'], { FOREWARN_CONFIG: config.path });

    config.remove();
    const folder = dirname(config.path);
    const problems = stderr.split('\n').map((line) => line.trim().replaceAll(`${folder}/`, ''));
    expect(code).toBe(1);
    expect(problems).toEqual([
      'forewarn: The configuration is wrong:',
      'forewarn.yaml:1:65: projects.0.limits.eventsPerMinute: 0 must be at least 1',
      'forewarn.yaml:2:1: detecton: there is no such key; did you mean "detection"?',
      'forewarn.yaml:3:24: incidents.quietFor: "soon" is not a duration; write it like 90s, 10m or 1h30m',
      'forewarn.yaml:5:26: areas.checkout.fr: "fr" is not one of locales',
      'forewarn.yaml:8:23: policies.0.match.project: there is no project "shpo"; did you mean "shop"?',
      'forewarn.yaml:8:39: policies.0.match.severity: "majr" must be minor | major | critical | a list of minor | major | critical; did you mean "major"?',
      'forewarn.yaml:9:16: policies.0.channels.0: "fax" must be sms | email',
      'forewarn.yaml:10:25: policies.0.quietHours.from: "25:00" is not a time of day; write it like "21:00", in quotes',
      expect.stringMatching(
        /^forewarn\.yaml:11:15: policies\.0\.approval: "autmatic" must be required \| automatic.*did you mean "automatic"\?/,
      ),
      'templates/xx.yaml: there is no such file',
      '',
    ]);
  });

  it('names a project that a policy refers to and that is not there', async () => {
    const config = writeConfig({ policies: [{ name: 'a', channels: ['sms'], match: { project: 'shpo' } }] });

    const { code, stderr } = await forewarn(['start'], { FOREWARN_CONFIG: config.path });

    config.remove();
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no project "shpo"')]);
  });
});

describe('forewarn with a DATABASE_URL', () => {
  it.each([
    ['whose server is away', () => 'postgresql://forewarn@127.0.0.1:1/forewarn', /127\.0\.0\.1:1 cannot be reached/],
    [
      'whose host does not exist',
      () => 'postgresql://forewarn@db.invalid/forewarn',
      /db\.invalid:5432 cannot be reached/,
    ],
    ['of a database that is not there', () => urlOf('not_there'), /There is no database "not_there"/],
  ])('%s says so in one line and ends with 1', async (_title, url, line) => {
    const { code, stderr } = await forewarn(['start'], { DATABASE_URL: url(), PORT: '0' });

    expect([code, stderr]).toEqual([1, expect.stringMatching(line)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('of a server that is no PostgreSQL says so in one line and ends with 1', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };

    const { code, stderr } = await forewarn(['migrate'], { DATABASE_URL: `postgresql://x@127.0.0.1:${port}/x` });

    server.close();
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  describe('that works', () => {
    let database: TestDatabase;
    let env: Record<string, string>;
    let folder: string;
    beforeEach(async () => {
      database = await createDatabase({ empty: true });
      env = { DATABASE_URL: database.url };
      folder = await mkdtemp(join(tmpdir(), 'fw-cli-'));
    });
    afterEach(async () => {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    });

    it('migrates, twice without harm', async () => {
      for (let time = 0; time < 2; time++) expect((await forewarn(['migrate'], env)).code).toBe(0);
    });

    it('makes, lists, limits and revokes keys of a project, and shows a secret once', async () => {
      const config = writeConfig();
      const withProject = { ...env, FOREWARN_CONFIG: config.path };
      const early = await forewarn(['key', 'list', '--project', 'shop'], withProject);
      expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('run forewarn migrate')]);
      expect((await forewarn(['migrate'], env)).code).toBe(0);
      expect((await forewarn(['key', 'list', '--project', 'shop'], withProject)).stderr).toContain('no project "shop"');
      const sql = new pg.Client({ connectionString: database.url });
      await sql.connect();
      await sql.query(
        `WITH directory AS (INSERT INTO directory (name) VALUES ('main') RETURNING id)
         INSERT INTO project (slug, name, created_at, directory_id) SELECT 'shop', 'Shop', now(), id FROM directory`,
      );

      const made = await forewarn(['key', 'create', '--project', 'shop', '--kind', 'server', '--name', 'till'], {
        ...withProject,
        PUBLIC_URL: 'https://forewarn.example',
      });
      expect(made.stdout).toMatch(/^[0-9a-f]{32}\n$/);
      const [key = ''] = made.stdout.split('\n');
      expect(made.stderr).toContain(`DSN: https://${key}@forewarn.example/1`);
      const listed = (await forewarn(['key', 'list', '--project', 'shop'], withProject)).stdout;
      expect(listed).toBe('1\tserver\tworks\t(shown once)\ttill\tany origin\n');

      const limit = ['key', 'limit', '--project', 'shop', '--id', '1'];
      expect((await forewarn([...limit, 'eventsPerMinute=60'], withProject)).stdout).toContain('eventsPerMinute=60\n');
      expect((await forewarn([...limit, 'eventsPerMinute=default'], withProject)).stdout).toContain('=1200000\n');
      expect((await forewarn([...limit, 'eventsPerSecond=1'], withProject)).code).toBe(2);
      expect((await forewarn([...limit, 'eventsPerMinute=many'], withProject)).code).toBe(2);

      expect((await forewarn(['key', 'revoke', '--project', 'shop', '--id', '1'], withProject)).code).toBe(0);
      expect((await forewarn(['key', 'revoke', '--project', 'shop', '--id', '1'], withProject)).code).toBe(1);
      expect((await forewarn(['key', 'create', '--project', 'shop', '--kind', 'root'], withProject)).code).toBe(2);
      expect((await forewarn(['key'], withProject)).code).toBe(2);
      await sql.end();
      config.remove();
    });

    it('makes, lists and revokes tokens', async () => {
      const made = await forewarn(['token', 'create', '--name', 'ann', '--role', 'ops'], env);
      expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^fw_[\w-]{32}\n$/)]);
      expect((await forewarn(['token', 'list'], env)).stdout).toBe('ann\tops\tall projects\tworks\tnever used\n');

      expect((await forewarn(['token', 'revoke', '--name', 'ann'], env)).code).toBe(0);

      expect((await forewarn(['token', 'list'], env)).stdout).toContain('revoked');
      expect((await forewarn(['token', 'revoke', '--name', 'ann'], env)).code).toBe(1);
      expect((await forewarn(['token', 'create', '--name', 'bob', '--role', 'king'], env)).code).toBe(2);
    });

    it('imports what it can read and names each cell that it cannot', async () => {
      const path = join(folder, 'customers.csv');
      const lines = ['externalId,email,consentEmail', 'c1,c1@customers.example,yes', 'c2,nonsense,yes', 'c3,,no'];
      await writeFile(path, lines.join('\n'));

      const { code, stdout, stderr } = await forewarn(['import', path], env);

      expect([code, stdout]).toEqual([1, '3 imported, 0 failed, 1 cells left out\n']);
      expect(stderr).toMatch(/customers\.csv:3: email: is not an e-mail address/);
      expect((await forewarn(['import', join(folder, 'none.csv')], env)).code).toBe(1);
    });

    it('imports several files, whatever their endings, and goes on where it was told', async () => {
      const [a, b] = [join(folder, 'a.txt'), join(folder, 'b.dat')];
      await writeFile(a, Buffer.from('Nummer;Handy;Name\nk1;0151 23456789;J\xfcrgen\nk2;;Bo\n', 'latin1'));
      await writeFile(b, '{"externalId":"k3"}\n{"externalId":"k4"}\n');

      const options = ['--map', 'Nummer=externalId,Handy=phone', '--country', 'de', '--encoding', 'windows-1252'];
      expect(await forewarn(['import', ...options, a], env)).toMatchObject({
        code: 0,
        stdout: '2 imported, 0 failed\n',
      });
      const twice = await forewarn(['import', '--dry-run', '--skip', '1', a, b, ...options], env);
      expect(twice).toMatchObject({
        code: 0,
        stdout: '1 would be imported, 0 failed\n2 would be imported, 0 failed\n',
      });
      const wrong = await forewarn(['import', '--country', 'XX', a], env);
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--country: is not a country')]);
    });

    it('says after Ctrl-C how far an import came, and goes on from there', async () => {
      await forewarn(['migrate'], env);
      const lines = (from: number) =>
        Array.from({ length: 2500 }, (_, at) => `{"externalId":"k${from + at}"}\n`).join('');
      const sql = new pg.Client({ connectionString: database.url });
      await sql.connect();
      const imported = async () =>
        (await sql.query<{ count: number }>('SELECT count(*)::int FROM customer')).rows[0]?.count ?? 0;
      const child = spawnNode(join(buildFolder(), 'src', 'cli.js'), ['import', '-'], env);
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
      const ended = once(child, 'close');
      child.stdin?.write(lines(0));
      await eventually('the first chunk', imported, (count) => count === 2000);

      child.kill('SIGINT');
      child.stdin?.write(lines(2500));

      expect([(await ended)[0], said]).toEqual([130, 'stopped after 4000 records of -; go on with --skip 4000 -\n']);
      expect(await imported()).toBe(4000);
      const rest = await forewarn(['import', '--skip', '4000', '-'], env, lines(0) + lines(2500));
      expect([rest.stdout, await imported()]).toEqual(['1000 imported, 0 failed\n', 5000]);
      await sql.end();
    });

    it('looks at an empty database, leaves it empty and says what to do', async () => {
      const asked = [['doctor'], ['token', 'list'], ['backtest', '--from', '2026-01-01', '--to', '2026-01-02']];

      const ended = await Promise.all(asked.map((args) => forewarn(args, env)));

      for (const { code, stdout, stderr } of ended)
        expect([code, stdout + stderr]).toEqual([1, expect.stringContaining('run forewarn migrate')]);
      const sql = new pg.Client({ connectionString: database.url });
      await sql.connect();
      const { rows } = await sql.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");
      await sql.end();
      expect(rows).toEqual([]);
    });

    it('says host, reason and next step of a NATS server and an Alertmanager that are away', async () => {
      await forewarn(['migrate'], env);

      const { code, stdout } = await forewarn(['doctor'], {
        ...env,
        NATS_URL: 'nats://127.0.0.1:1',
        ALERTMANAGER_URL: 'http://ops:hunter2@127.0.0.1:1',
      });

      expect(code).toBe(1);
      expect(stdout).toMatch(/FAIL {2}NATS: 127\.0\.0\.1:1: .* Check NATS_URL/);
      expect(stdout).toMatch(/FAIL {2}Alertmanager: 127\.0\.0\.1:1 cannot be reached .* Check ALERTMANAGER_URL/);
      expect(stdout).not.toContain('hunter2');
    });

    it('finds nothing wrong, and says what it looked at', async () => {
      await forewarn(['migrate'], env);

      const { code, stdout } = await forewarn(['doctor'], env);

      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(/ok {4}settings[^]*ok {4}configuration[^]*ok {4}database/),
      ]);
    });
  });
});

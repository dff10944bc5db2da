import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DaemonProcess } from '../support/cli.js';
import { DatabaseLink } from '../support/database-link.js';
import { aSentryEvent, envelope, item } from '../support/envelopes.js';
import { allIssues } from '../support/issues.js';
import { spawnNode } from '../support/run-process.js';
import { type LoadTarget, SteadyLoad } from '../support/steady-load.js';
import { writeConfig } from '../support/test-config.js';
import { buildFolder, createDatabase } from '../support/test-database.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send } from '../support/wire.js';

jest.setTimeout(120_000);

const CONNECTIONS = 16;
/** Events before and after what happens in the middle of the load. */
const EVENTS = 300;

let folder: string;
let config: ReturnType<typeof writeConfig>;
let daemon: DaemonProcess | undefined;
let load: SteadyLoad | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fw-durable-'));
  config = writeConfig();
});
afterEach(async () => {
  load?.abandon();
  load = undefined;
  await daemon?.stop();
  daemon = undefined;
  await rm(folder, { recursive: true, force: true });
  config.remove();
});

async function start(env: Record<string, string> = { FOREWARN_DATA_DIR: folder }): Promise<DaemonProcess> {
  return DaemonProcess.start({ FOREWARN_CONFIG: config.path, ...env });
}

async function targetOf({ api }: DaemonProcess): Promise<LoadTarget> {
  const { items } = (await api.get('/v1/projects')).body as { items: LoadTarget['project'][] };
  return { base: api.base, project: items[0]! };
}

/** Every event that was answered 200 is counted, and counted once. */
async function expectExact(load: SteadyLoad, { api }: DaemonProcess): Promise<void> {
  const issues = await allIssues(api);

  expect(issues.map((issue) => [issue.events, issue.customers])).toEqual([[load.answered.all.length, CONNECTIONS]]);
}

describe('an event that was answered 200', () => {
  it('is counted exactly once when the daemon is killed in the middle of the load', async () => {
    daemon = await start();
    load = new SteadyLoad(await targetOf(daemon), CONNECTIONS);
    await load.more(EVENTS);
    await daemon.kill();
    daemon = await start();
    load.redirect(await targetOf(daemon));
    await load.more(EVENTS);
    await load.finish();

    expect(load.failures).toBeGreaterThan(0);
    await expectExact(load, daemon);
    const metrics = await (await fetch(`${daemon.api.base}/metrics`)).text();
    const bodies = /intake_bodies_total\{thread="(\w+)"\} (\d+)/.exec(metrics)?.slice(1);
    expect(bodies).toEqual([availableParallelism() > 1 ? 'reader' : 'main', expect.stringMatching(/^[1-9]/)]);
  });

  it.each([
    ['the whole embedded database', (pids: number[]) => pids[0]!],
    ['one process of the embedded database', (pids: number[]) => pids.at(-1)!],
  ])(
    'is counted exactly once when %s is killed in the middle of the load, and the daemon goes on',
    async (_name, victim) => {
      daemon = await start();
      load = new SteadyLoad(await targetOf(daemon), CONNECTIONS);
      await load.more(EVENTS);
      process.kill(victim(await serverPids()), 'SIGKILL');
      await load.more(EVENTS);
      await load.finish();

      expect(load.failures).toBeGreaterThan(0);
      expect(daemon.child.exitCode).toBeNull();
      expect((await daemon.api.get('/readyz')).status).toBe(200);
      await expectExact(load, daemon);
    },
  );

  it('is counted exactly once when the database server is restarted in the middle of the load', async () => {
    const server = await startServer();
    daemon = await start({ DATABASE_URL: server.url });
    load = new SteadyLoad(await targetOf(daemon), CONNECTIONS);
    await load.more(EVENTS);
    await endServer(server.child);
    const again = await startServer();
    await load.more(EVENTS);
    await load.finish();

    expect(load.failures).toBeGreaterThan(0);
    expect(daemon.child.exitCode).toBeNull();
    await expectExact(load, daemon);
    await daemon.stop();
    await endServer(again.child);
  });

  /** The process ids of the embedded server: the first started all others, the last serves one connection of the daemon. */
  async function serverPids(): Promise<number[]> {
    const postmaster = Number((await readFile(join(folder, 'pg18', 'postmaster.pid'), 'utf8')).split('\n')[0]);
    const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
    return [postmaster, ...children.trim().split(' ').map(Number)];
  }

  async function startServer(): Promise<{ url: string; child: ChildProcess }> {
    const script = fileURLToPath(new URL('../support/postgres-server.mjs', import.meta.url));
    const child = spawnNode(script, [buildFolder(), join(folder, 'server')]);
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    return { url: line.toString('utf8').trim(), child };
  }

  async function endServer(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
});

describe('an envelope while the database is away', () => {
  it('is answered 503 and leaves nothing counted, so that it counts once when it comes again', async () => {
    const database = await createDatabase();
    const link = await DatabaseLink.to(database.url);
    const forewarn = await TestDaemon.start({ env: { DATABASE_URL: link.url } });
    const { id, key } = await forewarn.project();
    const body = envelope(
      {},
      item('event', aSentryEvent()),
      item('session', { sid: 'a', init: true, status: 'crashed', attrs: { release: '2.4.1' } }),
      item('user_report', { event_id: '0'.repeat(32), comments: 'nothing happens' }),
      item('transaction', {}),
    );
    const post = () => send(`${forewarn.url}/api/${id}/envelope/?sentry_key=${key}`, { body });
    await link.cut();
    const refused = await post();
    await link.mend();
    const taken = await post();
    await forewarn.runStages('outcome-flush', 'telemetry-flush');

    expect([refused.status, refused.headers['retry-after'], taken.status]).toEqual([503, '5', 200]);
    expect(
      await forewarn.rows('SELECT outcome, sum(count)::int AS count FROM intake_outcome GROUP BY 1 ORDER BY 1'),
    ).toEqual([
      { outcome: 'accepted', count: 1 },
      { outcome: 'discarded', count: 1 },
      { outcome: 'unavailable', count: 1 },
      { outcome: 'used', count: 2 },
    ]);
    expect(
      await forewarn.rows('SELECT sum(started)::int AS started, sum(crashed)::int AS crashed FROM release_session'),
    ).toEqual([{ started: 1, crashed: 1 }]);
    expect(await forewarn.rows('SELECT message FROM user_feedback')).toHaveLength(1);
    await forewarn.stop();
    await link.cut();
    await database.drop();
  });
});

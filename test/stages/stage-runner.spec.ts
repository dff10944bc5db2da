import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import type pg from 'pg';
import { SystemClock } from '../../src/platform/clock.js';
import { openPool, type OpenPool } from '../../src/platform/db/connect.js';
import { Database } from '../../src/platform/db/database.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { Metrics } from '../../src/platform/metrics.js';
import { IDLE, OWN_STAGES, type Stage, STAGE_NAMES } from '../../src/platform/stages/stage.js';
import { StageRunner } from '../../src/platform/stages/stage-runner.js';
import { eventually } from '../support/eventually.js';
import { TestDaemon } from '../support/test-daemon.js';
import { createDatabase, type TestDatabase } from '../support/test-database.js';

const NEVER = new Promise<never>(() => undefined);

describe('a stage that removes what is past its time', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start({ running: true });
  });
  afterEach(() => forewarn.stop());

  it('runs when the process starts and again every hour', async () => {
    const { app } = forewarn.daemon;
    const runs = async () => {
      const text = await app.get(Metrics).registry.getSingleMetricAsString('forewarn_stage_runs_total');
      return Number(/stage="forget-stops",result="ok"\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    await eventually('runs after the start', runs, (count) => count === 1);

    const [job] = [...app.get(SchedulerRegistry).getCronJobs().values()];
    expect(job?.cronTime.source).toBe('15 * * * *');
    await job?.fireOnTick();

    await eventually('runs after an hour', runs, (count) => count === 2);
  });
});

describe('the stage runner', () => {
  let server: TestDatabase;
  let pool: OpenPool;
  let database: Database;
  let metrics: Metrics;
  let runner: StageRunner;
  beforeAll(async () => {
    server = await createDatabase();
    pool = await openPool(server.url);
  });
  afterAll(async () => {
    await pool.close();
    await server.drop();
  });
  beforeEach(() => {
    metrics = new Metrics();
    database = new Database(pool);
    runner = new StageRunner(new SystemClock(), database, createLogger('silent'), metrics);
  });
  afterEach(() => runner.stop(50));

  /** Starts one stage that does `work`, beside another that rests. */
  const start = (work: Stage['runOnce'], limitMs = 60_000) => {
    const stage = { pauseMs: 1, limitMs, runOnce: work };
    runner.register({ name: 'outcome-flush', ...stage });
    for (const name of OWN_STAGES.filter((one) => one !== 'outcome-flush'))
      runner.register({ name, ...stage, pauseMs: 60_000, runOnce: () => Promise.resolve(IDLE) });
    runner.startOwn();
  };
  const runs = async (result: string) => {
    const { values } = await metrics.registry.getSingleMetric('forewarn_stage_runs_total')!.get();
    return values.find(({ labels }) => labels['stage'] === 'outcome-flush' && labels['result'] === result)?.value ?? 0;
  };
  const asleep = async () =>
    database.query("SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(62)' AND state = 'active'");

  it('aborts a run that takes longer than its limit, cancels its statement, counts it, and runs the stage again', async () => {
    let begun = 0;
    start(async (_, signal) => {
      begun++;
      if (begun === 1) await database.until(signal).query('SELECT pg_sleep(62)');
      return IDLE;
    }, 100);

    await eventually(
      'the stage ran again',
      () => runs('ok'),
      (count) => count > 0,
    );
    expect(await runs('aborted')).toBe(1);
    expect(await runs('error')).toBe(0);
    expect(await asleep()).toEqual([]);
    expect(await metrics.registry.metrics()).toContain('forewarn_database_cuts_total{limit="aborted"} 1');
    expect(await metrics.registry.metrics()).toContain('forewarn_stage_limit_seconds{stage="outcome-flush"} 0.1');
  });

  it('never runs a stage beside itself, even where an aborted run does not end', async () => {
    let begun = 0;
    start(() => {
      begun++;
      return NEVER;
    }, 20);

    await eventually(
      'the run was aborted',
      () => runs('aborted'),
      (count) => count === 1,
    );
    runner.wake('outcome-flush');
    await database.ping();

    expect(begun).toBe(1);
  });

  it('stops although the server takes its leave of a wake-up session that has ended', async () => {
    const sessions: pg.PoolClient[] = [];
    const session = database.session.bind(database);
    database.session = async () => {
      const client = await session();
      sessions.push(client);
      return client;
    };
    const resting = { pauseMs: 60_000, limitMs: 60_000, runOnce: () => Promise.resolve(IDLE) };
    for (const name of STAGE_NAMES) runner.register({ name, ...resting });
    await runner.start();

    await runner.stop(1000);

    const [client] = sessions;
    expect(client?.emit('error', new Error('terminating connection due to administrator command'))).toBe(true);
    expect(sessions).toHaveLength(1);
  });

  it('lets a run finish its batch before it stops', async () => {
    let [begun, ended] = [false, false];
    let finish = () => undefined as void;
    start(async () => {
      begun = true;
      await new Promise<void>((go) => (finish = go));
      ended = true;
      return IDLE;
    });
    await eventually('the run has begun', () => Promise.resolve(begun), Boolean);

    const stopping = runner.stop();
    finish();
    await stopping;

    expect(ended).toBe(true);
  });

  it('aborts a run that does not finish once it stops, and cancels its statement', async () => {
    let reason: unknown;
    start(async (_, signal) => {
      await database
        .until(signal)
        .query('SELECT pg_sleep(62)')
        .catch((error: unknown) => (reason = error));
      return IDLE;
    });
    await eventually('the statement runs', asleep, (rows) => rows.length === 1);

    await runner.stop(20);
    await eventually('the run has ended', () => Promise.resolve(reason), Boolean);

    expect(reason).toEqual(new Error('the daemon stops'));
    await eventually('the statement has ended', asleep, (rows) => rows.length === 0);
  });

  it('stops although a run ends neither by itself nor when it is aborted', async () => {
    let begun = false;
    start(() => {
      begun = true;
      return NEVER;
    });
    await eventually('the run has begun', () => Promise.resolve(begun), Boolean);

    await expect(runner.stop(20)).resolves.toBeUndefined();
  });
});

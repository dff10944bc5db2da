import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { anEvent } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { ADMIN_TOKEN, TestDaemon } from '../support/test-daemon.js';

/** Requests that small input could make as large as time itself. */
describe('a request over time', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
  });
  afterEach(() => forewarn.stop());

  const allOfTime = { from: '0001-01-01T00:00:00Z', to: '9999-12-31T00:00:00Z' };

  it('replays only the minutes that are kept, however far apart its ends lie', async () => {
    for (let minute = 0; minute < 6; minute++) {
      await forewarn.send(anEvent({ customer: `c${minute}` }));
      forewarn.clock.advance('1m');
    }
    const detection = { newFault: { customers: 3, within: '10m' } };

    const answer = await forewarn.api.post('/v1/backtest', { ...allOfTime, detection });

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ opened: 1, told: 6 });
  });

  it('replays nothing where nothing was ever counted', async () => {
    const answer = await forewarn.api.post('/v1/backtest', allOfTime);

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ opened: 0, incidents: [] });
  });

  it('ends its statement when the client hangs up', async () => {
    await forewarn.send(anEvent({ customer: 'c' }));
    const holder = new pg.Client({ connectionString: forewarn.database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE issue_minute IN ACCESS EXCLUSIVE MODE');
    const abort = new AbortController();
    const asked = fetch(`${forewarn.url}/v1/backtest`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(allOfTime),
      signal: abort.signal,
    }).catch((error: unknown) => error);
    const waiting = async () =>
      (
        await holder.query(
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid() AND datname = current_database()",
        )
      ).rowCount;
    await eventually('the statement waits', waiting, (count) => count === 1);

    abort.abort();
    await asked;

    const metrics = async () => String((await forewarn.anyone.raw('GET', '/metrics')).body);
    await eventually('the statement was aborted', metrics, (text) =>
      text.includes('forewarn_database_cuts_total{limit="aborted"} 1'),
    );
    await holder.end();
  });

  it('ends the statement of a preview when the client hangs up', async () => {
    const holder = new pg.Client({ connectionString: forewarn.database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE campaign IN ACCESS EXCLUSIVE MODE');
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const url = `${forewarn.url}/v1/campaigns/1/preview`;
    const asked = fetch(url, { headers, signal: abort.signal }).catch((error: unknown) => error);
    const waiting = async () =>
      (
        await holder.query(
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid() AND datname = current_database()",
        )
      ).rowCount;
    await eventually('the statement waits', waiting, (count) => count === 1);

    abort.abort();
    await asked;
    await eventually('no statement waits', waiting, (count) => count === 0);
    await holder.end();

    // Read once the table is free, since some of the metrics come from it.
    const metrics = async () => String((await forewarn.anyone.raw('GET', '/metrics')).body);
    await eventually('the statement was aborted', metrics, (text) =>
      text.includes('forewarn_database_cuts_total{limit="aborted"} 1'),
    );
  });

  it.each([
    ['1970-01-01T00:00:00Z', 'startedAt: must lie within the last 90 days, for which hits are kept.'],
    ['2999-01-01T00:00:00Z', 'startedAt: must not be in the future.'],
  ])('opens no incident that began at %s', async (startedAt, detail) => {
    const answer = await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'x', startedAt });

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ detail });
    expect((await forewarn.api.get('/v1/incidents')).body).toMatchObject({ items: [] });
  });
});

describe('undo', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('needs one connection, so that many at once are answered and leave the pool to others', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent({ customer: 'c' }));
    await forewarn.api.patch('/v1/issues/1', { status: 'ignored' });
    const { items } = (await forewarn.api.get('/v1/issues/1/actions')).body as { items: { id: string }[] };

    const answers = await Promise.all(
      Array.from({ length: 40 }, () => forewarn.api.post(`/v1/issues/actions/${items[0]?.id}/undo`)),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 39 }, () => 409)]);
  });
});

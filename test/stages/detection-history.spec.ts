import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent, anotherEvent } from '../support/builders.js';
import { history } from '../support/history.js';
import { TestDaemon } from '../support/test-daemon.js';

const config = { detection: { newFault: { customers: 5, within: '10m' } } };
const MINUTE = 60_000;

describe('stored history', () => {
  let forewarn: TestDaemon;
  let parts = 0;
  afterEach(() => forewarn.stop());

  it('is replayed with other thresholds to tell what they would have opened and when', async () => {
    forewarn = await TestDaemon.start({ config });
    const start = forewarn.clock.now().getTime();
    await forewarn.send(anotherEvent({ customer: 'x' }));
    for (let minute = 0; minute < 12; minute++) {
      if (minute >= 2 && minute < 10) await forewarn.send(anEvent({ customer: `c${minute}` }));
      forewarn.clock.advance('1m');
    }
    const range = { from: new Date(start).toISOString(), to: forewarn.clock.now().toISOString() };
    const ask = async (customers: number): Promise<unknown> =>
      (await forewarn.api.post('/v1/backtest', { ...range, detection: { newFault: { customers, within: '10m' } } }))
        .body;

    expect(await ask(4)).toMatchObject({
      opened: 1,
      told: 8,
      firstCustomerAt: at(start, 2),
      firstAlertAt: at(start, 6),
      words: `would have opened 1 incident and told 8 customers; first customer hit ${minute(start, 2)}, first alert ${minute(start, 6)}`,
      incidents: [{ issues: ['2'], customers: 8, firstCustomerAt: at(start, 2), firstAlertAt: at(start, 6) }],
    });
    expect(await ask(9)).toMatchObject({
      opened: 0,
      told: 0,
      firstAlertAt: null,
      words: 'would have opened 0 incidents and told 0 customers',
    });
  });

  it('lets a known issue be called when it hits far more customers than in the days before, and not earlier', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.send(anEvent({ customer: 'c0' }));
    const now = forewarn.clock.now().getTime();
    await seed(now - 23 * 3600_000, now, 12);
    for (let runs = 0; runs < 14; runs++) await forewarn.runStage('detect');
    expect(await kinds()).toEqual([]);

    forewarn.clock.advance('2h');
    await forewarn.runStages('detect', 'detect');
    for (let minute = 0; minute < 3; minute++) {
      await forewarn.send(...Array.from({ length: 15 }, (_, n) => anEvent({ customer: `s${minute}-${n}` })));
      await forewarn.runStage('detect');
      forewarn.clock.advance('1m');
    }

    expect(await kinds()).toContain('issue:1 spike');
  });

  it('lets an outage be called at its third customer when each meets a new issue', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.send(anEvent({ customer: 'c0' }));
    for (let day = 0; day < 4; day++) {
      await forewarn.send(
        anotherEvent({ customer: 'c0', message: `Day ${'abcd'[day]} failed`, type: `Day${day}Error` }),
      );
      const now = forewarn.clock.now().getTime();
      forewarn.clock.advance('20h');
      await seed(now, now + 20 * 3600_000, 60);
      for (let runs = 0; runs < 12; runs++) await forewarn.runStage('detect');
    }
    expect(await kinds()).toEqual([]);
    await outage('c1', 'c1', 'c1');
    expect(await kinds()).toEqual([]);
    forewarn.clock.advance('10m');
    await forewarn.runStage('detect');

    await outage('c1', 'c2', 'c3');

    expect(await kinds()).toEqual(['young spike']);
    const { items } = (await forewarn.api.get('/v1/incidents')).body as { items: { issues: string[] }[] };
    expect(items).toHaveLength(1);
  });

  /** Lets each customer meet an issue of their own, fifteen seconds apart. */
  async function outage(...customers: string[]): Promise<void> {
    for (const [at, customer] of customers.entries()) {
      parts += 1;
      const part = String.fromCharCode(97 + parts);
      const [type, file] = [`${part}${part}Failure`, `/srv/shop/src/${part}${at}.js`];
      const stack = `${type}: no\n    at ${part}${part} (${file}:7:3)`;
      await forewarn.send(anEvent({ customer, type, message: `${part}${part} did not answer`, stack }));
      forewarn.clock.advance('15s');
      await forewarn.runStages('detect', 'incident-open');
    }
  }

  it('is rolled up to hours once, and a second run changes nothing', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.send(anEvent({ customer: 'c1' }), anEvent({ customer: 'c2' }));
    forewarn.clock.advance('2h');

    expect(await forewarn.runStage('rollup')).toMatchObject({ worked: 2 });
    expect(await forewarn.runStage('rollup')).toMatchObject({ worked: 0 });
    expect(await forewarn.rows('SELECT events, arrivals FROM issue_hour')).toEqual([{ events: 2, arrivals: 2 }]);
  });

  it('of sums is rolled up to hours and days, and shown under the names of their series', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.send(anEvent({ customer: 'c1', release: 'shop@1' }));
    forewarn.clock.set('2026-03-11T00:00:00Z');
    const from = new Date('2026-03-11T00:00:00Z');
    const minute = {
      active: 10,
      sessions: { 'shop@1': [6, 1], '': [4, 0] } as const,
      hits: [{ issue: 1, release: 'shop@1', customers: 2 }],
    };
    await history(forewarn, from, 120, () => minute);
    forewarn.clock.advance('3h');
    await forewarn.runStage('rollup');
    expect(await points('sessions')).toEqual([
      { at: '2026-03-11T00:00:00.000Z', seen: 60, ofAll: 600 },
      { at: '2026-03-11T01:00:00.000Z', seen: 60, ofAll: 600 },
    ]);
    expect(await points('sessions:shop@1')).toMatchObject([{ seen: 60, ofAll: 360 }, {}]);
    expect(await points('active')).toMatchObject([{ seen: 120, ofAll: 600 }, {}]);
    expect(await points('release:shop@1')).toContainEqual({ at: '2026-03-11T00:00:00.000Z', seen: 120, ofAll: 600 });
    expect(await points('issue:1')).toContainEqual({ at: '2026-03-11T00:00:00.000Z', seen: 120, ofAll: null });

    forewarn.clock.advance('24h');
    await forewarn.runStage('rollup');
    expect(await points('sessions', 'day')).toEqual([{ at: '2026-03-11T00:00:00.000Z', seen: 120, ofAll: 1200 }]);
    expect((await forewarn.runStage('rollup')).worked).toBe(0);
  });

  it('is bounded: minutes for eight days, hours for ninety, days for three years, and the fifty largest releases of each hour', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.send(anEvent({ customer: 'c1' }));
    const sessions = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`shop@${at}`, [at + 1, 0] as const]));
    await history(forewarn, forewarn.clock.now(), 1, () => ({ active: 1, sessions }));
    forewarn.clock.advance('2h');
    await forewarn.runStage('rollup');
    const [{ count } = { count: 0 }] = await forewarn.rows<{ count: number }>(
      "SELECT count(*)::int AS count FROM series_hour WHERE series LIKE 'sessions:%'",
    );
    expect(count).toBe(50);

    const left = async (): Promise<string[]> => {
      const tables = [
        'issue_minute',
        'release_session',
        'issue_hour',
        'series_hour',
        'project_minute',
        'issue_day',
        'series_day',
      ];
      const kept: string[] = [];
      for (const table of tables)
        if ((await forewarn.rows(`SELECT FROM ${table} LIMIT 1`)).length > 0) kept.push(table);
      return kept;
    };
    forewarn.clock.advance('9d');
    await forewarn.runStages('rollup');
    expect(await left()).toEqual(['issue_hour', 'series_hour', 'project_minute', 'issue_day', 'series_day']);
    forewarn.clock.advance('91d');
    await forewarn.runStages('rollup');
    expect(await left()).toEqual(['issue_day', 'series_day']);
    forewarn.clock.advance('1100d');
    await forewarn.runStages('rollup');
    expect(await left()).toEqual([]);
  });

  async function points(series: string, step = 'hour'): Promise<object[]> {
    const answer = await forewarn.api.get(`/v1/series?project=shop&step=${step}&series=${encodeURIComponent(series)}`);
    return (answer.body as { points: object[] }).points;
  }

  /** Lets the issue hit one customer every so many minutes. */
  async function seed(from: number, to: number, every: number): Promise<void> {
    await forewarn.rows(
      `INSERT INTO issue_minute (cell_id, minute, events, customers, arrivals)
       SELECT 1, date_trunc('minute', t), 1, 1, 1 FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 minute', make_interval(mins => $3)) AS t ON CONFLICT DO NOTHING`,
      [new Date(from), new Date(to), every],
    );
    await forewarn.rows(
      `INSERT INTO intake_outcome (project_id, minute, outcome, count)
       SELECT 1, date_trunc('minute', t), 'accepted', 1 FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 minute', interval '1 minute') AS t ON CONFLICT DO NOTHING`,
      [new Date(from), new Date(to)],
    );
  }

  async function kinds(): Promise<string[]> {
    const rows = await forewarn.rows<{ what: string }>(
      "SELECT series || ' ' || kind AS what FROM detection ORDER BY id",
    );
    return rows.map(({ what }) => what);
  }
});

function minute(start: number, minutes: number): string {
  return `${at(start, minutes).slice(0, 16)}Z`;
}

function at(start: number, minutes: number): string {
  return new Date(start + minutes * MINUTE).toISOString();
}

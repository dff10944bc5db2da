import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

const config = { detection: { newFault: { customers: 5, within: '10m' } } };
const MINUTE = 60_000;

describe('stored history', () => {
  let forewarn: TestDaemon;
  let parts = 0;
  afterEach(() => forewarn.stop());

  it('is replayed with other thresholds, which says what they would have opened and when', async () => {
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
      incidents: [{ issues: ['2'], customers: 8, firstCustomerAt: at(start, 2), firstAlertAt: at(start, 6) }],
    });
    expect(await ask(9)).toMatchObject({ opened: 0, told: 0 });
  });

  it('calls a known issue when it hits far more than it did for days, and not before', async () => {
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

  it('makes an outage known at its third customer when each meets an issue that nobody has seen', async () => {
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

  /** Each customer meets an issue of their own, fifteen seconds apart. */
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

  it('is rolled up to hours once, and the same again changes nothing', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.send(anEvent({ customer: 'c1' }), anEvent({ customer: 'c2' }));
    forewarn.clock.advance('2h');

    expect(await forewarn.runStage('rollup')).toMatchObject({ worked: 1 });
    expect(await forewarn.runStage('rollup')).toMatchObject({ worked: 0 });
    expect(await forewarn.rows('SELECT events, arrivals FROM issue_hour')).toEqual([{ events: 2, arrivals: 2 }]);
  });

  /** One customer of the issue every so many minutes. */
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

function at(start: number, minutes: number): string {
  return new Date(start + minutes * MINUTE).toISOString();
}

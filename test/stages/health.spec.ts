import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anEvent, aCustomer } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

interface Answer {
  readonly items: readonly { externalId: string; score: number; band: string; parts: Record<string, number> }[];
  readonly nextCursor: string | null;
  readonly calibration: Record<'poor' | 'rest', { called: number; silent: number }>;
}

describe('the health of customers', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...['well', 'hit', 'away'].map((externalId) => aCustomer({ externalId })));
  });
  afterEach(() => forewarn.stop());

  const using = async (...ids: string[]) => {
    const at = forewarn.clock.now().toISOString();
    const body = ids.map((customer) => ({ customer, at }));
    const { key } = await forewarn.project('shop');
    const headers = { authorization: `Bearer ${key}` };
    await forewarn.anyone.raw('POST', '/v1/activity', { headers, body: JSON.stringify(body) });
    await forewarn.runStage('telemetry-flush');
  };
  const health = async (query = '') => {
    const answer = await forewarn.api.get(`/v1/customers/health${query}`);
    expect(answer.status).toBe(200);
    return answer.body as Answer;
  };

  it('is worst for who was hit by several faults and for who stays away against their habit, with the parts of the score', async () => {
    for (let day = 0; day < 30; day++) {
      await using('well', 'hit', ...(day < 22 ? ['away'] : []));
      forewarn.clock.advance('1d');
    }
    for (const type of ['TypeError', 'RangeError', 'KeyError', 'IOError'])
      await forewarn.send(
        anEvent({
          customer: 'hit',
          type,
          level: 'fatal',
          message: type,
          stack: `${type}: ${type}\n    at ${type}Of (/srv/${type}.js:1:1)`,
        }),
      );
    await forewarn.runStage('health');

    const { items } = await health();
    expect(items.map((one) => one.externalId).at(-1)).toBe('well');
    expect(items.find((one) => one.externalId === 'away')).toMatchObject({ parts: { hits: 0, use: 35 }, score: 65 });
    expect(items.find((one) => one.externalId === 'hit')?.parts).toMatchObject({ contacts: 0, use: 5 }); // today, which is not over
    expect(items.find((one) => one.externalId === 'hit')?.parts['hits']).toBeGreaterThan(25);

    const first = await health('?limit=1');
    const second = await health(`?limit=1&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items]).toEqual(items.slice(0, 2));
    for (const query of ['?band=awful', '?cursor=x', '?limit=0', '?limit=1e9'])
      expect((await forewarn.api.get(`/v1/customers/health${query}`)).status).toBe(400);
  });

  it('is measured two weeks later: how many of those called poor used the app no more', async () => {
    await using('hit', 'well');
    await forewarn.rows(
      `INSERT INTO health_call (customer_id, called_at, band) SELECT customer_id, $1::timestamptz - interval '1 hour', CASE value WHEN 'away' THEN 'poor' ELSE 'good' END FROM customer_identity WHERE kind = 'id'`,
      [forewarn.clock.now()],
    );
    forewarn.clock.advance('15d');
    await forewarn.runStage('health');
    expect((await health()).calibration).toEqual({ poor: { called: 1, silent: 1 }, rest: { called: 2, silent: 0 } });
    await forewarn.api.delete('/v1/customers/away');
    expect((await health()).calibration.poor.called).toBe(0);
  });

  it('calls each once in two weeks, and scores nobody of whom nothing is known', async () => {
    await forewarn.runStage('health');
    expect((await health()).items).toEqual([]);
    await using('well', 'hit', 'away');
    await forewarn.rows('UPDATE customer SET updated_at = updated_at');
    await forewarn.runStage('health');
    forewarn.clock.advance('1h');
    await forewarn.runStage('health');
    const called = await forewarn.rows('SELECT customer_id FROM health_call GROUP BY 1 HAVING count(*) > 1');
    expect(called).toEqual([]);
    expect((await health()).items.map((one) => one.score)).toEqual([100, 100, 100]);
  });
});

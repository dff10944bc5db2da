import { afterEach, describe, expect, it } from '@jest/globals';
import { Projects } from '../../src/projects/project.registry.js';
import { signatureOf } from '../../src/events/signature.js';
import { aCustomer, anEvent, anotherEvent, type EventBody } from '../support/builders.js';
import { allIssues } from '../support/issues.js';
import { TestDaemon } from '../support/test-daemon.js';

const KEYS = '/v1/projects/1/keys';
const projects = [{ slug: 'shop', name: 'Shop' }];

/** Made-up faults, each of its own. */
function madeUp(count: number, about: EventBody = {}): object[] {
  return Array.from({ length: count }, (_, nth) => ({ message: 'm', fingerprint: [`x${nth}`], ...about }));
}

describe('what a stranger sends with a public key', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  async function start(grouping: object = {}): Promise<void> {
    forewarn = await TestDaemon.start({ config: { projects, grouping }, env: { TRUST_PROXY: '1' } });
  }

  it('sends no new fault to the catch-all that hits somebody known, or comes with a server key', async () => {
    await start({ maxNewIssuesPerHour: 5 });
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await from('203.0.113.1', madeUp(20));
    expect(await titles()).toHaveLength(6);

    await from('203.0.113.1', [anEvent({ customer: 'c1' })]);
    await forewarn.send(anotherEvent());
    expect(await titles()).toEqual(
      expect.arrayContaining([expect.stringContaining('TypeError'), expect.stringContaining('RangeError')]),
    );
  });

  it('that was gathered is opened once it hits somebody known or whose id is signed', async () => {
    await start({ maxNewIssuesPerHour: 1 });
    const { key: secret } = (await forewarn.api.post(KEYS, { kind: 'signing' })).body as { key: string };
    await from('203.0.113.1', [...madeUp(1), anEvent({ customer: 'nobody' })]);
    expect((await titles()).filter((title) => title.includes('TypeError'))).toEqual([]);

    await from('203.0.113.1', [{ ...anEvent({ customer: 'anna' }), signature: signatureOf('anna', secret) }]);
    expect((await titles()).filter((title) => title.includes('TypeError'))).toHaveLength(1);
  });

  it('opens no more issues an hour than its address may, while another address opens its own', async () => {
    await start();
    await limit({ sourceNewIssuesPerHour: 3 });
    await from('203.0.113.1', madeUp(10));
    expect(await titles()).toHaveLength(4);
    await from('203.0.113.2', [anEvent()]);
    expect(await titles()).toHaveLength(5);

    forewarn.clock.advance('1h');
    await from('203.0.113.1', madeUp(10).slice(5));
    expect(await titles()).toHaveLength(8);
    const kept = await forewarn.rows<{ hours: number }>('SELECT count(DISTINCT hour)::int AS hours FROM issue_budget');
    expect(kept).toEqual([{ hours: 1 }]);
  });

  it('makes no more customers known in a minute than its address may; the events count', async () => {
    await start();
    await limit({ sourceNewCustomersPerMinute: 2 });
    await from('203.0.113.1', [
      ...['a', 'b', 'c', 'd'].map((customer) => anEvent({ customer })),
      anEvent({ customer: 'a' }),
      anEvent({ customer: 'd' }),
    ]);
    expect(await forewarn.row('SELECT count(*)::int AS n FROM customer')).toEqual({ n: 2 });
    expect(await forewarn.row('SELECT sum(event_count)::int AS n FROM cell')).toEqual({ n: 6 });
    expect((await forewarn.anyone.get('/metrics')).body).toContain(
      'forewarn_customers_refused_total{project="shop"} 3',
    );

    forewarn.clock.advance('1m');
    await from('203.0.113.1', [anEvent({ customer: 'c' })]);
    expect(await forewarn.row('SELECT count(*)::int AS n FROM customer')).toEqual({ n: 3 });
  });

  it('does not reopen what was fixed, whatever release it names and however often', async () => {
    await start();
    await fixed();
    for (let nth = 0; nth < 4; nth++) await from('203.0.113.1', [again({ release: '99.0.0', customer: 'c1' })]);
    await from('203.0.113.2', [again({ release: '99.0.0' })]);
    expect(await status()).toBe('resolved');

    await from('203.0.113.3', [again({ release: '99.0.0' })]);
    expect(await status()).toBe('open');
  });

  it('does not reopen it from one address hour after hour, and does about five customers', async () => {
    await start();
    await fixed();
    for (let hour = 0; hour < 4; hour++) {
      await from('203.0.113.1', [again({ release: '99.0.0' })]);
      forewarn.clock.advance('1h');
    }
    expect(await status()).toBe('resolved');

    await from(
      '203.0.113.1',
      ['a', 'b', 'c', 'd'].map((customer) => again({ release: '99.0.0', customer })),
    );
    expect(await status()).toBe('resolved');
    await from('203.0.113.1', [again({ release: '99.0.0', customer: 'e' })]);
    expect(await status()).toBe('open');
  });

  it('reopens it at once when it is sent with a server key', async () => {
    await start();
    await fixed();
    await forewarn.send(again({ release: '2.4.3' }));
    expect(await status()).toBe('open');
  });

  async function fixed(): Promise<void> {
    await forewarn.send(anEvent({ release: '2.4.1' }));
    forewarn.clock.advance('10m');
    expect((await forewarn.api.patch('/v1/issues/1', { status: 'resolved', inRelease: '2.4.2' })).status).toBe(200);
    forewarn.clock.advance('10m');
  }

  function again(about: EventBody): object {
    return anEvent(about);
  }

  async function from(address: string, events: readonly object[]): Promise<void> {
    const { key } = await forewarn.project();
    const answer = await forewarn.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': address },
      body: JSON.stringify(events),
    });
    expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ accepted: events.length })]);
  }

  async function limit(limits: object): Promise<void> {
    expect((await forewarn.api.patch(`${KEYS}/1`, { limits })).status).toBe(200);
    await forewarn.daemon.app.get(Projects).load();
  }

  async function titles(): Promise<string[]> {
    return (await allIssues(forewarn.api)).map(({ title }) => title);
  }

  async function status(): Promise<string> {
    return (await forewarn.row<{ status: string }>('SELECT status FROM issue WHERE id = 1')).status;
  }
});

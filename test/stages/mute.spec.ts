import { afterEach, describe, expect, it } from '@jest/globals';
import { Projects } from '../../src/projects/project.registry.js';
import { signatureOf } from '../../src/events/signature.js';
import { aCustomer, anEvent, anotherEvent, type EventBody } from '../support/builders.js';
import { envelope, item } from '../support/envelopes.js';
import { allIssues } from '../support/issues.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send } from '../support/wire.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
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

  it('keeps no event from counting by taking its id first, and a resend counts once', async () => {
    await start();
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    const real = anEvent({ customer: 'c1' });
    const id = real.id!;
    await from('203.0.113.1', [anotherEvent({ id, customer: 'made-up' })]);

    expect(await forewarn.send(real)).toMatchObject({ accepted: 1, duplicate: 0 });
    expect(await forewarn.send(real, real)).toMatchObject({ accepted: 0, duplicate: 2 });
    expect(await sent('203.0.113.1', [anotherEvent({ id, customer: 'made-up' })])).toMatchObject({ duplicate: 1 });
    const hits = await forewarn.rows(
      `SELECT value, events::int, server_events::int AS server FROM issue_customer JOIN customer_identity USING (customer_id)
       WHERE kind = 'id' ORDER BY 1`,
    );
    expect(hits).toEqual([
      { value: 'c1', events: 1, server: 1 },
      { value: 'made-up', events: 1, server: 0 },
    ]);
    const samples = await forewarn.rows<{ payload: string }>('SELECT payload FROM event_sample');
    expect(samples.filter(({ payload }) => payload.includes('coupon') || payload.includes('Coupon'))).toHaveLength(1);
  });

  it('keeps none from counting that differs in the customer or in who says so, also within one request', async () => {
    await start();
    const one = anEvent({ customer: 'c1' });
    const other = { ...one, customer: 'c2' };
    expect(await sent('203.0.113.1', [one, other, one, other])).toMatchObject({ accepted: 2, duplicate: 2 });
    expect(await forewarn.send(one)).toMatchObject({ accepted: 1 });
    expect(await forewarn.send({ ...one, timestamp: forewarn.clock.now().toISOString() })).toMatchObject({
      duplicate: 1,
    });
    expect(await forewarn.row('SELECT sum(event_count)::int AS n FROM cell')).toEqual({ n: 3 });
  });

  it('puts no date of last month into an incident, an issue or its evidence', async () => {
    await start();
    const timestamp = new Date(forewarn.clock.now().getTime() - 29 * DAY).toISOString();
    const customers = ['a', 'b', 'c', 'd', 'e', 'f'];
    await from(
      '203.0.113.1',
      customers.map((customer) => anEvent({ customer, timestamp })),
    );
    await forewarn.runStages('detect', 'incident-open', 'audience');

    const { items } = (await forewarn.api.get('/v1/incidents')).body as { items: { startedAt: string }[] };
    const { items: members } = (await forewarn.api.get('/v1/incidents/1/audience')).body as {
      items: { evidence: { firstAt: string } }[];
    };
    const { firstSeen } = (await forewarn.api.get('/v1/issues/1')).body as { firstSeen: string };
    const dates = [...items.map((one) => one.startedAt), ...members.map((one) => one.evidence.firstAt), firstSeen];
    expect(dates).toHaveLength(1 + customers.length + 1);
    expect(dates.filter((date) => Date.parse(date) < forewarn.clock.now().getTime() - DAY)).toEqual([]);
  });

  it('opens no incident of last month even if a server key says so', async () => {
    await start();
    const timestamp = new Date(forewarn.clock.now().getTime() - 29 * DAY).toISOString();
    await forewarn.send(...['a', 'b', 'c', 'd', 'e', 'f'].map((customer) => anEvent({ customer, timestamp })));
    await forewarn.runStages('detect', 'incident-open');
    const { startedAt } = await forewarn.row<{ startedAt: Date }>('SELECT started_at AS "startedAt" FROM incident');
    expect(startedAt.getTime()).toBeGreaterThan(forewarn.clock.now().getTime() - DAY);
  });

  it('keeps the time of a claim that is some hours old', async () => {
    await start();
    const at = new Date(forewarn.clock.now().getTime() - 20 * HOUR).toISOString();
    await from('203.0.113.1', [anEvent({ customer: 'a', timestamp: at })]);
    expect((await forewarn.api.get('/v1/issues/1')).body).toMatchObject({ firstSeen: at });
  });

  it('marks no list incomplete whose customers are known by a server key, and says who said so', async () => {
    await start();
    await forewarn.send(anEvent({ customer: 'c1' }), anEvent({ customer: 'c2' }));
    await from('203.0.113.1', [anotherEvent({ customer: 'c3' })]);
    await drops((await forewarn.project()).key, 1_000_000);
    await forewarn.runStage('telemetry-flush');

    expect(await affected(1)).toMatchObject({
      complete: true,
      missing: 0,
      claimsCount: false,
      words: expect.stringContaining('server key'),
      drops: [{ quantity: 1000, claimed: 1000 }],
    });
    expect(await affected(2)).toMatchObject({
      complete: false,
      missing: 1000,
      claimsCount: true,
      words: expect.stringContaining('anybody'),
    });
  });

  async function affected(issue: number): Promise<unknown> {
    return ((await forewarn.api.get(`/v1/issues/${issue}`)).body as { affected: unknown }).affected;
  }

  async function drops(key: string, quantity: number): Promise<void> {
    const report = { discarded_events: [{ reason: 'event_processor', category: 'error', quantity }] };
    const url = `${forewarn.url}/api/1/envelope/?sentry_key=${key}`;
    const answer = await send(url, { body: envelope({}, item('client_report', report)) });
    expect(answer.status).toBe(200);
  }

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
    expect(await sent(address, events)).toMatchObject({ accepted: events.length });
  }

  async function sent(address: string, events: readonly object[]): Promise<unknown> {
    const { key } = await forewarn.project();
    const answer = await forewarn.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': address },
      body: JSON.stringify(events),
    });
    expect(answer.status).toBe(200);
    return answer.body;
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

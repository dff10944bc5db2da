import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent } from '../support/builders.js';
import { type ApiAnswer } from '../support/api-client.js';
import { TestDaemon } from '../support/test-daemon.js';

const TRAITS =
  "SELECT i.value AS customer, t.name, t.value, t.count FROM customer_trait t JOIN customer_identity i ON i.customer_id = t.customer_id AND i.kind = 'id' ORDER BY 1, 2, 3";

describe('what customers use', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('is learnt from native events, once for an event that is sent twice', async () => {
    forewarn = await TestDaemon.start();
    const event = {
      ...anEvent({ customer: 'c1' }),
      transaction: '/orders/4711/pay?step=2',
      tags: { os: 'Android 14' },
    };

    await forewarn.send(event);
    await forewarn.send(event);
    await forewarn.runStage('trait-flush');

    expect(await forewarn.rows(TRAITS)).toEqual([
      { customer: 'c1', name: 'environment', value: 'production', count: 1 },
      { customer: 'c1', name: 'feature', value: '/orders/*/pay', count: 1 },
      { customer: 'c1', name: 'os', value: 'Android 14', count: 1 },
      { customer: 'c1', name: 'release', value: '2.4.1', count: 1 },
    ]);
  });

  it('is learnt from the contexts and flags of events of Sentry SDKs', async () => {
    forewarn = await TestDaemon.start();
    const { id, key } = await forewarn.project();
    const contexts = {
      os: { name: 'Android', version: '14.0.2' },
      device: { family: 'Pixel' },
      browser: { name: 'Chrome', version: '120.0.1' },
      flags: { values: [{ flag: 'New Cart', result: true }, { flag: 7 }] },
    };
    await forewarn.anyone.raw('POST', `/api/${id}/store/?sentry_key=${key}`, {
      body: JSON.stringify({ message: 'payment failed', user: { id: 'c1' }, contexts }),
    });

    await forewarn.runStage('trait-flush');

    const traits = await forewarn.rows<{ name: string; value: string }>(TRAITS);
    expect(Object.fromEntries(traits.map(({ name, value }) => [name, value]))).toEqual({
      environment: 'production',
      os: 'Android 14',
      device: 'Pixel',
      browser: 'Chrome 120',
      'flag.new_cart': 'true',
    });
  });

  it('is learnt from sessions, and from transactions that name their user, which are read for that alone', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    const chrome =
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';
    const session = { did: 'c1', init: true, status: 'exited', attrs: { release: '2.4.1', user_agent: chrome } };
    const transaction = {
      type: 'transaction',
      transaction: '/orders/4711/pay',
      user: { id: 'c1' },
      contexts: { culture: { locale: 'de-DE' }, flags: { values: [{ flag: 'new_cart', result: false }] } },
      spans: [{ description: 'SELECT 1' }],
    };
    const { id, key } = await forewarn.project();
    const post = (...items: [type: string, payload: object][]) =>
      forewarn.anyone.raw('POST', `/api/${id}/envelope/?sentry_key=${key}`, {
        body: ['{}', ...items.flatMap(([type, payload]) => [JSON.stringify({ type }), JSON.stringify(payload)])].join(
          '\n',
        ),
      });

    const named = await post(['session', session], ['transaction', transaction]);
    const value = (text: string) => ({ value: text, type: 'string' });
    const attributes = { 'user.id': value('c1'), 'sentry.op': value('http.server'), 'sentry.release': value('2.4.2') };
    const spans = {
      items: [
        { name: '/basket/17', attributes },
        { name: 'SELECT 1', attributes: {} },
      ],
    };
    expect((await post(['span', spans])).headers.get('x-sentry-rate-limits')).toBeNull();
    const unnamed = await post(['transaction', { ...transaction, user: undefined }]);
    await forewarn.runStages('trait-flush', 'telemetry-flush', 'outcome-flush');

    expect(named.headers.get('x-sentry-rate-limits')).toBeNull();
    expect(unnamed.headers.get('x-sentry-rate-limits')).toContain('transaction');
    const traits = await forewarn.rows<{ name: string; value: string }>(TRAITS);
    const others = traits.filter(({ name }) => name !== 'feature');
    expect(Object.fromEntries(others.map(({ name, value }) => [name, value]))).toEqual({
      browser: 'Chrome 126',
      environment: 'production',
      'flag.new_cart': 'false',
      locale: 'de-DE',
      os: 'Android 14',
      release: '2.4.2',
    });
    expect(traits.filter(({ name }) => name === 'feature').map((one) => one.value)).toEqual([
      '/basket/*',
      '/orders/*/pay',
    ]);
    expect(await forewarn.rows('SELECT outcome, count FROM intake_outcome ORDER BY 1')).toEqual([
      { outcome: 'discarded', count: 1 },
      { outcome: 'used', count: 3 },
    ]);
    expect(await forewarn.rows('SELECT FROM event_sample')).toEqual([]);
  });

  it('is told by activity of customers whom somebody knows, and makes them active', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await activity({ customer: 'nobody-knows-me', release: '2.4.1' });

    const answer = await activity({
      customer: 'c1',
      release: '2.4.1',
      traits: { Plan: ' pro ', beta: true },
    });
    await forewarn.runStages('trait-flush', 'telemetry-flush', 'outcome-flush');

    expect([answer.status, answer.body]).toEqual([200, { used: 1, invalid: 0, problems: [] }]);
    expect(await forewarn.rows(TRAITS)).toEqual([
      { customer: 'c1', name: 'beta', value: 'true', count: 1 },
      { customer: 'c1', name: 'plan', value: 'pro', count: 1 },
      { customer: 'c1', name: 'release', value: '2.4.1', count: 1 },
    ]);
    expect(await forewarn.rows('SELECT customer_id FROM customer_activity')).toHaveLength(1);
    expect(await forewarn.rows('SELECT outcome, count FROM intake_outcome')).toEqual([{ outcome: 'used', count: 2 }]);
  });

  it('is not told by bad lines, each of which is refused with its place', async () => {
    forewarn = await TestDaemon.start();
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`t${i}`, 1]));
    const bad: [unknown, string][] = [
      [{ customer: 'c1', os: { name: 'x' } }, '"os" must be text or a number, not an object'],
      [{ customer: 'c1', at: 'yesterday' }, '"at" must be a time as'],
      [{ customer: 'c1', version: '2' }, 'unknown key "version"; use "release"'],
      [{ customer: 'c1', traits: { a: { b: 1 } } }, '"traits.a" must be a short text'],
      [{ customer: 'c1', traits: { mail: 'kim@customers.example' } }, '"traits.mail" must be a short text'],
      [{ customer: 'c1', traits: many }, '32 traits'],
      [{ customer: 'null' }, '"customer" must name somebody'],
      [{ release: '2.4.1' }, 'needs a "customer"'],
      [7, 'must be a JSON object'],
    ];

    const answer = await activity(...bad.map(([sent]) => sent));
    await forewarn.runStages('trait-flush', 'outcome-flush');

    const { used, invalid, problems } = answer.body as { used: number; invalid: number; problems: unknown[] };
    expect([answer.status, used, invalid]).toEqual([400, 0, bad.length]);
    expect(problems).toEqual(bad.map(([, reason], at) => ({ line: at + 1, reason: expect.stringContaining(reason) })));
    expect(await forewarn.rows(TRAITS)).toEqual([]);
    const outcomes = await forewarn.rows('SELECT outcome, count FROM intake_outcome');
    expect(outcomes).toEqual([{ outcome: 'invalid', count: bad.length }]);
  });

  it('is 64 values of a customer at most, the newest', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    for (let round = 0; round < 3; round++) {
      const traits = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`t${round}.${i}`, i]));
      await activity({ customer: 'c1', traits });
      await forewarn.runStage('trait-flush');
      forewarn.clock.advance('1m');
    }

    const names = (await forewarn.rows<{ name: string }>(TRAITS)).map(({ name }) => name);
    expect(names).toHaveLength(64);
    expect(names.filter((name) => name.startsWith('t0.'))).toHaveLength(4);
  });

  it('is not pushed out by claims where a server tells it', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await forewarn.use({ customer: 'c1', traits: { plan: 'pro' } });
    await forewarn.runStage('trait-flush');
    for (let round = 0; round < 3; round++) {
      forewarn.clock.advance('1m');
      const traits = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`t${round}.${i}`, i]));
      await activity({ customer: 'c1', traits });
      await forewarn.runStage('trait-flush');
    }

    const names = (await forewarn.rows<{ name: string }>(TRAITS)).map(({ name }) => name);
    expect(names).toHaveLength(64);
    expect(names).toContain('plan');
  });

  it('is written at once where it is new of a customer, and how often they used the same again some minutes later', async () => {
    forewarn = await TestDaemon.start();
    const counts = async () => (await forewarn.rows<{ count: number }>(TRAITS)).map(({ count }) => count);
    await forewarn.send(anEvent({ customer: 'c1' }));
    await forewarn.runStage('trait-flush');
    for (let nth = 0; nth < 3; nth++) await forewarn.send(anEvent({ customer: 'c1' }));

    await forewarn.runStage('trait-flush');
    expect(await counts()).toEqual([1, 1]);

    for (let generation = 0; generation < 2; generation++) {
      forewarn.clock.advance('5m');
      await forewarn.runStage('trait-flush');
    }
    expect(await counts()).toEqual([4, 4]);
  });

  it('is added up where two names of a customer come between two writes', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(aCustomer({ externalId: 'c1', email: 'kim@customers.example' }));
    const { id, key } = await forewarn.project();
    const session = { did: 'kim@customers.example', init: true, attrs: { release: '2.4.1' } };
    await forewarn.anyone.raw('POST', `/api/${id}/envelope/?sentry_key=${key}`, {
      body: ['{}', JSON.stringify({ type: 'session' }), JSON.stringify(session)].join('\n'),
    });
    await activity({ customer: 'c1', release: '2.4.1' }, { customer: 'c1', release: '2.4.2' });

    await forewarn.runStage('trait-flush');

    expect(await forewarn.rows(`${TRAITS.replace(' ORDER', " WHERE t.name = 'release' ORDER")}`)).toEqual([
      { customer: 'c1', name: 'release', value: '2.4.1', count: 2 },
      { customer: 'c1', name: 'release', value: '2.4.2', count: 1 },
    ]);
  });

  it('is written when the daemon stops, also what was seen again', async () => {
    forewarn = await TestDaemon.start();
    const beside = await TestDaemon.start({ beside: forewarn });
    await beside.send(anEvent({ customer: 'c1' }));
    await beside.runStage('trait-flush');
    await beside.send(anEvent({ customer: 'c1' }));

    await beside.stop();

    expect((await forewarn.rows<{ count: number }>(TRAITS)).map(({ count }) => count)).toEqual([2, 2]);
  });

  it('goes with a customer who is erased, also what is gathered and not written yet', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await forewarn.send(anEvent({ customer: 'c1' }));
    await forewarn.runStage('trait-flush');
    await forewarn.send(anEvent({ customer: 'c1', release: '2.4.2' }));

    await forewarn.api.delete('/v1/customers/c1');
    await forewarn.runStage('trait-flush');

    expect(await forewarn.rows('SELECT * FROM customer_trait')).toEqual([]);
  });

  async function activity(...sent: unknown[]): Promise<ApiAnswer> {
    const { key } = await forewarn.project();
    return forewarn.anyone.raw('POST', '/v1/activity', {
      headers: { authorization: `Bearer ${key}` },
      body: sent.map((one) => JSON.stringify(one)).join('\n'),
    });
  }
});

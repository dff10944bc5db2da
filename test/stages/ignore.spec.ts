import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('an issue that people ignore', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('counts nowhere else, and shows what that kept back since then', async () => {
    forewarn = await ignored({});
    await hit('a', 'b', 'b');
    expect(await issue()).toMatchObject({
      status: 'ignored',
      events: 1,
      customers: 1,
      ignoredAt: '2026-03-10T12:00:00.000Z',
      ignoredUntil: null,
      ignoredEvents: 3,
      ignoredCustomers: 2,
    });
    forewarn.clock.advance('52w');
    expect((await forewarn.runStage('ignore-end')).worked).toBe(0);
  });

  it('until a time is open again by itself then, and what it kept back stays shown', async () => {
    forewarn = await ignored({ until: '2026-03-10T14:00:00Z' });
    await hit('a', 'b');
    forewarn.clock.advance('119m');
    expect((await forewarn.runStage('ignore-end')).worked).toBe(0);
    forewarn.clock.advance('1m');
    expect((await forewarn.runStage('ignore-end')).worked).toBe(1);
    expect((await forewarn.runStage('ignore-end')).worked).toBe(0);

    await hit('c');
    expect(await issue()).toMatchObject({ status: 'open', events: 2, ignoredEvents: 2, ignoredCustomers: 2 });
    const { items } = (await forewarn.api.get('/v1/issues/1/actions')).body as { items: object[] };
    expect(items[0]).toMatchObject({ kind: 'status', actor: 'forewarn' });
  });

  it('until some customers are hit is open again when they are, however often each', async () => {
    forewarn = await ignored({ untilCustomers: 3 });
    await hit('a', 'b', 'a', 'b', 'a');
    expect((await forewarn.runStage('ignore-end')).worked).toBe(0);
    await hit('c');
    expect((await forewarn.runStage('ignore-end')).worked).toBe(1);
    expect(await issue()).toMatchObject({ status: 'open', ignoredCustomers: 3 });
  });

  it('again begins to count anew; with another end while it is ignored it goes on', async () => {
    forewarn = await ignored({ untilCustomers: 3 });
    await hit('a', 'b');
    await patch({ status: 'ignored', untilCustomers: 9 });
    expect(await issue()).toMatchObject({ ignoredUntilCustomers: 9, ignoredEvents: 2 });
    await patch({ status: 'open' });
    await patch({ status: 'ignored' });
    expect(await issue()).toMatchObject({ ignoredUntilCustomers: null, ignoredEvents: 0, ignoredCustomers: 0 });
  });

  it('needs an end in the future, and nothing else has one', async () => {
    forewarn = await ignored({});
    expect(await patch({ status: 'ignored', until: '2026-03-10T11:00:00Z' })).toBe(400);
    expect(await patch({ status: 'open', until: '2026-03-11T11:00:00Z' })).toBe(400);
    expect(await patch({ status: 'resolved', untilCustomers: 2 })).toBe(400);
  });

  it('forgets erased customers as any other does', async () => {
    forewarn = await ignored({});
    await hit('a', 'b');
    await forewarn.api.delete('/v1/customers/a');
    await forewarn.runStages('erasure', 'forget-hits');
    expect(await issue()).toMatchObject({ ignoredEvents: 2, ignoredCustomers: 1 });
  });

  async function ignored(end: object): Promise<TestDaemon> {
    forewarn = await TestDaemon.start();
    await hit('first');
    expect(await patch({ status: 'ignored', ...end })).toBe(200);
    return forewarn;
  }

  async function hit(...customers: string[]): Promise<void> {
    await forewarn.send(...customers.map((customer) => anEvent({ customer })));
  }

  async function patch(body: object): Promise<number> {
    return (await forewarn.api.patch('/v1/issues/1', body)).status;
  }

  async function issue(): Promise<object> {
    return (await forewarn.api.get('/v1/issues/1')).body as object;
  }
});

describe('a rule that ignores', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('shows how many events it kept back, each once, in which project and until when', async () => {
    const projects = [
      { slug: 'shop', name: 'Shop' },
      { slug: 'other', name: 'Other' },
    ];
    const rules = [
      { name: 'pages', match: { message: '*page*' }, set: { ignore: true }, until: '2026-03-10T13:00:00Z' },
      { name: 'ranges', match: { type: 'RangeError' }, set: { ignore: true } },
      { name: 'coupons', match: { function: 'applyCoupon' }, set: { area: 'checkout' } },
    ];
    forewarn = await TestDaemon.start({ config: { projects, grouping: { rules } } });
    const event = anotherEvent({ customer: 'a' });
    await forewarn.send(event, anotherEvent(), anEvent());
    await forewarn.send(event);
    forewarn.clock.advance('5m');
    const { key } = await forewarn.project('other');
    await forewarn.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(anotherEvent()),
    });
    const ignored = {
      events: 3,
      firstAt: '2026-03-10T12:00:00.000Z',
      lastAt: '2026-03-10T12:05:00.000Z',
      projects: { shop: 2, other: 1 },
    };
    expect(await shown()).toEqual([
      { ...rules[0], state: 'active', ignored },
      { ...rules[1], state: 'active', ignored: null },
      { ...rules[2], state: 'active', ignored: null },
    ]);

    forewarn.clock.advance('55m');
    await forewarn.send(anotherEvent({ timestamp: forewarn.clock.now().toISOString() }));
    expect(await shown()).toMatchObject([
      { state: 'ended', ignored },
      { state: 'active', ignored: { events: 1 } },
      { ignored: null },
    ]);
  });

  async function shown(): Promise<object[]> {
    return ((await forewarn.api.get('/v1/issues/rules')).body as { items: object[] }).items;
  }
});

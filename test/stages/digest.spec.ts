import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { LedgerStore } from '../../src/intake/ledger/ledger.store.js';
import { aCustomer, anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('digest', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('counts an event once, however often it is sent', async () => {
    forewarn = await TestDaemon.start();
    const event = anEvent({ customer: 'c1' });

    expect(await forewarn.send(event)).toMatchObject({ accepted: 1, duplicate: 0 });
    const before = await books(forewarn);
    expect(await forewarn.send(event, event)).toMatchObject({ accepted: 0, duplicate: 2 });

    expect(await books(forewarn)).toEqual(before);
    expect(before.issues).toEqual([{ event_count: 1 }]);
  });

  it('takes a whole batch again without a change, also after a restart', async () => {
    forewarn = await TestDaemon.start();
    const batch = Array.from({ length: 40 }, (_, at) =>
      (at % 2 ? anEvent : anotherEvent)({ customer: `c${at % 7}`, message: `order ${at} failed` }),
    );
    await forewarn.send(...batch);
    const before = await books(forewarn);
    const second = await TestDaemon.start({ beside: forewarn });

    expect(await second.send(...batch)).toMatchObject({ accepted: 0, duplicate: 40 });

    await second.stop();
    expect(await books(forewarn)).toEqual(before);
  });

  it('keeps counts that sum: issues, minutes, customers and outcomes tell the same number', async () => {
    forewarn = await TestDaemon.start();
    for (let minute = 0; minute < 3; minute++) {
      await forewarn.send(
        ...['c1', 'c2', 'c1'].map((customer) => anEvent({ customer })),
        anotherEvent({ customer: 'c3' }),
      );
      forewarn.clock.advance('1m');
    }

    expect(await books(forewarn)).toEqual({
      issues: [{ event_count: 3 }, { event_count: 9 }],
      minutes: { events: 12, customers: 9, arrivals: 3, rows: 6 },
      hits: [{ events: 3 }, { events: 3 }, { events: 6 }],
      accepted: 12,
      people: 3,
    });
  });

  it('keeps of each hit the first, the last and the last event, in whatever order the events come', async () => {
    forewarn = await TestDaemon.start();
    const newer = anEvent({ customer: 'c1', timestamp: '2026-03-10T11:59:00Z' });
    await forewarn.send(newer);
    await forewarn.send(anEvent({ customer: 'c1', timestamp: '2026-03-10T11:40:00Z' }));

    const { items } = (await forewarn.api.get('/v1/issues/1/customers')).body as { items: unknown[] };
    expect(items).toEqual([
      expect.objectContaining({
        externalId: 'c1',
        events: 2,
        firstAt: '2026-03-10T11:40:00.000Z',
        lastAt: '2026-03-10T11:59:00.000Z',
        lastEventId: newer.id?.replaceAll('-', ''),
      }),
    ]);
  });

  it('counts in one round trip where it remembers issue and customer, and step by step where an event came before', async () => {
    forewarn = await TestDaemon.start();
    const [atOnce, stepwise] = [
      jest.spyOn(LedgerStore.prototype, 'claimAllEvents'),
      jest.spyOn(LedgerStore.prototype, 'claimEvents'),
    ];
    try {
      await forewarn.send(anEvent({ customer: 'c1' })); // opens the issue
      await forewarn.send(anEvent({ customer: 'c1' })); // is looked up
      expect([atOnce.mock.calls.length, stepwise.mock.calls.length]).toEqual([0, 2]);

      const known = anEvent({ customer: 'c1' });
      await forewarn.send(known, anEvent({ customer: 'c1' }));
      expect([atOnce.mock.calls.length, stepwise.mock.calls.length]).toEqual([1, 2]);

      const answer = await forewarn.send(anEvent({ customer: 'c1' }), known);
      expect([atOnce.mock.calls.length, stepwise.mock.calls.length]).toEqual([2, 3]);
      expect(answer).toMatchObject({ accepted: 1, duplicate: 1 });
      expect(await books(forewarn)).toMatchObject({ issues: [{ event_count: 5 }], hits: [{ events: 5 }], accepted: 5 });
    } finally {
      atOnce.mockRestore();
      stepwise.mockRestore();
    }
  });

  it('sees what another process decided about an issue that it remembers', async () => {
    forewarn = await TestDaemon.start();
    const second = await TestDaemon.start({ beside: forewarn });
    try {
      for (let nth = 0; nth < 3; nth++)
        await forewarn.send(anEvent({ customer: 'c1' }), anotherEvent({ customer: 'c1' }));
      await second.api.patch('/v1/issues/1', { status: 'ignored' });
      await second.api.patch('/v1/issues/2', { status: 'resolved' });
      forewarn.clock.advance('1m');

      expect(await forewarn.send(anEvent({ customer: 'c1' }), anotherEvent({ customer: 'c1' }))).toMatchObject({
        accepted: 1,
        ignored: 1,
      });

      expect((await forewarn.api.get('/v1/issues/2')).body).toMatchObject({
        status: 'open',
        regressedAt: expect.anything(),
      });
      await second.api.post('/v1/issues/2/merge', { into: '1' });
      expect(await forewarn.send(anotherEvent({ customer: 'c1' }))).toMatchObject({ ignored: 1 });
    } finally {
      await second.stop();
    }
  });

  it('knows a customer by any identity that came together with another before', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent({ customer: { id: 'c1', email: 'C1@Customers.example' } }));
    await forewarn.send(anEvent({ customer: { email: 'c1@customers.example' } }), anEvent({ customer: { id: 'c1' } }));

    expect(await books(forewarn)).toMatchObject({ people: 1, hits: [{ events: 3 }] });
  });

  it('counts what telemetry knew of a customer for the entry that the directory brings later', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent({ customer: { email: 'kim@customers.example' } }), anEvent({ customer: 'kim' }));

    await forewarn.know(aCustomer({ externalId: 'kim' }));

    const { items } = (await forewarn.api.get('/v1/issues/1/customers')).body as { items: { externalId: string }[] };
    expect(new Set(items.map((one) => one.externalId))).toEqual(new Set(['kim']));
    await forewarn.send(anEvent({ customer: { email: 'kim@customers.example' } }));
    expect((await forewarn.api.get('/v1/bot/explanations?customer=kim')).status).toBe(200);
    const after = (await forewarn.api.get('/v1/issues/1/customers')).body as {
      items: { externalId: string; events: number }[];
    };
    expect(after.items.reduce((sum, one) => sum + one.events, 0)).toBe(3);
    expect(new Set(after.items.map((one) => one.externalId))).toEqual(new Set(['kim']));
  });

  it('counts nothing for an ignored issue but its outcome', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent({ customer: 'c1' }));
    await forewarn.api.patch('/v1/issues/1', { status: 'ignored' });

    expect(await forewarn.send(anEvent({ customer: 'c2' }))).toMatchObject({ accepted: 0, ignored: 1 });

    expect(await books(forewarn)).toMatchObject({ issues: [{ event_count: 1 }], hits: [{ events: 1 }], accepted: 1 });
    expect(await forewarn.row("SELECT count FROM intake_outcome WHERE outcome = 'ignored'")).toEqual({ count: 1 });
  });

  it('opens one issue and counts exactly when two daemons on one database meet the same fault at once', async () => {
    forewarn = await TestDaemon.start();
    const second = await TestDaemon.start({ beside: forewarn });
    const rounds = Array.from({ length: 20 }, (_, at) => [
      forewarn.send(anEvent({ customer: `c${at % 5}` }), anotherEvent({ customer: `c${at % 3}` })),
      second.send(anotherEvent({ customer: `c${at % 3}` }), anEvent({ customer: `c${at % 5}` })),
    ]);

    const answers = await Promise.all(rounds.flat());

    expect(answers.every((one) => one.accepted === 2)).toBe(true);
    await second.stop();
    expect(await books(forewarn)).toMatchObject({
      issues: [{ event_count: 40 }, { event_count: 40 }],
      minutes: { events: 80, customers: 8, arrivals: 8, rows: 2 },
      accepted: 80,
      people: 5,
    });
  });

  it('notes in which ten seconds of a minute customers arrived, and not when they came back', async () => {
    forewarn = await TestDaemon.start();
    const into = forewarn.clock.now().getTime() % 60_000;
    forewarn.clock.advance(`${(60_000 - into) / 1000}s`);
    for (const customer of ['c1', 'c2', 'c1', 'c3']) {
      await forewarn.send(anEvent({ customer }));
      forewarn.clock.advance('15s');
    }

    expect(await forewarn.rows('SELECT moments FROM issue_minute')).toEqual([{ moments: 0b010011 }]);
    expect(await forewarn.rows('SELECT moments FROM series_minute')).toEqual([{ moments: 0b010011 }]);
  });

  it('keeps the 1st, 2nd, 4th … payload of an issue in an hour, without the identity of the customer', async () => {
    forewarn = await TestDaemon.start();
    const events = Array.from({ length: 30 }, () =>
      anEvent({ customer: { id: 'c1', email: 'kim@customers.example' } }),
    );
    await forewarn.send(...events.slice(0, 15));
    await forewarn.send(...events.slice(15));

    const samples = await forewarn.rows<{ payload: string }>('SELECT payload FROM event_sample');
    expect(samples).toHaveLength(5);
    expect(samples.filter((one) => one.payload.includes('kim@'))).toEqual([]);
  });

  it('hides and keeps what the configuration says, in samples and in titles', async () => {
    forewarn = await TestDaemon.start({
      config: { scrubbing: { hideKeys: ['tax-number'], keepKeys: ['session_id'], hidePatterns: ['ZZ\\d+'] } },
    });
    const tags = { taxNumber: 'x1', session_id: 'kept', password: 'hunter2', note: 'id ZZ12' };
    await forewarn.send({ id: randomUUID(), message: 'no cart ZZ12', tags });

    const { payload } = await forewarn.row<{ payload: string }>('SELECT payload FROM event_sample');
    expect(JSON.parse(payload)).toMatchObject({
      message: 'no cart [hidden]',
      tags: { taxNumber: '[hidden]', session_id: 'kept', password: '[hidden]', note: 'id [hidden]' },
    });
    expect(await forewarn.rows('SELECT title FROM cell')).toEqual([{ title: 'no cart [hidden]' }]);
  });
});

async function books(forewarn: TestDaemon) {
  return {
    issues: await forewarn.rows('SELECT sum(event_count)::int AS event_count FROM cell GROUP BY issue_id ORDER BY 1'),
    minutes: await forewarn.row(
      'SELECT sum(events)::int AS events, sum(customers)::int AS customers, sum(arrivals)::int AS arrivals, count(*)::int AS rows FROM issue_minute',
    ),
    hits: await forewarn.rows('SELECT sum(events)::int AS events FROM issue_customer GROUP BY customer_id ORDER BY 1'),
    accepted: (
      await forewarn.row<{ sum: number }>(
        "SELECT coalesce(sum(count), 0)::int AS sum FROM intake_outcome WHERE outcome = 'accepted'",
      )
    ).sum,
    people: (
      await forewarn.row<{ count: number }>('SELECT count(*)::int AS count FROM customer WHERE merged_into IS NULL')
    ).count,
  };
}

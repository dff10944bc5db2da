import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Issues } from '../../src/issues/public.js';
import { Database } from '../../src/platform/db/database.js';
import { aCustomer, anEvent, anotherEvent } from '../support/builders.js';
import { type TestDaemon as Daemon, TestDaemon } from '../support/test-daemon.js';

interface IssueView {
  readonly id: string;
  readonly events: number;
  readonly customers: number;
  readonly status: string;
  readonly mergedInto: string | null;
  readonly regressedAt: string | null;
}

/** A fault of its own for each letter. */
const faultOf = (letter: string, customer: string, about = {}) =>
  anEvent({
    type: 'StockError',
    message: 'none left',
    stack: `StockError: none left\n    at take${letter.repeat(3)} (/srv/shop/src/stock.js:4:2)\n    at handle (/srv/shop/src/server.js:9:1)`,
    customer,
    ...about,
  });

async function issues(forewarn: Daemon): Promise<IssueView[]> {
  return ((await forewarn.api.get('/v1/issues?limit=200')).body as { items: IssueView[] }).items.reverse();
}

async function issue(forewarn: Daemon, id: string): Promise<IssueView & { fingerprints: { key: string }[] }> {
  return (await forewarn.api.get(`/v1/issues/${id}`)).body as IssueView & { fingerprints: { key: string }[] };
}

async function customersOf(forewarn: Daemon, id: string): Promise<Record<string, number>> {
  const { items } = (await forewarn.api.get(`/v1/issues/${id}/customers?limit=200`)).body as {
    items: { externalId: string; events: number }[];
  };
  return Object.fromEntries(items.map((one) => [one.externalId, one.events]));
}

describe('merge and split', () => {
  let forewarn: Daemon;
  afterEach(() => forewarn.stop());

  it('make one issue of two, in which a customer of both counts once', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(faultOf('a', 'c1'), faultOf('a', 'c2'), faultOf('b', 'c2'), faultOf('b', 'c3'));

    const answer = await forewarn.api.post('/v1/issues/2/merge', { into: '1' });

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ issue: { id: '1', events: 4, customers: 3 } });
    expect(await issues(forewarn)).toHaveLength(1);
    expect(await customersOf(forewarn, '1')).toEqual({ c1: 1, c2: 2, c3: 1 });
    expect(await issue(forewarn, '2')).toMatchObject({ mergedInto: '1', events: 4, customers: 3 });
  });

  it('bind future events, also in a daemon that started before', async () => {
    forewarn = await TestDaemon.start();
    const second = await TestDaemon.start({ beside: forewarn });
    await second.send(faultOf('a', 'c1'), faultOf('b', 'c2'));
    await forewarn.api.post('/v1/issues/2/merge', { into: '1' });

    await second.send(faultOf('b', 'c3'));

    await second.stop();
    expect(await issues(forewarn)).toEqual([expect.objectContaining({ events: 3, customers: 3 })]);
  });

  it('split a fingerprint off with what it counted, and bind its future events', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(faultOf('a', 'c1'), faultOf('b', 'c1'), faultOf('b', 'c2'));
    await forewarn.api.post('/v1/issues/2/merge', { into: '1' });
    const [, ofB] = (await issue(forewarn, '1')).fingerprints;

    const answer = await forewarn.api.post('/v1/issues/1/split', { fingerprints: [ofB?.key] });
    await forewarn.send(faultOf('b', 'c3'));

    expect(answer.body).toMatchObject({
      issue: { id: '3', events: 2, customers: 2 },
      from: { events: 1, customers: 1 },
    });
    expect(await issues(forewarn)).toEqual([
      expect.objectContaining({ id: '1', events: 1 }),
      expect.objectContaining({ id: '3', events: 3, customers: 3 }),
    ]);
  });

  it('can be undone, and say so when something later stands in the way', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(faultOf('a', 'c1'), faultOf('b', 'c1'), faultOf('c', 'c2'));
    const first = (await forewarn.api.post('/v1/issues/1/merge', { into: '2' })).body as { actionId: string };
    const then = (await forewarn.api.post('/v1/issues/2/merge', { into: '3' })).body as { actionId: string };

    expect((await forewarn.api.post(`/v1/issues/actions/${first.actionId}/undo`)).status).toBe(409);
    expect((await forewarn.api.post(`/v1/issues/actions/${then.actionId}/undo`)).status).toBe(200);
    expect((await forewarn.api.post(`/v1/issues/actions/${first.actionId}/undo`)).status).toBe(200);
    expect((await forewarn.api.post(`/v1/issues/actions/${first.actionId}/undo`)).status).toBe(409);

    expect((await issues(forewarn)).map((one) => one.events)).toEqual([1, 1, 1]);
    const log = (await forewarn.api.get('/v1/issues/1/actions')).body as { items: unknown[] };
    expect(log.items).toEqual([expect.objectContaining({ kind: 'merge', into: '2', undoneBy: expect.any(String) })]);
  });

  it('refuse what makes no sense, each with its reason', async () => {
    forewarn = await TestDaemon.start({ config: { projects: [{ slug: 'shop', name: 'Shop' }] } });
    await forewarn.send(faultOf('a', 'c1'), faultOf('b', 'c1'));
    const [only] = (await issue(forewarn, '1')).fingerprints;
    const [strange] = (await issue(forewarn, '2')).fingerprints;

    expect((await forewarn.api.post('/v1/issues/1/merge', { into: '1' })).status).toBe(409);
    expect((await forewarn.api.post('/v1/issues/1/merge', { into: '9' })).status).toBe(400);
    expect((await forewarn.api.post('/v1/issues/9/merge', { into: '1' })).status).toBe(404);
    expect((await forewarn.api.post('/v1/issues/1/split', { fingerprints: [only?.key] })).status).toBe(409);
    expect((await forewarn.api.post('/v1/issues/1/split', { fingerprints: [strange?.key] })).status).toBe(400);
    expect((await forewarn.api.post('/v1/issues/actions/77/undo')).status).toBe(404);
  });

  it('bring the customers of what was merged to an incident that is open', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...['c1', 'c2', 'c3', 'c4'].map((externalId) => aCustomer({ externalId })));
    await forewarn.send(anotherEvent({ customer: 'c4' }));
    forewarn.clock.advance('10m');
    await forewarn.send(...['c1', 'c2', 'c3'].map((customer) => anEvent({ customer })));
    await forewarn.plan();
    forewarn.clock.advance('10m');

    await forewarn.api.post('/v1/issues/1/merge', { into: '2' });
    await forewarn.runStages('audience');

    expect(await forewarn.rows('SELECT customer_id FROM audience_member')).toHaveLength(4);
  });

  it('do not make an issue of several cells spread faster than its customers', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(faultOf('a', 'c1'), faultOf('b', 'c1'), faultOf('c', 'c1'), faultOf('c', 'c2'));
    await forewarn.api.post('/v1/issues/2/merge', { into: '1' });
    await forewarn.api.post('/v1/issues/3/merge', { into: '1' });

    const [known, database] = [forewarn.daemon.app.get(Issues), forewarn.daemon.app.get(Database)];
    const spread = (customers: number) => known.spreading(database, new Date(0), customers);

    expect(await spread(3)).toEqual([]);
    expect(await spread(2)).toEqual([expect.objectContaining({ issueId: 1, customers: 2 })]);
  });
});

describe('any sequence of merges, splits, undos and events', () => {
  let forewarn: Daemon;
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
  });
  afterAll(() => forewarn.stop());
  let run = 0;

  /** The groups that people should see: by fault the group it belongs to, and what every fault counted. */
  interface World {
    readonly prefix: string;
    readonly group: Map<string, string>;
    readonly hits: Map<string, Record<string, number>>;
    readonly done: { actionId: string; before: Map<string, string> }[];
  }

  const step = fc.record({
    kind: fc.constantFrom('event', 'event', 'merge', 'merge', 'split', 'undo'),
    a: fc.nat(4),
    b: fc.nat(4),
    customer: fc.nat(3),
  });

  it('keeps every count of events and of customers exact, and undoing all restores the beginning', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const world: World = {
          prefix: String.fromCharCode(97 + (run % 26)) + 'xyz'.charAt(run++ % 3),
          group: new Map(),
          hits: new Map(),
          done: [],
        };
        for (let fault = 0; fault < 5; fault++) await sendOne(world, fault, 0);
        for (const one of steps) await take(world, one);
        await check(world);
        while (world.done.length > 0) await undoLast(world);
        await check(world);
        expect(new Set(world.group.values()).size).toBe(5);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  }, 120_000);

  const letters = (world: World, fault: number) =>
    `${world.prefix}${'pqrst'[fault]}${run}`.replace(/\d/g, (d) => 'abcdefghij'[Number(d)] ?? d);

  async function sendOne(world: World, fault: number, customer: number): Promise<void> {
    const name = letters(world, fault);
    await forewarn.send(faultOf(name, `k${customer}`));
    const hits = world.hits.get(name) ?? {};
    world.hits.set(name, { ...hits, [`k${customer}`]: (hits[`k${customer}`] ?? 0) + 1 });
    if (!world.group.has(name)) world.group.set(name, await issueOf(name));
  }

  async function keyOf(name: string): Promise<string> {
    return (
      await forewarn.row<{ key: string }>('SELECT f.key FROM fingerprint f WHERE f.parts::text LIKE $1', [
        `%take${name.repeat(3)}%`,
      ])
    ).key;
  }

  async function issueOf(name: string): Promise<string> {
    const row = await forewarn.row<{ id: number }>(
      'SELECT i.root_id AS id FROM fingerprint f JOIN cell c ON c.id = f.cell_id JOIN issue i ON i.id = c.issue_id WHERE f.key = $1',
      [await keyOf(name)],
    );
    return String(row.id);
  }

  async function take(
    world: World,
    { kind, a, b, customer }: { kind: string; a: number; b: number; customer: number },
  ): Promise<void> {
    const [nameA, nameB] = [letters(world, a), letters(world, b)];
    const [groupA, groupB] = [world.group.get(nameA) ?? '', world.group.get(nameB) ?? ''];
    const before = new Map(world.group);
    if (kind === 'event') await sendOne(world, a, customer);
    if (kind === 'undo' && world.done.length > 0) await undoLast(world);
    if (kind === 'merge' && groupA !== groupB) {
      const answer = await forewarn.api.post(`/v1/issues/${groupA}/merge`, { into: groupB });
      for (const [name, group] of before) if (group === groupA) world.group.set(name, groupB);
      world.done.push({ actionId: (answer.body as { actionId: string }).actionId, before });
    }
    if (kind === 'split' && [...before.values()].filter((group) => group === groupA).length > 1) {
      const answer = await forewarn.api.post(`/v1/issues/${groupA}/split`, { fingerprints: [await keyOf(nameA)] });
      const { actionId, issue: made } = answer.body as { actionId: string; issue: { id: string } };
      world.group.set(nameA, made.id);
      world.done.push({ actionId, before });
    }
  }

  async function undoLast(world: World): Promise<void> {
    const last = world.done.pop();
    if (!last) return;
    expect((await forewarn.api.post(`/v1/issues/actions/${last.actionId}/undo`)).status).toBe(200);
    for (const [name, group] of last.before) world.group.set(name, group);
  }

  async function check(world: World): Promise<void> {
    for (const group of new Set(world.group.values())) {
      const expected: Record<string, number> = {};
      for (const [name, at] of world.group) {
        if (at !== group) continue;
        for (const [customer, count] of Object.entries(world.hits.get(name) ?? {}))
          expected[customer] = (expected[customer] ?? 0) + count;
      }
      const total = Object.values(expected).reduce((sum, count) => sum + count, 0);
      expect(await issue(forewarn, group)).toMatchObject({
        mergedInto: null,
        events: total,
        customers: Object.keys(expected).length,
      });
      expect(await customersOf(forewarn, group)).toEqual(expected);
    }
  }
});

describe('a resolved issue', () => {
  let forewarn: Daemon;
  afterEach(() => forewarn.stop());
  const release = (name: string) => anEvent({ customer: 'c1', release: name });

  it('opens again on the first event after it', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent({ customer: 'c1' }));
    forewarn.clock.advance('1m');
    await forewarn.api.patch('/v1/issues/1', { status: 'resolved' });
    await forewarn.send(anEvent({ customer: 'c1', timestamp: '2026-03-10T12:00:30Z' }));
    expect(await issue(forewarn, '1')).toMatchObject({ status: 'resolved', events: 2, regressedAt: null });
    forewarn.clock.advance('1m');

    await forewarn.send(anEvent({ customer: 'c2' }));

    expect(await issue(forewarn, '1')).toMatchObject({
      status: 'open',
      events: 3,
      regressedAt: '2026-03-10T12:02:00.000Z',
    });
  });

  it('in a release counts events of older ones and opens again on that one or a later one', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(release('2.4.1'));
    await forewarn.api.patch('/v1/issues/1', { status: 'resolved', inRelease: '2.5.0' });
    await forewarn.send(release('2.4.1'), release('2.4.9'));
    expect(await issue(forewarn, '1')).toMatchObject({ status: 'resolved', events: 3 });

    await forewarn.send(release('2.10.0'));

    expect(await issue(forewarn, '1')).toMatchObject({
      status: 'open',
      events: 4,
      resolvedIn: '2.5.0',
      regressedRelease: '2.10.0',
    });
  });

  it('in a release without an order of names goes by which release was seen first', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(release('fa11ed'));
    forewarn.clock.advance('1m');
    await forewarn.api.patch('/v1/issues/1', { status: 'resolved', inRelease: 'f1x' });
    await forewarn.send(release('fa11ed'));
    expect(await issue(forewarn, '1')).toMatchObject({ status: 'resolved' });
    forewarn.clock.advance('1m');

    await forewarn.send(release('f1x2'));

    expect(await issue(forewarn, '1')).toMatchObject({ status: 'open', regressedRelease: 'f1x2' });
  });

  it('is resolved, ignored and opened by people, who can undo it', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent());
    await forewarn.api.patch('/v1/issues/1', { status: 'resolved', inRelease: '2.5.0' });
    expect((await forewarn.api.patch('/v1/issues/1', { status: 'ignored', inRelease: '2.5.0' })).status).toBe(400);
    const { items } = (await forewarn.api.get('/v1/issues/1/actions')).body as { items: { id: string }[] };

    const answer = await forewarn.api.post(`/v1/issues/actions/${items[0]?.id}/undo`);

    expect(answer.body).toMatchObject({ issue: { status: 'open', resolvedIn: null, resolvedAt: null } });
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { CausesStage } from '../../src/audience/causes/causes.stage.js';
import { CausesStore } from '../../src/audience/causes/causes.store.js';
import { Database } from '../../src/platform/db/database.js';
import { aCustomer, anEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

/** Customers of the world: a quarter on Android 14, a half with 2.4.1, so an eighth has both. */
const CUSTOMERS = 240;

interface World {
  readonly id: string;
  readonly os: string;
  readonly release: string;
}

const world = Array.from({ length: CUSTOMERS }, (_, i): World => {
  return { id: `c${i}`, os: i % 4 === 0 ? 'Android 14' : `iOS ${i % 3}`, release: i % 8 < 4 ? '2.4.1' : '2.4.0' };
});
const faulty = world.filter(({ os, release }) => os === 'Android 14' && release === '2.4.1').map(({ id }) => id);

describe('causes', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('name first what the affected share, and call the others who share it at risk', async () => {
    await open(faulty.slice(0, 15));

    const { items, atRisk } = await causes();

    expect(items[0]).toMatchObject({
      cause: { os: 'Android 14', release: '2.4.1' },
      text: 'os=Android 14&release=2.4.1',
      affected: 15,
      ofAffected: 15,
      active: 30,
      ofActive: CUSTOMERS,
      lift: 8,
      words: 'Android 14 with app 2.4.1: 15 of 15 affected, 13 % of active customers',
    });
    expect(items).toHaveLength(1);
    expect(atRisk).toMatchObject({
      size: 15,
      expectedHitRate: 0.5,
      measured: { hit: 0, of: 15, restHit: 0, ofRest: CUSTOMERS - 30 },
    });
    expect(await kind('atRisk')).toEqual(faulty.slice(15).sort());
    expect(await kind('affected')).toEqual(faulty.slice(0, 15).sort());
  });

  it('are not named, and nobody is at risk, where the fault is tied to nothing', async () => {
    await open(world.filter((_, i) => i % 5 === 0).map(({ id }) => id));

    expect(await causes()).toEqual({ items: [], atRisk: null });
    expect(await kind('atRisk')).toEqual([]);
  });

  it('are not made of what only those tell who have errors', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...world.map(({ id }) => aCustomer({ externalId: id })));
    await use(world.map(({ id }) => ({ customer: id, traits: { plan: 'pro' } })));
    await hit(faulty.slice(0, 15));
    await forewarn.runStages('trait-flush', 'telemetry-flush', 'detect', 'incident-open', 'audience', 'causes');

    expect(await causes()).toEqual({ items: [], atRisk: null });
  });

  it('change nothing when they are looked for again and nobody else was hit', async () => {
    await open(faulty.slice(0, 15));
    const before = await stored();
    forewarn.clock.advance('5m');

    expect(await forewarn.runStage('causes')).toEqual({ worked: 0, more: false });

    expect(await stored()).toEqual(before);
  });

  it('are measured: who was at risk and is hit moves to the affected and counts', async () => {
    await open(faulty.slice(0, 15));
    forewarn.clock.advance('2m');
    await hit([...faulty.slice(15, 18), 'c1']);
    await forewarn.runStages('trait-flush', 'audience', 'causes');

    const { atRisk } = await causes();

    expect(atRisk).toMatchObject({ size: 12, measured: { hit: 3, of: 15, restHit: 1, ofRest: CUSTOMERS - 30 } });
    expect(await kind('atRisk')).toEqual(faulty.slice(18).sort());
    expect(await kind('affected')).toEqual([...faulty.slice(0, 18), 'c1'].sort());
  });

  it('are looked for among some where there are too many, half of them affected at most, and it is known how many there are', async () => {
    await open(faulty.slice(0, 15));
    const about = { projectId: 1, incidentId: 1, since: new Date(0) };

    const some = await forewarn.daemon.app.get(CausesStore).active(forewarn.daemon.app.get(Database), about, 20);

    const [hits, others] = [some.filter((one) => one.hit), some.filter((one) => !one.hit)];
    expect([hits.length, others.length]).toEqual([10, 10]);
    expect(new Set(hits.map((one) => one.alike))).toEqual(new Set([15]));
    expect(new Set(others.map((one) => one.alike))).toEqual(new Set([CUSTOMERS - 15]));
  });

  it('call everybody at risk who shares them, also of those who were not compared', async () => {
    await open(faulty.slice(0, 15), 60);

    const { items, atRisk } = await causes();

    expect(items[0]).toMatchObject({ text: 'os=Android 14&release=2.4.1' });
    expect(atRisk).toMatchObject({ size: 15, measured: { ofRest: CUSTOMERS - 30 } });
    expect(await kind('atRisk')).toEqual(faulty.slice(15).sort());
  });

  it('forget a customer who is erased', async () => {
    await open(faulty.slice(0, 15));

    await forewarn.api.delete(`/v1/customers/${faulty[20]}`);

    expect(await kind('atRisk')).toHaveLength(14);
  });

  /** An open incident that hit these customers, in a world whose customers all told what they use; a look compares `compared` of them at most. */
  async function open(affected: readonly string[], compared?: number): Promise<void> {
    forewarn = await TestDaemon.start();
    if (compared !== undefined) forewarn.daemon.app.get(CausesStage).mostActive = compared;
    await forewarn.know(...world.map(({ id }) => aCustomer({ externalId: id })));
    await use(world.map(({ id, os, release }) => ({ customer: id, os, release, feature: '/checkout' })));
    await hit(affected);
    await forewarn.runStages('trait-flush', 'telemetry-flush', 'detect', 'incident-open', 'audience', 'causes');
  }

  async function use(activity: readonly object[]): Promise<void> {
    const { key } = await forewarn.project();
    const answer = await forewarn.anyone.raw('POST', '/v1/activity', {
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(activity),
    });
    expect(answer.status).toBe(200);
  }

  async function hit(customers: readonly string[]): Promise<void> {
    await forewarn.send(
      ...customers.map((customer) => {
        const { os = '', release = '' } = world.find(({ id }) => id === customer) ?? {};
        return anEvent({ customer, release, tags: { os } });
      }),
    );
  }

  async function causes(): Promise<{ items: object[]; atRisk: object | null }> {
    return (await forewarn.api.get('/v1/incidents/1/causes')).body as { items: object[]; atRisk: object | null };
  }

  async function kind(which: string): Promise<string[]> {
    const { body } = (await forewarn.api.get(`/v1/incidents/1/audience?kind=${which}&limit=200`)) as {
      body: { items: { externalId: string; kind: string }[] };
    };
    expect(body.items.every((one) => one.kind === which)).toBe(true);
    return body.items.map(({ externalId }) => externalId).sort();
  }

  async function stored(): Promise<object[]> {
    return [
      ...(await forewarn.rows('SELECT * FROM incident_cause')),
      ...(await forewarn.rows('SELECT * FROM at_risk_member ORDER BY customer_id')),
    ];
  }
});

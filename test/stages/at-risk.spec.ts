import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent } from '../support/builders.js';
import { approve, campaigns, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

/** Customers of the world: a quarter on Android 14, a half with 2.4.1, so an eighth, 20, has both. */
const CUSTOMERS = 160;
const world = Array.from({ length: CUSTOMERS }, (_, i) => {
  return { id: `c${i}`, os: i % 4 === 0 ? 'Android 14' : `iOS ${i % 3}`, release: i % 8 < 4 ? '2.4.1' : '2.4.0' };
});
const faulty = world.filter(({ os, release }) => os === 'Android 14' && release === '2.4.1').map(({ id }) => id);
const [first, rest] = [faulty.slice(0, 12), faulty.slice(12)];

let forewarn: TestDaemon;
afterEach(() => forewarn.stop());

describe('customers at risk', () => {
  it('are compared with what was expected of them once their time is up', async () => {
    await open({});
    forewarn.clock.advance('1m');
    await hit(rest.slice(0, 2));
    await look();
    forewarn.clock.advance('1h');

    const answer = await forewarn.api.get('/v1/reports/calibration?project=shop');

    expect(answer.body).toMatchObject({
      all: { incidents: 1, customers: rest.length, expected: 0.6, measured: 0.25, interval: null },
      items: [{ from: 0.6, to: 0.7, words: 'what was called 60 % was 25 % (8 customers, 1 incident)' }],
      tooShort: 0,
    });
  });

  it('are told once that the fault may hit them, whoever uses it most first, and of its end; who is held out hears nothing', async () => {
    await open({ holdOut: { share: '30%', neverFor: [] } });

    const held = await kind('heldOut');
    const plans = (await forewarn.api.get('/v1/campaigns')).body as { items: { audience: string; wave: number }[] };
    expect(plans.items.map(({ audience, wave }) => `${wave} ${audience}`).toSorted()).toEqual([
      '1 affected',
      '2 atRisk',
    ]);
    const written = (await messages(forewarn)).map((one) => one.customer?.externalId ?? '');
    expect([...written, ...held].toSorted()).toEqual(faulty.toSorted());
    expect(held.length).toBeGreaterThan(0);
    const texts = await bodies();
    for (const [customer, body] of texts)
      expect(body).toContain(rest.includes(customer) ? 'you may run into a problem' : 'you ran into this problem');
    const order = await inOrder('atRisk');
    expect(order[0]).toBe(rest.at(-1));

    forewarn.clock.advance('2m');
    const late = rest.filter((one) => !held.includes(one)).slice(0, 2);
    await hit([...late, 'c1']);
    await look();
    await forewarn.runStages('dispatch', 'campaign');
    const after = await told(forewarn);
    for (const customer of late)
      expect(after.filter((one) => one.startsWith(`${customer} `))).toEqual([`${customer} notice sent`]);
    expect(await kind('heldOut')).toEqual(expect.arrayContaining(held));

    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.runStages('campaign', 'dispatch', 'campaign');
    const ends = (await told(forewarn)).filter((one) => one.includes('resolved')).map((one) => one.split(' ')[0]);
    expect(ends.toSorted()).toEqual(
      [
        ...new Set((await told(forewarn)).filter((one) => one.includes('notice sent')).map((one) => one.split(' ')[0])),
      ].toSorted(),
    );
    for (const customer of held) expect(ends).not.toContain(customer);
  });

  it('whom claims made so wait for a person, and are told at once what happened when it does happen to them', async () => {
    await open({ trust: ['claimed', 'signed', 'server'] }, { claims: true });

    const waves = (await forewarn.api.get('/v1/campaigns')).body as { items: Record<string, unknown>[] };
    expect(waves.items.find((one) => one['audience'] === 'atRisk')).toMatchObject({
      state: 'awaiting_approval',
      claimed: true,
      stateReason: 'untrusted_at_risk',
    });
    expect(await told(forewarn)).toEqual(expect.arrayContaining(rest.map((one) => `${one} notice pending`)));

    forewarn.clock.advance('2m');
    await hit(rest.slice(0, 1));
    await look();
    await forewarn.runStages('dispatch', 'campaign');
    expect(await told(forewarn)).toContain(`${rest[0]} notice sent`);
    expect((await bodies()).get(rest[0]!)).toContain('you ran into this problem');

    const [waiting] = (await campaigns(forewarn)).filter(({ state }) => state === 'awaiting_approval');
    await approve(forewarn, waiting!.id);
    await forewarn.runStages('dispatch', 'campaign');
    expect((await told(forewarn)).filter((one) => one.endsWith('notice sent'))).toHaveLength(faulty.length);
  });

  it('who are held out are told after all when the severity becomes one for which nobody is', async () => {
    await open({ holdOut: { share: '50%', neverFor: ['minor'] } });
    const held = await kind('heldOut');
    expect(held.length).toBeGreaterThan(0);

    await forewarn.api.patch('/v1/incidents/1', { severity: 'minor' });
    forewarn.clock.advance('1m');
    await forewarn.runStages('campaign', 'dispatch', 'campaign');

    expect(await kind('heldOut')).toEqual([]);
    expect(new Set((await messages(forewarn)).map((one) => one.customer?.externalId))).toEqual(new Set(faulty));
  });
});

/** An incident that hit the first dozen, in a world whose customers all told what they use, up to what was sent. */
async function open(policy: Record<string, unknown>, options: { claims?: boolean } = {}): Promise<void> {
  const policies = [aPolicy({ audience: ['affected', 'atRisk'], ...policy })];
  forewarn = await TestDaemon.start({ ...options, config: { policies } });
  await forewarn.rows(`UPDATE installation_secret SET secret = 'of the test' RETURNING name`);
  await forewarn.know(...world.map(({ id }) => aCustomer({ externalId: id })));
  await forewarn.use(...world.map(({ id, os, release }) => ({ customer: id, os, release, feature: '/checkout' })));
  const eager = faulty.at(-1)!;
  await forewarn.use(...Array.from({ length: 5 }, () => ({ customer: eager, feature: '/checkout' })));
  await hit(first);
  forewarn.clock.advance('5m');
  await forewarn.runStages('trait-flush', 'telemetry-flush', 'detect', 'incident-open');
  await look();
  await forewarn.runStages('dispatch', 'campaign');
}

/** One look at who is affected, who is at risk, and whom to tell. */
async function look(): Promise<void> {
  await forewarn.runStages('trait-flush', 'audience', 'causes', 'draft', 'campaign');
}

async function hit(customers: readonly string[]): Promise<void> {
  await forewarn.send(
    ...customers.map((customer) => {
      const { os = '', release = '' } = world.find(({ id }) => id === customer) ?? {};
      return anEvent({ customer, release, tags: { os } });
    }),
  );
}

async function inOrder(which: string): Promise<string[]> {
  const page = (await forewarn.api.get(`/v1/incidents/1/audience?kind=${which}&limit=200`)).body as {
    items: { externalId: string }[];
  };
  return page.items.map(({ externalId }) => externalId);
}

async function kind(which: string): Promise<string[]> {
  return (await inOrder(which)).toSorted();
}

/** Messages sent to each customer: text and reason. */
async function bodies(): Promise<Map<string, string>> {
  const sent = await forewarn.rows<{ customer: string; text: string }>(
    `SELECT i.value AS customer, concat(m.subject, ' ', m.body) AS text FROM message m JOIN customer_identity i ON i.customer_id = m.customer_id AND i.kind = 'id'
     WHERE m.kind = 'notice' AND m.body IS NOT NULL`,
  );
  return new Map(sent.map(({ customer, text }) => [customer, text.toLowerCase()]));
}

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anEvent, aCustomer, phone } from '../support/builders.js';
import { aConfig } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

const HITS = `SELECT i.value AS name, h.events FROM issue_customer h JOIN customer c ON c.id = h.customer_id
  JOIN customer_identity i ON i.customer_id = coalesce(c.merged_into, c.id) AND i.kind = 'id' ORDER BY 1`;

describe('who is who', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
  });
  afterEach(() => forewarn.stop());

  it('keeps two ids apart that a forged event joined by an address', async () => {
    await forewarn.send(anEvent({ customer: { id: 'alice', email: 'mallory@evil.example' } }));
    await forewarn.api.put('/v1/customers/mallory', { email: 'mallory@evil.example', phone: phone(1) });
    await forewarn.api.put('/v1/customers/alice', { email: 'alice@shop.example', phone: phone(2) });
    await forewarn.api.put('/v1/customers/mallory', { phone: phone(3) });

    expect((await forewarn.api.get('/v1/customers/alice')).body).toMatchObject({
      externalId: 'alice',
      phone: phone(2),
    });
    await forewarn.api.delete('/v1/customers/mallory');
    expect((await forewarn.api.get('/v1/customers/alice')).status).toBe(200);
    expect(await forewarn.rows(HITS)).toEqual([{ name: 'alice', events: 1 }]);
  });

  it('moves the hits of a stranger without an id to the entry that claims the address', async () => {
    await forewarn.send(anEvent({ customer: { email: 'kim@shop.example', username: 'kim' } }));
    await forewarn.know(aCustomer({ externalId: 'k', email: 'kim@shop.example' }));
    await forewarn.send(anEvent({ customer: { email: 'KIM@shop.example' } }));

    const { items } = (await forewarn.api.get('/v1/issues/1/customers')).body as { items: object[] };
    expect(items).toEqual([expect.objectContaining({ externalId: 'k', events: 2 })]);
  });

  it('forgets what events said of a stranger once the directory knows the id', async () => {
    await forewarn.send(anEvent({ customer: { id: 'alice', email: 'mallory@evil.example', username: 'mallory' } }));
    await forewarn.api.put('/v1/customers/alice', { name: 'Alice' });
    expect(await forewarn.rows('SELECT kind, value FROM customer_identity')).toEqual([{ kind: 'id', value: 'alice' }]);
  });

  it('takes an address that went over to another customer away from the first one in every process', async () => {
    await forewarn.know(aCustomer({ externalId: 'old', email: 'desk@shop.example' }));
    const second = await TestDaemon.start({ beside: forewarn });
    try {
      await second.send(anEvent({ customer: { email: 'desk@shop.example' } }));
      await forewarn.api.put('/v1/customers/new', { email: 'desk@shop.example' });
      await second.send(anEvent({ customer: { email: 'desk@shop.example' } }));
    } finally {
      await second.stop();
    }
    expect((await forewarn.rows<{ name: string; events: number }>(HITS)).map((one) => [one.name, one.events])).toEqual([
      ['new', 1],
      ['old', 1],
    ]);
  });

  it('lets an address lead to an entry only until its own id is known', async () => {
    const event = () => anEvent({ customer: { id: 'son', email: 'family@shop.example' } });
    await forewarn.know(aCustomer({ externalId: 'mother', email: 'family@shop.example' }));
    await forewarn.send(event());
    await forewarn.know(aCustomer({ externalId: 'son', email: null }));
    await forewarn.send(event());

    expect((await forewarn.rows<{ name: string }>(HITS)).map((one) => one.name)).toEqual(
      expect.arrayContaining(['mother', 'son']),
    );
  });

  it('does not take an id with a line break for an id and an address', async () => {
    await forewarn.send(anEvent({ customer: { id: 'a', email: 'kim@shop.example' } }));
    await forewarn.send(anEvent({ customer: 'a\nemail:kim@shop.example' }));
    expect(await forewarn.rows('SELECT id FROM customer')).toHaveLength(2);
  });

  it('makes no customer of a value that stands for nobody, and refuses it as an id', async () => {
    await forewarn.send(anEvent({ customer: 'null' }), anEvent({ customer: '[Filtered]' }));
    expect(await forewarn.rows('SELECT id FROM customer')).toEqual([]);

    const answer = await forewarn.api.put('/v1/customers/anonymous', { name: 'Kim' });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain('nobody in particular');
  });

  it('takes one id in two Unicode forms for one customer', async () => {
    await forewarn.send(anEvent({ customer: 'jos\u00e9' }), anEvent({ customer: 'jose\u0301' }));
    expect(await forewarn.rows('SELECT id FROM customer')).toHaveLength(1);
    expect((await forewarn.api.get(`/v1/customers/${encodeURIComponent('jose\u0301')}`)).status).toBe(200);
  });
});

describe('directories', () => {
  const shop = { slug: 'shop', name: 'Shop' };
  const bank = { slug: 'bank', name: 'Bank' };
  let started: TestDaemon | undefined;
  const start = async (...projects: object[]) => (started = await TestDaemon.start({ config: { projects } }));
  afterEach(async () => {
    await started?.stop();
    started = undefined;
  });

  const sendTo = async (forewarn: TestDaemon, slug: string, customer: string) => {
    const { key } = await forewarn.project(slug);
    await forewarn.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify([anEvent({ customer })]),
    });
  };
  const customerIds = async (forewarn: TestDaemon) =>
    (await forewarn.rows<{ customer_id: number }>('SELECT DISTINCT customer_id FROM issue_customer')).length;

  it('keep the ids of projects apart that do not say that they share one', async () => {
    const forewarn = await start(shop, bank);
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await sendTo(forewarn, 'shop', 'c1');
    await sendTo(forewarn, 'bank', 'c1');
    expect(await customerIds(forewarn)).toBe(2);
  });

  it('are shared by projects that name the same one', async () => {
    const forewarn = await start({ ...shop, directory: 'main' }, { ...bank, directory: 'main' });
    await sendTo(forewarn, 'shop', 'c1');
    await sendTo(forewarn, 'bank', 'c1');
    expect(await customerIds(forewarn)).toBe(1);
  });

  it('are named in the address, or else that of the first project is meant, and the answer says so', async () => {
    const forewarn = await start(shop, bank);
    const put = await forewarn.api.put('/v1/customers/c1', { name: 'Kim' });
    expect(put.body).toMatchObject({ directory: 'shop', name: 'Kim' });
    await forewarn.api.put('/v1/customers/c1?directory=bank', { name: 'Bo' });

    expect((await forewarn.api.get('/v1/customers/c1?directory=bank')).body).toMatchObject({ name: 'Bo' });
    expect((await forewarn.api.get('/v1/customers/c1')).body).toMatchObject({ name: 'Kim' });
    const wrong = await forewarn.api.get('/v1/customers/c1?directory=shops');
    expect(wrong.status).toBe(400);
    expect(JSON.stringify(wrong.body)).toContain('there are bank, shop');
  });

  it('keep their customers when the only project that uses one renames it', async () => {
    const forewarn = await start(shop);
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    const renamed = { projects: [{ ...shop, directory: 'main' }] };
    const second = await TestDaemon.start({ beside: forewarn, config: renamed });
    try {
      expect((await second.api.get('/v1/customers/c1')).body).toMatchObject({ directory: 'main' });
    } finally {
      await second.stop();
    }
  });

  it('are not shared by accident with a project of that name', () => {
    expect(() => aConfig({ projects: [shop, { ...bank, directory: 'shop' }] })).toThrow(
      'has this directory for itself',
    );
  });
});

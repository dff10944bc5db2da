import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent } from '../support/builders.js';
import { approve, customers, hit, incidentWith, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

const SECRET = /kim|c1@customers/i;

describe('erasure', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('leaves nothing that names the customer in any table', async () => {
    forewarn = await incidentWith(customers(2, { name: 'Kim' }).map((one, at) => (at ? { ...one, name: 'Bo' } : one)));
    await forewarn.send(
      anEvent({ customer: { email: 'c1@customers.example' }, message: 'mail c1@customers.example failed' }),
    );
    await forewarn.planAndSend();
    expect(await find(forewarn, SECRET)).not.toEqual([]);

    expect((await forewarn.api.delete('/v1/customers/c1')).status).toBe(204);
    await forewarn.runStages('erasure', 'forget-hits');

    expect(await find(forewarn, SECRET)).toEqual([]);
    expect((await forewarn.api.get('/v1/customers/c1')).status).toBe(404);
  });

  it('keeps messages counted, without their recipient and text', async () => {
    forewarn = await incidentWith(customers(2));
    await forewarn.planAndSend();

    await forewarn.api.delete('/v1/customers/c1');
    await forewarn.runStages('erasure', 'forget-hits');

    const [nobody, other] = (await messages(forewarn)).toSorted((a) => (a.customer === null ? -1 : 1));
    expect(nobody).toMatchObject({ customer: null, state: 'sent', address: null });
    expect(other).toMatchObject({ state: 'sent', address: 'c2@customers.example' });
    expect(await forewarn.rows('SELECT event_count FROM cell')).toEqual([{ event_count: 2 }]);
    expect(await forewarn.rows('SELECT customer_id FROM issue_customer')).toHaveLength(1);
  });

  it("cancels waiting messages to the customer, who is not told of the incident's end", async () => {
    forewarn = await incidentWith(customers(2), { config: { policies: [aPolicy({ approval: 'required' })] } });
    await forewarn.plan();
    await forewarn.api.delete('/v1/customers/c1');
    await forewarn.runStage('erasure');
    await approve(forewarn, '1');
    await forewarn.planAndSend();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();

    expect((await told(forewarn)).sort()).toEqual([
      'c2 notice sent',
      'c2 resolved pending',
      'nobody notice cancelled erased',
    ]);
  });

  it('holds in every process: a customer who comes back counts as new', async () => {
    forewarn = await incidentWith(customers(1));
    const second = await TestDaemon.start({ beside: forewarn });
    try {
      await second.send(anEvent({ customer: 'c1' }));
      await forewarn.api.delete('/v1/customers/c1');
      await forewarn.runStage('forget-hits');
      await second.send(anEvent({ customer: 'c1' }));

      const hits = 'SELECT h.events FROM issue_customer h JOIN customer c ON c.id = h.customer_id';
      expect(await forewarn.rows(hits)).toEqual([{ events: 1 }]);
    } finally {
      await second.stop();
    }
  });

  it('lets the same id start anew', async () => {
    forewarn = await incidentWith(customers(1));
    await forewarn.api.delete('/v1/customers/c1');
    await forewarn.runStages('erasure', 'forget-hits');

    await hit(forewarn, ['c1']);

    const { items } = (await forewarn.api.get('/v1/issues/1/customers')).body as { items: object[] };
    expect(items).toEqual([expect.objectContaining({ externalId: 'c1', events: 1 })]);
  });
});

/** Lists the tables in which a row's text matches. */
async function find(forewarn: TestDaemon, pattern: RegExp): Promise<string[]> {
  const tables = await forewarn.rows<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  );
  const found = [];
  for (const { name } of tables) {
    const rows = await forewarn.rows<{ text: string }>(`SELECT t::text AS text FROM "${name}" t`);
    if (rows.some((row) => pattern.test(row.text))) found.push(name);
  }
  return found;
}

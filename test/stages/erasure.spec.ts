import { afterEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createLogger } from '../../src/platform/logging/logger.js';
import { aCustomer, anEvent, anotherEvent } from '../support/builders.js';
import { aSentryEvent, envelope, item } from '../support/envelopes.js';
import { send } from '../support/wire.js';
import { approve, customers, hit, incidentWith, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

const PERSON = /zx81|zaphod|beeblebrox|15112345678|zlogin|7f3a9c/i;
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

  it('reaches payloads, titles, fingerprints and events that were set aside', async () => {
    const person = { name: 'Zaphod Beeblebrox', phone: '+4915112345678', usernames: ['zlogin'] };
    forewarn = await incidentWith(customers(1, person));
    const said = 'Could not text Zaphod Beeblebrox on +4915112345678';
    await forewarn.send(
      anEvent({ customer: { username: 'zlogin' }, message: said, stack: undefined, type: undefined }),
      anEvent({ customer: 'other', message: said, stack: undefined, type: undefined }),
    );
    await forewarn.rows(
      "INSERT INTO poison_event (key, project_id, reason, body, set_aside_at) VALUES ('k', 1, 'r', convert_to('of Zaphod Beeblebrox', 'UTF8'), now())",
    );
    await forewarn.planAndSend();
    expect(await find(forewarn, /beeblebrox/i)).toContain('cell');

    await forewarn.api.delete('/v1/customers/c1');
    await forewarn.runStages('erasure', 'forget-hits');
    expect(await find(forewarn, /beeblebrox|15112345678|zlogin|c1@customers/i)).toEqual([]);
    expect(await forewarn.rows('SELECT key FROM poison_event')).toEqual([]);
  });

  it('leaves nothing of a person in any table, in the log or in the metrics, whoever told of them and how', async () => {
    const log: string[] = [];
    const logger = createLogger('trace', { write: (line: string) => void log.push(line) });
    const phone = '+4915112345678';
    const devices = ['device-7f3a9c'];
    const person = aCustomer({ externalId: 'zx81-id', email: 'zaphod@customers.example' });
    const whole = { ...person, name: 'Zaphod Beeblebrox', phone, usernames: ['zlogin'], devices };
    forewarn = await incidentWith([whole, aCustomer({ externalId: 'other' })], { logger });
    await forewarn.planAndSend();
    const { id, key } = await forewarn.project();
    const user = { id: person.externalId, email: person.email, username: 'zlogin', phone, data: { phone } };
    const device = { name: "Zaphod's phone", device_unique_identifier: devices[0] };
    const message = `text to ${phone} of Zaphod Beeblebrox failed`;
    const about = { user, contexts: { device }, timestamp: undefined };
    const feedback = { message: 'I am Zaphod Beeblebrox', contact_email: person.email, name: 'Zaphod Beeblebrox' };
    const session = {
      sid: randomUUID(),
      did: person.externalId,
      init: true,
      status: 'crashed',
      attrs: { release: 'r' },
    };
    const body = envelope(
      {},
      item('event', aSentryEvent(about)),
      item('event', aSentryEvent({ ...about, message, exception: undefined })),
      item('feedback', { contexts: { feedback } }),
      item('session', { ...session, timestamp: forewarn.clock.now().toISOString() }),
    );
    expect((await send(`${forewarn.url}/api/${id}/envelope/?sentry_key=${key}`, { body })).status).toBe(200);
    await forewarn.send(anotherEvent({ customer: { id: person.externalId }, tags: { deviceId: devices[0]! } }));
    await forewarn.rows("ALTER TABLE customer_identity ADD CONSTRAINT no_curse CHECK (value <> 'cursed')");
    await forewarn.send({ ...anEvent({ customer: 'cursed' }), message }).catch(() => undefined);
    const path = `/v1/customers/${person.externalId}`;
    await forewarn.api.put(path, { name: 'Zaphod Beeblebrox', consent: { sms: false } });
    expect((await forewarn.api.get(`${path}/export`)).status).toBe(200);
    await forewarn.api.get(`/v1/customers?query=${encodeURIComponent(person.email!)}`);
    await forewarn.api.get(`/v1/bot/explanations?customer=${person.externalId}`);
    await forewarn.runStages('telemetry-flush', 'trait-flush', 'outcome-flush');
    await forewarn.planAndSend();
    expect(await find(forewarn, PERSON)).toEqual(
      expect.arrayContaining(['customer', 'customer_identity', 'event_sample', 'message']),
    );

    expect((await forewarn.api.delete(path)).status).toBe(204);
    await forewarn.runStages('erasure', 'forget-hits', 'telemetry-flush', 'trait-flush', 'outcome-flush');

    expect(await find(forewarn, PERSON)).toEqual([]);
    expect(log.filter((line) => PERSON.test(line))).toEqual([]);
    expect(log.length).toBeGreaterThan(0);
    const metrics = String((await forewarn.anyone.raw('GET', '/metrics')).body);
    expect(metrics).toContain('forewarn_');
    expect(metrics.split('\n').filter((line) => PERSON.test(line))).toEqual([]);
  });

  it('keeps payloads of others that hold a short name of the customer within a word', async () => {
    forewarn = await incidentWith(customers(1, { name: 'Err' }));
    await forewarn.send(anEvent({ customer: 'other', message: 'Error of Errol' }));
    await forewarn.api.delete('/v1/customers/c1');
    await forewarn.runStages('forget-hits');
    expect(await forewarn.rows("SELECT event_id FROM event_sample WHERE payload LIKE '%Errol%'")).toHaveLength(1);
  });

  it('can be preceded by a copy of everything that is held', async () => {
    forewarn = await incidentWith(customers(2, { name: 'Kim' }));
    await forewarn.planAndSend();
    const { status, body } = (await forewarn.api.get('/v1/customers/c1/export')) as { status: number; body: unknown };
    expect([status, JSON.stringify(body)]).toEqual([200, expect.not.stringContaining('c2@customers')]);
    expect(body).toMatchObject({
      customer: [{ name: 'Kim' }],
      identities: [
        { kind: 'email', value: 'c1@customers.example' },
        { kind: 'id', value: 'c1' },
      ],
      consent: [{ channel: 'email', granted: true, source: 'import' }],
      hits: [{ events: 1 }],
      messages: [{ address: 'c1@customers.example' }],
    });
  });

  it('comes by itself for samples, ids of events and strangers past their age', async () => {
    forewarn = await incidentWith(customers(1));
    await forewarn.rows(
      "INSERT INTO customer (directory_id, source, created_at, updated_at) VALUES (1, 'telemetry', '2026-03-01', '2026-03-01')",
    );
    const left = async () =>
      forewarn.row(
        "SELECT (SELECT count(*) FROM event_sample) AS samples, (SELECT count(*) FROM event_seen) AS seen, (SELECT count(*) FROM customer WHERE source = 'telemetry') AS strangers",
      );
    await forewarn.runStages('retention');
    expect(await left()).toEqual({ samples: 1, seen: 1, strangers: 1 });
    forewarn.clock.advance('31d');
    await forewarn.runStages('retention');
    expect(await left()).toEqual({ samples: 0, seen: 0, strangers: 1 });
    forewarn.clock.advance('60d');
    await forewarn.runStages('retention');
    expect(await left()).toEqual({ samples: 0, seen: 0, strangers: 0 });
    expect(await forewarn.rows('SELECT customer_id FROM issue_customer')).toHaveLength(1);
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
      'c2 resolved sent',
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

import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { type ApiAnswer, ApiClient } from '../support/api-client.js';
import { aCustomer, phone } from '../support/builders.js';
import { customers, incidentWith } from '../support/story.js';
import { type TestDaemon } from '../support/test-daemon.js';

interface Told {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The fields of answers that these tests look at. */
interface Body {
  readonly [field: string]: unknown;
  readonly id: string;
  readonly incidentId: string | null;
  readonly nextCursor: string;
  readonly line: string;
  readonly words: string;
  readonly items: readonly Item[];
  readonly incidents: readonly Item[];
  readonly contacts: readonly Item[];
  readonly told: { readonly customers: number; readonly contacts: number };
}

interface Item {
  readonly [field: string]: unknown;
  readonly id: string;
  readonly externalId: string;
  readonly channel: string;
  readonly explanation: unknown;
}

async function typed(answer: Promise<ApiAnswer>): Promise<{ readonly status: number; readonly body: Body }> {
  const known = await answer;
  return { status: known.status, body: known.body as Body };
}

const KEY = Buffer.alloc(24, 7).toString('base64');

describe('contacts', () => {
  let forewarn: TestDaemon;
  let bot: ApiClient;
  beforeAll(async () => {
    forewarn = await incidentWith([...customers(3), aCustomer({ externalId: 'c9', phone: phone(9), locale: 'zh-CN' })]);
    await forewarn.know(aCustomer({ externalId: 'quiet' }));
    await forewarn.planAndSend();
    const token = await forewarn.daemon.app.get(TokenStore).create({ name: 'the bot', role: 'bot' });
    bot = new ApiClient(forewarn.url, token);
  });
  afterAll(() => forewarn.stop());

  it('are matched to the incident that hit the customer, on whatever channel, and count what was asked before', async () => {
    const first = await report({ channel: 'chat', customer: 'c1', externalId: 'conv-1', text: '付款一直转圈' });
    expect(first).toMatchObject({ customer: 'known', incidentId: '1', matchedBy: 'hit', earlier: [], asked: 1 });
    expect(first).toMatchObject({ stillOpen: true, handover: null, line: null });

    forewarn.clock.advance('10m');
    const second = await report({
      channel: 'phone',
      email: 'C1@customers.example',
      externalId: 'call-1',
      text: 'Still cannot pay, please',
    });

    expect(second).toMatchObject({ incidentId: '1', asked: 2, handover: 'required' });
    expect(second.earlier.map((one) => [one.channel, one.text])).toEqual([['chat', '付款一直转圈']]);
    expect(second.line).toMatch(/person/);
  });

  it('are taken once by channel and id, and answered alike', async () => {
    const body = { channel: 'email', customer: 'c2', externalId: 'mail-1', text: 'It does not work' };
    const answers = await Promise.all([1, 2, 3].map(() => report(body)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.map(({ asked }) => asked)).toEqual([1, 1, 1]);
    const again = await report({ ...body, text: 'other words' });
    expect(again.id).toBe(answers[0]?.id);
    expect(await forewarn.rows("SELECT text FROM contact WHERE external_id = 'mail-1'")).toEqual([
      { text: 'It does not work' },
    ]);
  });

  it('of a customer whom nothing hit match nothing unless their words do', async () => {
    const away = await report({ channel: 'chat', customer: 'quiet', externalId: 'q1', text: 'Where is my invoice?' });
    expect(away).toMatchObject({ incidentId: null, matchedBy: null, handover: 'offered', asked: 1 });
    const [words] = await forewarn.rows<{ body: string }>(
      "SELECT title || '. ' || body AS body FROM explanation WHERE locale = 'en'",
    );
    const near = await report({ channel: 'chat', externalId: 'q2', text: words?.body ?? '' });
    expect(near).toMatchObject({ customer: 'unknown', incidentId: '1', matchedBy: 'words' });
  });

  it('are kept without secrets, and refused when they are no contact', async () => {
    const card = '4111 1111 1111 1111';
    await report({ channel: 'chat', customer: 'quiet', externalId: 'q3', text: `my card ${card}` });
    const [{ text = '' } = {}] = await forewarn.rows<{ text: string }>(
      "SELECT text FROM contact WHERE external_id = 'q3'",
    );
    expect(text).toContain('my card');
    expect(text).not.toContain('1111 1111');
    const good = { channel: 'chat', externalId: 'x', text: 'hello' };
    for (const wrong of [
      { ...good, text: ' ' },
      { ...good, text: 'x'.repeat(10_001) },
      { ...good, text: 'a\0b' },
      { ...good, channel: 'Chat Room' },
      { ...good, at: '2030-01-01T00:00:00Z' },
      { ...good, at: '0001-01-01T00:00:00Z' },
      { ...good, phone: 'none' },
      { ...good, project: 'nobody' },
      { ...good, directory: 'nobody' },
      { ...good, other: 1 },
      { channel: 'chat', text: 'x' },
    ])
      expect([wrong, (await typed(bot.post('/v1/contacts', wrong))).status]).toEqual([wrong, 400]);
  });

  it('are listed by customer and incident, page by page, and moved by a person', async () => {
    const all = await typed(forewarn.api.get('/v1/contacts?incident=1&limit=2'));
    expect(all.body.items).toHaveLength(2);
    const next = await typed(forewarn.api.get(`/v1/contacts?incident=1&limit=2&cursor=${all.body.nextCursor}`));
    expect(next.body.items.length).toBeGreaterThan(0);
    expect(await typed(forewarn.api.get('/v1/contacts?customer=nobody-at-all'))).toMatchObject({ status: 404 });
    expect((await typed(bot.get('/v1/contacts'))).status).toBe(403);
    const own = await typed(forewarn.api.get('/v1/contacts?customer=quiet'));
    const invoice = own.body.items.find((one: { externalId: string }) => one.externalId === 'q1');
    const moved = await typed(forewarn.api.patch(`/v1/contacts/${invoice?.id}`, { incidentId: '1' }));
    expect(moved.body).toMatchObject({ incidentId: '1', matchedBy: 'person', customer: 'quiet' });
    expect((await typed(forewarn.api.patch(`/v1/contacts/${invoice?.id}`, { incidentId: '99' }))).status).toBe(400);
    expect(
      (await typed(forewarn.api.patch(`/v1/contacts/${invoice?.id}`, { incidentId: null }))).body.incidentId,
    ).toBeNull();
    expect((await typed(forewarn.api.patch('/v1/contacts/999', { incidentId: null }))).status).toBe(404);
  });

  it('stand with all else that is known of the customer in one answer', async () => {
    const { status, body } = await typed(bot.get('/v1/customers/c1/context'));
    expect(status).toBe(200);
    expect(body.customer).toMatchObject({ externalId: 'c1', locale: 'en' });
    expect(body.incidents).toMatchObject([
      { incidentId: '1', project: 'shop', concern: 'hit', evidence: { events: 1, trust: 'server' } },
    ]);
    expect(body.incidents[0]?.explanation).toMatchObject({ locale: 'en', reviewState: 'draft' });
    expect(body.issues).toMatchObject([{ issueId: '1', events: 1 }]);
    expect(body.messages).toMatchObject([{ incidentId: '1', kind: 'notice', channel: 'email', state: 'sent' }]);
    expect(body.contacts.map((one: { channel: string }) => one.channel)).toEqual(['phone', 'chat']);
    expect(body.unresolved).toMatchObject([
      { incidentId: '1', asked: 2, words: 'Has asked twice about incident 1, still open.' },
    ]);
    expect(body.health).toBeNull();
    expect((await typed(bot.get('/v1/customers/nobody-at-all/context'))).status).toBe(404);
  });

  it('go with their customer, and age', async () => {
    await report({ channel: 'chat', customer: 'c3', externalId: 'gone', text: 'I am c3 and it hurts' });
    await typed(bot.post('/v1/hand-overs', { customer: 'c3', channel: 'chat', text: 'help' }));
    const { body } = await typed(forewarn.api.get('/v1/customers/c3/export'));
    expect(body).toMatchObject({ contacts: [{ external_id: 'gone' }], handOvers: [{ text: 'help' }] });
    await typed(forewarn.api.delete('/v1/customers/c3'));
    expect(await forewarn.rows("SELECT id FROM contact WHERE external_id = 'gone'")).toEqual([]);
    expect(await forewarn.rows("SELECT id FROM hand_over WHERE text = 'help'")).toEqual([]);
  });

  interface Taken {
    readonly id: string;
    readonly asked: number;
    readonly line: string | null;
    readonly earlier: readonly { readonly channel: string; readonly text: string }[];
  }

  it('in other words than ours are matched by meaning, and to nothing where it is another matter', async () => {
    const english = {
      title: 'Payments by credit card fail',
      body: 'Paying by credit card fails with an error at the checkout.',
    };
    await forewarn.api.put('/v1/incidents/1/explanations/en', english);
    const ask = (externalId: string, text: string) => report({ channel: 'chat', externalId, text });
    expect(await ask('m-1', 'my credit card payment does not go through')).toMatchObject({
      customer: 'unknown',
      incidentId: '1',
      matchedBy: 'words',
    });
    expect(await ask('m-2', '请问你们几点开门')).toMatchObject({ incidentId: null, matchedBy: null });
  });

  async function report(body: Record<string, unknown>): Promise<Taken> {
    const answer = await typed(bot.post('/v1/contacts', body));
    expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
    return answer.body as unknown as Taken;
  }
});

describe('contacts that fit no incident', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('are an incident for a person when several customers say alike, once, and take later ones in', async () => {
    forewarn = await incidentWith(customers(2));
    await forewarn.know(...['m1', 'm2', 'm3', 'm4'].map((externalId) => aCustomer({ externalId })));
    const say = async (customer: string, text: string) =>
      (await typed(forewarn.api.post('/v1/contacts', { channel: 'chat', customer, externalId: `c-${customer}`, text })))
        .body;
    await say('m1', '地图一直是灰色的');
    await say('m2', '你们的地图一直是灰色');
    await forewarn.runStages('contacts');
    expect(await detections()).toEqual([]);
    await say('m3', '地图一直灰色，打不开');
    await forewarn.runStages('contacts', 'contacts', 'incident-open', 'contacts', 'audience', 'draft', 'campaign');

    expect(await detections()).toMatchObject([{ series: 'contacts:1', evidence: { seen: 3, unit: 'customers' } }]);
    const { body } = await typed(forewarn.api.get('/v1/incidents/2'));
    expect(body).toMatchObject({ severity: 'minor', title: expect.stringContaining('地图') });
    expect((await typed(forewarn.api.get('/v1/contacts?incident=2'))).body.items).toHaveLength(3);
    expect(await say('m4', '地图一直是灰色的')).toMatchObject({ incidentId: '2', matchedBy: 'words' });
    expect(await forewarn.rows('SELECT id FROM message WHERE incident_id = 2')).toEqual([]);
  });

  it('come from the feedback forms of apps as well, once each', async () => {
    forewarn = await incidentWith(customers(1));
    await forewarn.rows(
      "INSERT INTO user_feedback (project_id, customer_id, message, at, received_at) SELECT 1, id, 'Coupon does not work', $1, $1 FROM customer LIMIT 1",
      [forewarn.clock.now()],
    );
    await forewarn.runStages('contacts', 'contacts');
    expect((await typed(forewarn.api.get('/v1/contacts'))).body.items).toMatchObject([
      { channel: 'feedback', customer: 'c1', incidentId: '1', matchedBy: 'hit', text: 'Coupon does not work' },
    ]);
  });

  it('come from replies to messages, and who asks for help in one is given to a person once', async () => {
    forewarn = await incidentWith(customers(2));
    await forewarn.planAndSend();
    await forewarn.rows(
      `INSERT INTO reply (provider_id, customer_id, message_id, wish, certain, text, at)
       SELECT 'SM' || customer_id, customer_id, id, CASE WHEN customer_id = 1 THEN 'none' ELSE 'stop' END, true, '我需要帮助', $1 FROM message ORDER BY customer_id`,
      [forewarn.clock.now()],
    );
    await forewarn.runStages('contacts', 'contacts');
    expect((await typed(forewarn.api.get('/v1/contacts'))).body.items).toMatchObject([
      { externalId: 'reply-1', customer: 'c1', incidentId: '1', text: '我需要帮助' },
    ]);
    expect((await typed(forewarn.api.get('/v1/hand-overs'))).body.items).toMatchObject([
      { customer: 'c1', contactId: '1', incidentId: '1', reason: 'asked', state: 'open' },
    ]);
  });

  async function detections(): Promise<{ kind: string }[]> {
    const { items } = (await forewarn.api.get('/v1/detections')).body as { items: { kind: string }[] };
    return items.filter(({ kind }) => kind === 'contacts');
  }
});

describe('reports', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('compare who was told with who was held out, as they were meant to be, and say what hurts most', async () => {
    const outreach = { prices: { currency: 'EUR', contact: 6 } };
    forewarn = await incidentWith(customers(6), { config: { outreach } });
    await forewarn.planAndSend();
    await forewarn.rows("UPDATE message SET price = 0.08, price_unit = 'USD'");
    await forewarn.rows(
      `INSERT INTO customer_health (customer_id, score, band, parts, scored_at)
       SELECT customer_id, 60, 'fair', jsonb_build_object('hits', 0, 'contacts', 0, 'use', CASE WHEN customer_id % 3 = 0 THEN 30 ELSE 5 END), now()
       FROM message`,
    );
    const now = forewarn.clock.now();
    // Chance held three out before anybody was told.
    await forewarn.rows(
      `INSERT INTO held_out (incident_id, customer_id, audience, share, channel, held_at)
       SELECT 1, customer_id, 'affected', 0.5, 'email', $1 FROM message ORDER BY customer_id LIMIT 3`,
      [now],
    );
    await forewarn.rows(
      'DELETE FROM attempt WHERE message_id IN (SELECT id FROM message WHERE customer_id IN (SELECT customer_id FROM held_out))',
    );
    await forewarn.rows('DELETE FROM outbox_mail WHERE customer_id IN (SELECT customer_id FROM held_out)');
    await forewarn.rows('DELETE FROM message WHERE customer_id IN (SELECT customer_id FROM held_out)');
    forewarn.clock.advance('1h');
    for (const customer of ['c1', 'c2', 'c6'])
      await typed(forewarn.api.post('/v1/contacts', { channel: 'chat', customer, externalId: customer, text: 'help' }));

    const { status, body } = await typed(forewarn.api.get('/v1/reports/deflection?incident=1'));
    expect([status, body]).toMatchObject([
      200,
      {
        told: { customers: 3, contacts: 1 },
        heldOut: { customers: 3, contacts: 2 },
        method: 'heldOut',
        avoided: { perHundred: 33.33 },
        cost: {
          avoided: { currency: 'EUR', amount: 6 },
          messages: [{ currency: 'USD', amount: 0.24, messages: 3 }],
        },
        proactive: { incidents: 1, toldFirst: 1, contacts: 3, contactsAfterTold: 1 },
      },
    ]);
    expect(body.words).toMatch(/^No difference can be seen/);
    await forewarn.rows("UPDATE message SET kind = 'returned'");
    const { body: returned } = await typed(forewarn.api.get('/v1/reports/deflection?incident=1'));
    expect(returned).toMatchObject({ told: { customers: 0 }, proactive: { toldFirst: 1, contactsAfterTold: 1 } });
    await forewarn.rows("UPDATE message SET kind = 'notice'");
    expect(body.warning).toMatch(/Fewer/);
    expect((await typed(forewarn.api.get('/v1/reports/deflection?month=2026-03'))).body.told).toEqual(body.told);
    expect((await typed(forewarn.api.get('/v1/reports/deflection?month=2025-03'))).body).toMatchObject({
      method: 'none',
    });
    for (const wrong of ['incident=1&month=2026-03', 'month=2026-13', 'hours=0', 'incident=x'])
      expect((await typed(forewarn.api.get(`/v1/reports/deflection?${wrong}`))).status).toBe(400);
    expect((await typed(forewarn.api.get('/v1/reports/deflection?incident=99'))).status).toBe(404);

    expect((await typed(forewarn.api.get('/v1/reports/product-feedback'))).body.items).toMatchObject([
      { project: 'shop', area: null, release: '2.4.1', incidents: 1, customers: 6, contacts: 3, lostUse: 2, score: 36 },
    ]);
  });

  it('hold no message back but to whoever is in contact about the incident already', async () => {
    forewarn = await incidentWith(customers(2));
    await typed(forewarn.api.post('/v1/contacts', { channel: 'chat', customer: 'c1', externalId: 'x', text: 'help' }));
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();
    expect(await forewarn.rows('SELECT state, state_reason FROM message ORDER BY customer_id')).toEqual([
      { state: 'suppressed', state_reason: 'in_contact' },
      { state: 'sent', state_reason: null },
    ]);
    expect((await typed(forewarn.api.get('/v1/reports/deflection?incident=1'))).body.told).toEqual({
      customers: 2,
      contacts: 0,
    });
  });
});

describe('hand-overs', () => {
  let forewarn: TestDaemon;
  let hook: Server;
  afterEach(async () => {
    await forewarn.stop();
    await new Promise((done) => hook.close(done));
  });

  it('are told to the webhook with the whole story, signed, again until it takes them, and never twice', async () => {
    const told: Told[] = [];
    let status = 500;
    const url = await listen((one) => {
      told.push(one);
      return status;
    });
    const config = { handOvers: { webhook: { url, secret: `whsec_${KEY}` } } };
    forewarn = await incidentWith([aCustomer({ externalId: 'c1', locale: 'zh-CN' })], { config });
    const contact = { channel: 'chat', customer: 'c1', externalId: 'conv-1', text: '付款一直转圈' };
    const { body: taken } = await typed(forewarn.api.post('/v1/contacts', contact));

    const asked = await typed(
      forewarn.api.post('/v1/hand-overs', {
        contactId: taken.id,
        channel: 'chat',
        reason: 'notHelped',
      }),
    );
    expect(asked).toMatchObject({ status: 201, body: { incidentId: '1', state: 'open', delivery: 'pending' } });
    expect(asked.body.line).toMatch(/人工/);
    const again = await typed(
      forewarn.api.post('/v1/hand-overs', { customer: 'c1', channel: 'phone', text: '我要人工' }),
    );
    expect(again.body).toMatchObject({ id: asked.body.id, repeated: true });

    await forewarn.runStage('hand-over');
    expect(told).toHaveLength(1);
    expect(await forewarn.runStage('hand-over')).toMatchObject({ worked: 0 });
    expect((await typed(forewarn.api.get('/v1/hand-overs?state=open'))).body.items).toMatchObject([
      { delivery: 'pending', attempts: 1, lastFailure: 'http 500' },
    ]);
    status = 204;
    forewarn.clock.advance('15s');
    await forewarn.runStage('hand-over');
    forewarn.clock.advance('1h');
    await forewarn.runStage('hand-over');

    expect(told).toHaveLength(2);
    const [first, second] = told;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    const signed = ['webhook-id', 'webhook-timestamp']
      .map((name) => second?.headers[name])
      .concat(second?.body)
      .join('.');
    const expected = createHmac('sha256', Buffer.from(KEY, 'base64')).update(signed).digest('base64');
    expect(second?.headers['webhook-signature']).toBe(`v1,${expected}`);
    expect(JSON.parse(second?.body ?? '{}')).toMatchObject({
      type: 'handover.created',
      data: {
        reason: 'notHelped',
        text: '付款一直转圈',
        contact: { externalId: 'conv-1' },
        context: { customer: { externalId: 'c1' }, incidents: [{ incidentId: '1' }], unresolved: [{ asked: 1 }] },
      },
    });
    expect(String((await forewarn.anyone.get('/metrics')).body)).toContain(
      'forewarn_hand_overs{state="open",delivery="delivered"} 1',
    );

    const path = `/v1/hand-overs/${asked.body.id}`;
    expect((await typed(forewarn.api.patch(path, { state: 'taken' }))).body).toMatchObject({
      state: 'taken',
      takenBy: 'admin',
    });
    const other = await forewarn.daemon.app.get(TokenStore).create({ name: 'lee', role: 'agent' });
    expect((await new ApiClient(forewarn.url, other).patch(path, { state: 'taken' })).status).toBe(409);
    expect((await typed(forewarn.api.patch(path, { state: 'closed' }))).body).toMatchObject({ state: 'closed' });
    expect((await typed(forewarn.api.patch(path, { state: 'taken' }))).status).toBe(409);
    expect((await typed(forewarn.api.patch('/v1/hand-overs/999', { state: 'taken' }))).status).toBe(404);
  });

  it('of one customer are bounded by the hour, and wait for a person where there is no webhook', async () => {
    await listen(() => 200);
    forewarn = await incidentWith(customers(1), { config: { handOvers: { perHour: 2 } } });
    const ask = async () => {
      const answer = await typed(
        forewarn.api.post('/v1/hand-overs', { customer: 'c1', channel: 'chat', text: 'a human' }),
      );
      if (answer.status === 201)
        await typed(forewarn.api.patch(`/v1/hand-overs/${answer.body.id}`, { state: 'closed' }));
      return answer.status;
    };
    expect([await ask(), await ask(), await ask()]).toEqual([201, 201, 429]);
    forewarn.clock.advance('61m');
    expect(await ask()).toBe(201);
    expect(await forewarn.rows('SELECT DISTINCT delivery FROM hand_over')).toEqual([{ delivery: 'none' }]);
  });

  async function listen(answer: (told: Told) => number): Promise<string> {
    hook = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => response.writeHead(answer({ headers: request.headers, body })).end());
    });
    await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`;
  }
});

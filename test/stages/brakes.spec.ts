import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { policiesSchema } from '../../src/outreach/policy.js';
import { type OpenContact, OpenContacts } from '../../src/outreach/open-contacts.registry.js';
import { MessageQueue } from '../../src/outreach/public.js';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { Database } from '../../src/platform/db/database.js';
import { ApiClient } from '../support/api-client.js';
import { aCustomer, aPhoneCustomer } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { approve, campaigns, customers, hit, incidentWith, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

const required = { config: { policies: [aPolicy({ approval: 'required' })] } };
const hold = (reason = 'wrong words') => forewarn.api.put('/v1/outreach/switch', { sending: 'held', reason });
const free = () => forewarn.api.put('/v1/outreach/switch', { sending: 'live' });

let forewarn: TestDaemon;
let second: TestDaemon | undefined;
let outside: Outside | undefined;
beforeEach(() => {
  outside = second = undefined;
});
afterEach(async () => {
  await second?.stop();
  await forewarn.stop();
  await outside?.stop();
});

describe('the kill switch', () => {
  it('lets everything be planned and nothing leave, until somebody sets it live', async () => {
    forewarn = await incidentWith(customers(2));
    expect((await forewarn.api.get('/v1/outreach/switch')).body).toMatchObject({ sending: 'live', due: 0 });
    await hold();

    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice pending', 'c2 notice pending']);
    expect((await forewarn.api.get('/v1/outreach/switch')).body).toMatchObject({
      sending: 'held',
      reason: 'wrong words',
      changedBy: 'admin',
      due: 2,
    });
    expect(String((await forewarn.anyone.get('/metrics')).body)).toContain('forewarn_sending_held 1');

    expect((await free()).body).toMatchObject({ sending: 'live', reason: null });
    await forewarn.runStage('dispatch');

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent']);
    const { timeline } = (await forewarn.api.get('/v1/incidents/1')).body as { timeline: { kind: string }[] };
    expect(timeline.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['sending_held', 'sending_live']));
  });

  it('holds in every process, also what a worker has claimed and not yet handed over', async () => {
    outside = await startOutside();
    forewarn = await incidentWith(customers(3), { env: outside.env });
    await forewarn.plan();
    second = await TestDaemon.start({ beside: forewarn, env: outside.env });
    const claimed = await claim(second);
    expect(claimed).toHaveLength(3);

    await hold();

    expect(await begin(second, claimed[0])).toBe(false);
    await Promise.all([forewarn.runStage('dispatch'), second.runStage('dispatch')]);
    expect(outside.recipients()).toEqual([]);
    expect((await told(forewarn)).filter((one) => one.endsWith('pending'))).toHaveLength(1);
  });

  it('is held by a start with FOREWARN_SENDING=held', async () => {
    outside = await startOutside();
    forewarn = await incidentWith(customers(1), { env: { ...outside.env, FOREWARN_SENDING: 'held' } });

    await forewarn.planAndSend();

    expect(outside.recipients()).toEqual([]);
    expect((await forewarn.api.get('/v1/outreach/switch')).body).toMatchObject({ sending: 'held', due: 1 });
    await free();
    await forewarn.runStage('dispatch');
    expect(outside.recipients()).toEqual(['c1@customers.example']);
  });

  it('refuses a state that it does not know, and stays as it is', async () => {
    forewarn = await TestDaemon.start();
    for (const body of [{}, { sending: 'off' }, { sending: 'held', why: 'x' }, { sending: 'held', reason: '' }])
      expect((await forewarn.api.put('/v1/outreach/switch', body)).status).toBe(400);
    expect((await forewarn.api.get('/v1/outreach/switch')).body).toMatchObject({ sending: 'live' });
  });
});

describe('an approval', () => {
  it('can be taken back for some seconds, in which nothing goes out', async () => {
    forewarn = await incidentWith(customers(1), required);
    await forewarn.plan();
    await approveNow();
    await forewarn.runStages('dispatch', 'campaign');
    expect(await told(forewarn)).toEqual(['c1 notice pending']);

    expect((await forewarn.api.post('/v1/campaigns/1/undo', { reason: 'slip' })).body).toMatchObject({
      state: 'awaiting_approval',
      stateReason: 'approval_undone',
    });
    forewarn.clock.advance('1h');
    await forewarn.runStage('dispatch');
    expect(await told(forewarn)).toEqual(['c1 notice pending']);

    await approve(forewarn, '1');
    expect((await forewarn.api.post('/v1/campaigns/1/undo')).status).toBe(409);
    await forewarn.runStage('dispatch');
    expect(await told(forewarn)).toEqual(['c1 notice sent']);
  });
});

describe('one approval of an incident', () => {
  it('holds for later waves up to the blast limit, and for its end, while beyond it a person is asked again', async () => {
    forewarn = await incidentWith(customers(1), policy({ approval: 'required', blastLimit: 3 }));
    await forewarn.plan();
    await approve(forewarn, '1');
    await forewarn.planAndSend();

    await later(['c2', 'c3']);
    expect(await told(forewarn)).toEqual(['c1', 'c2', 'c3'].map((name) => `${name} notice sent`));
    expect((await campaigns(forewarn))[1]).toMatchObject({ state: 'done', approvedBy: 'admin' });
    await later(['c4']);
    expect((await told(forewarn)).at(-1)).toBe('c4 notice pending');
    expect((await campaigns(forewarn))[2]).toMatchObject({
      state: 'awaiting_approval',
      stateReason: 'beyond_approval',
    });

    const { outreach } = (await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' })).body as {
      outreach: object;
    };
    expect(outreach).toEqual({
      told: 3,
      waiting: [{ campaignId: '3', kind: 'notice', state: 'awaiting_approval', messages: 1 }],
      words:
        '3 customers were told. 3 of them are written to that it is over, with the approval of what they were told. 1 message (notice) had not gone out and are dropped.',
    });
    await forewarn.planAndSend();
    expect((await told(forewarn)).slice(3)).toEqual([
      'c4 notice cancelled resolved',
      ...['c1', 'c2', 'c3'].map((name) => `${name} resolved sent`),
    ]);
  });

  it('is taken back with the approval itself', async () => {
    forewarn = await incidentWith(customers(1), policy({ approval: 'required' }));
    await forewarn.plan();
    await approveNow();
    await forewarn.api.post('/v1/campaigns/1/undo');
    await later(['c2']);
    expect(await told(forewarn)).toEqual(['c1 notice pending', 'c2 notice pending']);
  });

  it('needs two people above twoPersonsAbove, with two tokens and one preview', async () => {
    forewarn = await incidentWith(customers(3), policy({ approval: 'required', twoPersonsAbove: 2 }));
    await forewarn.plan();
    await approve(forewarn, '1');
    expect((await campaigns(forewarn))[0]).toMatchObject({ state: 'awaiting_approval', stateReason: 'second_person' });
    expect((await approve(forewarn, '1')).status).toBe(409);
    await forewarn.runStage('dispatch');
    expect((await told(forewarn))[0]).toBe('c1 notice pending');

    const token = await forewarn.daemon.app.get(TokenStore).create({ name: 'bea', role: 'ops' });
    const bea = new ApiClient(forewarn.url, token);
    const { version } = (await bea.get('/v1/campaigns/1/preview')).body as { version: string };
    expect((await bea.post('/v1/campaigns/1/approve', { version })).body).toMatchObject({ approvedBy: 'bea' });
    forewarn.clock.advance('10s');
    await forewarn.runStage('dispatch');

    expect((await told(forewarn))[0]).toBe('c1 notice sent');
  });

  it('of a legal duty names its rule, needs no consent and two people, whatever the policy says of approval', async () => {
    const people = [aCustomer({ externalId: 'yes' }), aCustomer({ externalId: 'silent', consent: {} })];
    forewarn = await incidentWith(people, policy({ class: 'legal', rule: 'DORA Art. 19', approval: 'automatic' }));
    await forewarn.plan();
    expect(await told(forewarn)).toEqual(['silent notice pending', 'yes notice pending']);
    expect((await campaigns(forewarn))[0]).toMatchObject({
      stateReason: 'legal_duty',
      stateWords: 'the law obliges to tell (DORA Art. 19), and two people approve it',
    });
    await approve(forewarn, '1');
    expect((await campaigns(forewarn))[0]).toMatchObject({ state: 'awaiting_approval', stateReason: 'second_person' });
    for (const wrong of [{ class: 'legal' }, { rule: 'DORA Art. 19' }])
      expect(policiesSchema.safeParse([aPolicy(wrong)]).error?.issues[0]?.path).toEqual([0, 'rule']);
  });

  it('of a legal duty reaches who refused such messages, first where they did not, and nobody whom the provider stops', async () => {
    const people = [
      aPhoneCustomer(1, { externalId: 'a' }),
      aPhoneCustomer(2, { externalId: 'b' }),
      aPhoneCustomer(3, { externalId: 'c', email: null }),
    ];
    forewarn = await incidentWith(people, policy({ class: 'legal', rule: 'DORA Art. 19', channels: ['sms', 'email'] }));
    const put = (id: string, consent: object) => forewarn.api.put(`/v1/customers/${id}`, { consent });
    expect((await put('a', { sms: { legal: false } })).status).toBe(200);
    await put('b', { sms: { legal: false }, email: { legal: false } });
    await forewarn.rows(
      `INSERT INTO consent_entry (customer_id, channel, purpose, granted, source, at)
       SELECT customer_id, 'sms', 'legal', false, 'provider', $1
       FROM customer_identity
       WHERE kind = 'id' AND value = 'c'`,
      [forewarn.clock.now()],
    );
    await forewarn.plan();

    const sent = (await messages(forewarn)).map(({ channel, stateReason }) => channel ?? stateReason);
    expect(sent).toEqual(['email', 'sms', 'no_consent']);
    const ways = (await forewarn.api.get('/v1/customers/b/consent')).body as { may: object[] };
    expect(ways.may).toContainEqual(
      expect.objectContaining({ channel: 'sms', purpose: 'legal', allowed: true, reason: 'legal_duty', source: 'api' }),
    );
  });

  it('of marketing goes to nobody who agreed to news about the service alone', async () => {
    forewarn = await incidentWith(customers(1), policy({ class: 'marketing' }));
    await forewarn.plan();
    expect(await told(forewarn)).toEqual(['c1 notice suppressed no_consent']);
  });

  it('that waited for hours is asked for anew, so that an old preview approves nothing', async () => {
    forewarn = await incidentWith(customers(1), required);
    await forewarn.plan();
    const { version } = (await forewarn.api.get('/v1/campaigns/1/preview')).body as { version: string };
    forewarn.clock.advance('5h');
    await forewarn.plan();

    expect((await forewarn.api.post('/v1/campaigns/1/approve', { version })).status).toBe(409);
    expect((await campaigns(forewarn))[0]).toMatchObject({ state: 'awaiting_approval', stateReason: 'asked_again' });
    expect((await approve(forewarn, '1')).status).toBe(200);
  });

  const policy = (about: Record<string, unknown>) => ({ config: { policies: [aPolicy(about)] } });

  async function later(names: string[]): Promise<void> {
    await forewarn.know(...names.map((externalId) => aCustomer({ externalId })));
    await hit(forewarn, names);
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();
  }
});

describe('a campaign that a person stops', () => {
  it.each(['pause', 'cancel'])('by %s hands over nothing more, not even what a worker has claimed', async (how) => {
    forewarn = await incidentWith(customers(2));
    await forewarn.plan();
    const [first] = await claim(forewarn);

    await forewarn.api.post(`/v1/campaigns/1/${how}`);

    expect(await begin(forewarn, first)).toBe(false);
    await forewarn.runStage('dispatch');
    expect((await messages(forewarn)).filter(({ state }) => state === 'sent')).toEqual([]);
    if (how === 'cancel')
      expect(await told(forewarn)).toEqual(['c1', 'c2'].map((name) => `${name} notice cancelled campaign_cancelled`));
  });
});

describe('a ramp', () => {
  it('lets a small share go first, then more, and is stopped by failures', async () => {
    outside = await startOutside();
    const rules = { ramp: ['30%', '70%'], stopWhen: { failed: '20%' } };
    forewarn = await incidentWith(customers(40), { env: outside.env, config: { policies: [aPolicy(rules)] } });
    await forewarn.planAndSend();
    const first = outside.recipients().length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(32);

    forewarn.clock.advance('3m');
    await forewarn.runStages('campaign', 'dispatch');
    const second = outside.recipients().length;
    expect(second).toBeGreaterThan(first);
    expect(second).toBeLessThan(40);

    await forewarn.rows(`UPDATE message SET state = 'failed', state_reason = 'blocked' WHERE state = 'sent'`);
    forewarn.clock.advance('3m');
    await forewarn.runStages('campaign', 'dispatch');
    expect(outside.recipients()).toHaveLength(second);
    expect(await campaigns(forewarn)).toMatchObject([
      { state: 'paused', pausedBy: 'rule', stateWords: '100 % of the messages failed, more than the 20 % of stopWhen' },
    ]);
  });
});

describe('stopWhen.complained', () => {
  it('pauses a campaign when too many customers report it as unwanted', async () => {
    const rules = { ramp: ['50%'], stopWhen: { complained: '5%' } };
    forewarn = await incidentWith(customers(24), { config: { policies: [aPolicy(rules)] } });
    await forewarn.planAndSend();
    const complain = (count: number) =>
      forewarn.rows(
        `INSERT INTO receipt (message_id, source, kind, at)
         SELECT id, 'mail', 'complaint', now() FROM message WHERE state = 'sent' ORDER BY id LIMIT ${count} ON CONFLICT DO NOTHING`,
      );
    await complain(2);
    await forewarn.runStage('campaign');
    expect(await campaigns(forewarn)).toMatchObject([{ state: 'approved' }]);

    await complain(3);
    await forewarn.runStage('campaign');

    expect(await campaigns(forewarn)).toMatchObject([
      { state: 'paused', pausedBy: 'rule', stateReason: 'stopped_by_rule' },
    ]);
  });
});

describe('links of a policy', () => {
  it.each([
    ['domainOnly', 'Details: forewarn.example. Opt out: reply STOP.', '详情：forewarn.example，退订请回复“退订”。'],
    ['none', 'Look in the app for details. Opt out: reply STOP.', '详情请打开应用查看，退订请回复“退订”。'],
  ])('%s leaves the link out of an SMS, in each language and in the preview', async (links, en, zh) => {
    outside = await startOutside();
    forewarn = await incidentWith(
      [aPhoneCustomer(1, { externalId: 'c1' }), aPhoneCustomer(2, { externalId: 'c2', locale: 'zh' })],
      {
        env: { ...outside.env, PUBLIC_URL: 'https://forewarn.example' },
        config: { policies: [aPolicy({ links, approval: 'required' })] },
      },
    );
    await forewarn.plan();
    expect(JSON.stringify((await forewarn.api.get('/v1/campaigns/1/preview')).body)).toContain(en);
    await approve(forewarn, '1');
    await forewarn.runStage('dispatch');

    const bodies = outside.twilio.messages.map(({ body }) => body);
    expect(bodies).toEqual(expect.arrayContaining([expect.stringContaining(en), expect.stringContaining(zh)]));
    expect(bodies.join()).not.toMatch(/https?:|\/i\//);
  });
});

describe('one customer who is taken out of a campaign', () => {
  it('is not written to, in this wave or a later one', async () => {
    forewarn = await incidentWith(customers(2), required);
    await forewarn.plan();

    const out = () => forewarn.api.delete('/v1/campaigns/1/customers/c2');
    expect(await out()).toMatchObject({ status: 200, body: { state: 'cancelled', stateReason: 'taken_out' } });
    expect((await out()).status).toBe(409);
    expect((await forewarn.api.delete('/v1/campaigns/1/customers/nobody')).status).toBe(404);
    await approve(forewarn, '1');
    await hit(forewarn, ['c2']);
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice cancelled taken_out']);
  });
});

describe('a customer who is in contact about the incident already', () => {
  it('gets no notice of it, and the message says why', async () => {
    forewarn = await incidentWith(customers(2));
    await forewarn.plan();
    const inContact = await forewarn.rows<OpenContact>(
      'SELECT customer_id AS "customerId", incident_id AS "incidentId" FROM message ORDER BY id LIMIT 1',
    );
    forewarn.daemon.app.get(OpenContacts).readBy(() => Promise.resolve(inContact));

    await forewarn.runStage('dispatch');

    expect((await messages(forewarn)).map(({ state, stateReason }) => [state, stateReason]).sort()).toEqual([
      ['sent', null],
      ['suppressed', 'in_contact'],
    ]);
  });
});

describe('a dry run', () => {
  it('names exactly those who are then written to, with cost, reasons and links that change nothing', async () => {
    outside = await startOutside();
    const people = [
      aPhoneCustomer(1, { externalId: 'sms' }),
      aPhoneCustomer(2, { externalId: 'zh', locale: 'zh' }),
      aCustomer({ externalId: 'mail' }),
      aCustomer({ externalId: 'silent', consent: {} }),
    ];
    const prices = { currency: 'EUR', sms: { DE: 0.08 } };
    const config = { policies: [aPolicy({ approval: 'required' })], outreach: { prices } };
    forewarn = await incidentWith(people, { env: outside.env, config });
    await forewarn.plan();

    const { samples, dryRun } = (await forewarn.api.get('/v1/campaigns/1/preview')).body as {
      samples: { body: string }[];
      dryRun: { recipients: number; sms: { segments: number; cost: number }[]; texts: object[]; dropped: object[] };
    };
    for (const { body } of samples) expect(body).toMatch(/\/i\/preview\b/);
    expect((await forewarn.anyone.post('/i/preview/unsubscribe')).status).toBe(404);
    expect(dryRun).toMatchObject({ recipients: 3, dropped: [{ reason: 'no_consent', customers: 1 }] });
    expect(dryRun.sms).toMatchObject([{ country: 'DE', messages: 2 }]);
    expect(dryRun.sms[0]?.cost).toBeCloseTo((dryRun.sms[0]?.segments ?? 0) * 0.08);
    expect(dryRun.texts).toContainEqual(
      expect.objectContaining({ locale: 'zh', encoding: 'UCS-2', reviewState: 'draft' }),
    );
    const csv = String((await forewarn.api.get('/v1/campaigns/1/preview.csv')).body);
    const [heading = [], ...lines] = csv
      .trim()
      .split('\r\n')
      .map((row) => row.split(','));
    const planned = lines
      .filter((cells) => cells[heading.indexOf('state')] === 'pending')
      .map(([customer, channel]) => `${customer} ${channel}`);

    await approve(forewarn, '1');
    await forewarn.runStages('dispatch');

    const sent = (await messages(forewarn)).filter(({ state }) => state === 'sent');
    expect(sent.map((one) => `${one.customer?.externalId} ${one.channel}`).sort()).toEqual(planned.sort());
    expect(outside.recipients()).toHaveLength(3);
  });
});

describe('a test message', () => {
  it('goes through the real provider, marked and in the language asked for, and counts for nobody', async () => {
    outside = await startOutside();
    forewarn = await TestDaemon.start({ env: outside.env });
    const send = (body: object) => forewarn.api.post('/v1/test-messages', body);

    expect(await send({ to: 'me@shop.example', locale: 'zh-TW' })).toMatchObject({
      status: 200,
      body: { channel: 'email', gateway: 'smtp', result: 'sent' },
    });
    expect(await send({ channel: 'sms', to: '+4915112345601' })).toMatchObject({ body: { result: 'sent' } });
    expect(outside.recipients()).toEqual(['+4915112345601', 'me@shop.example']);
    expect(outside.smtp.mails[0]?.parsed.subject).toContain('測試');
    expect(await forewarn.rows('SELECT FROM message')).toEqual([]);

    for (const wrong of [{ to: 'nobody' }, { to: '+882123456789' }, { channel: 'sms', to: 'me@shop.example' }, {}])
      expect((await send(wrong)).status).toBe(400);
    await hold();
    expect((await send({ to: 'me@shop.example' })).status).toBe(409);
  });
});

describe('the built-in outbox', () => {
  it('of an installation that has used a provider shows messages, and counts nobody as told', async () => {
    outside = await startOutside();
    second = await incidentWith(customers(1), { ...required, env: outside.env });
    await second.plan();
    forewarn = await TestDaemon.start({ beside: second, ...required });
    await approve(forewarn, '1');

    await forewarn.runStages('dispatch', 'campaign');

    expect(await told(forewarn)).toEqual(['c1 notice shown']);
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice shown']);
    expect(await forewarn.rows('SELECT FROM outbox_mail')).toHaveLength(1);
    [forewarn, second] = [second, forewarn];
  });

  it('counts what it showed in a trial as told no more once a provider is there', async () => {
    second = await incidentWith(customers(1));
    await second.planAndSend();
    expect(await told(second)).toEqual(['c1 notice sent']);

    outside = await startOutside();
    forewarn = await TestDaemon.start({ beside: second, env: outside.env });
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice shown']);
    expect(outside.recipients()).toEqual([]);
    expect((await campaigns(forewarn)).map(({ kind }) => kind)).toEqual(['notice']);
    [forewarn, second] = [second, forewarn];
  });
});

async function approveNow(): Promise<void> {
  const { version } = (await forewarn.api.get('/v1/campaigns/1/preview')).body as { version: string };
  await forewarn.api.post('/v1/campaigns/1/approve', { version });
}

async function claim(daemon: TestDaemon) {
  const now = daemon.clock.now();
  return (await daemon.daemon.app.get(MessageQueue).claim(now, 50, new Date(now.getTime() + 300_000))).ready;
}

async function begin(daemon: TestDaemon, ready: Awaited<ReturnType<typeof claim>>[number] | undefined) {
  if (!ready) throw new Error('nothing was claimed');
  const now = daemon.clock.now();
  const queue = daemon.daemon.app.get(MessageQueue);
  const later = new Date(now.getTime() + 300_000);
  const mine = await daemon.daemon.app
    .get(Database)
    .transaction((tx) => queue.begin(tx, [{ ...ready.message, gateway: 'smtp' }], later));
  if (mine.size === 0) await queue.release([ready.message]);
  return mine.size > 0;
}

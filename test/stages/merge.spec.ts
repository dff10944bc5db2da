import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent, anotherEvent, aPhoneCustomer, type EventBody, phone } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { approve, campaigns, customers, hit, incidentWith, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

let forewarn: TestDaemon;
let outside: Outside | undefined;
afterEach(async () => {
  await forewarn.stop();
  await outside?.stop();
  outside = undefined;
});

const MERGE = { merge: { within: '12h' } };
const start = (policies: object[] = [aPolicy(MERGE)], people = customers(2), env = {}) =>
  incidentWith(people, { env, config: { incidents: { quietFor: '72h' }, policies } });
/** A fault of its own. */
const fault =
  (name: string) =>
  (about: EventBody): EventBody =>
    anEvent({
      type: `${name}Error`,
      message: `${name} broke`,
      stack: `${name}Error: ${name} broke\n    at ${name} (/srv/shop/src/${name}.js:3:1)`,
      ...about,
    });
/** Lets another fault hit these customers, so much later that it is an incident of its own, and plans. */
const another = async (names: string[], event: (about: EventBody) => EventBody = anotherEvent) => {
  forewarn.clock.advance('3h');
  await hit(forewarn, names, event);
  await forewarn.plan();
};
const send = async (after: string) => {
  forewarn.clock.advance(after);
  await forewarn.runStages('campaign', 'dispatch', 'campaign');
};
const mails = async () =>
  await forewarn.rows<{ address: string; subject: string; body: string }>(
    'SELECT address, subject, body FROM outbox_mail ORDER BY id',
  );
const name = (id: number, about: object) => forewarn.api.patch(`/v1/incidents/${id}`, about);

describe('several incidents of one customer', () => {
  it('become one message after the wait, which the preview shows, each counts the customer as told once, and each has its end', async () => {
    forewarn = await start();
    await forewarn.plan();
    await send('1h');
    expect(await mails()).toEqual([]);
    await another(['c1']);
    const { samples } = (await forewarn.api.get('/v1/campaigns/2/preview')).body as {
      samples: { subject: string; together: { incidentIds: string[]; subject: string; html: string } | null }[];
    };
    expect(samples).toHaveLength(1);
    expect(samples[0]?.subject).not.toContain('2 problems');
    expect(samples[0]?.together).toMatchObject({ incidentIds: ['1'], subject: 'Shop: 2 problems affect you' });
    expect(samples[0]?.together?.html).toMatch(/<html lang="en">[^]*\/i\/preview"/);

    await send('9h');

    const [both, one] = (await mails()).toSorted((a, b) => a.address.localeCompare(b.address));
    expect(await mails()).toHaveLength(2);
    expect(both).toMatchObject({ address: 'c1@customers.example', subject: 'Shop: 2 problems affect you' });
    expect(both?.body).toContain('you ran into these problems');
    expect(one).toMatchObject({ address: 'c2@customers.example' });
    expect(one?.body).toContain('you ran into this problem');
    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent', 'c1 notice sent']);
    expect((await campaigns(forewarn)).map(({ state }) => state)).toEqual(['done', 'done']);

    await forewarn.api.patch('/v1/incidents/2', { status: 'resolved' });
    await send('1s');
    await send('15m');
    expect((await told(forewarn)).slice(3)).toEqual(['c1 resolved sent']);
    await send('24h');
    expect(await mails()).toHaveLength(3);
  });

  it('are named worst first, three of them, and the others are counted', async () => {
    forewarn = await start([aPolicy({ merge: { within: '20h' } })], customers(1));
    await forewarn.plan();
    for (const one of ['Search', 'Login', 'Basket', 'Video']) await another(['c1'], fault(one));
    for (const [at, title] of ['Checkout', 'Search', 'Login', 'Basket', 'Video'].entries())
      await forewarn.api.put(`/v1/incidents/${at + 1}/explanations/en`, {
        title: `${title} fails`,
        body: 'We are on it.',
      });
    await name(4, { severity: 'critical' });
    await name(1, { severity: 'minor' });
    await send('20h');

    const [mail] = await mails();
    expect(await mails()).toHaveLength(1);
    expect(mail?.subject).toBe('Shop: 5 problems affect you');
    const named = [...(mail?.body ?? '').matchAll(/^(\w+) fails$/gm)].map(([, area]) => area);
    expect(named).toHaveLength(3);
    expect(named[0]).toBe('Basket');
    expect(named).not.toContain('Checkout');
    expect(mail?.body).toContain('And 2 more.');
  });

  it('are one message as well where they only may hit the customer, in words of a risk and apart from what did hit', async () => {
    forewarn = await start([aPolicy({ ...MERGE, audience: ['affected', 'atRisk'] })], customers(2));
    await forewarn.know(aCustomer({ externalId: 'maybe' }));
    await forewarn.plan();
    await another(['c1']);
    await forewarn.rows(
      `INSERT INTO at_risk_member (incident_id, customer_id, since, expected, trust)
       SELECT i.id, p.customer_id, $1, 0.5, 'server'
       FROM incident i, customer_identity p
       WHERE p.kind = 'id' AND p.value = 'maybe'`,
      [forewarn.clock.now()],
    );
    forewarn.clock.advance('1m');
    await forewarn.runStage('campaign');
    await send('13h');

    const own = (await mails()).filter(({ address }) => address === 'maybe@customers.example');
    expect(own).toEqual([expect.objectContaining({ subject: 'Shop: you may run into 2 problems' })]);
    expect(own[0]?.body).toContain('have not happened to you, but they may');
    expect(own[0]?.body).not.toContain('ran into these problems:');
  });

  it('are one SMS, and all stand where its reports put it', async () => {
    outside = await startOutside();
    forewarn = await start([aPolicy(MERGE)], [aPhoneCustomer(1, { externalId: 'c1' })], outside.env);
    outside.twilio.now = () => forewarn.clock.now();
    await forewarn.plan();
    await another(['c1']);
    await name(1, { area: 'checkout' });
    await name(2, { area: 'search' });
    await send('10h');

    const [sms] = outside.twilio.sentTo(phone(1));
    expect(outside.twilio.sentTo(phone(1))).toHaveLength(1);
    expect(sms?.body).toContain('Shop: 2 problems affect you now: checkout; search. We are working on them.');
    if (sms) await outside.twilio.postStatus(sms, 'delivered');
    expect(await told(forewarn)).toEqual(['c1 notice delivered', 'c1 notice delivered']);
  });

  it('leave out what has ended or waits for a person, which goes by itself later', async () => {
    const policies = [
      aPolicy({ ...MERGE, name: 'grave', match: { severity: 'critical' }, approval: 'required' }),
      aPolicy(MERGE),
    ];
    forewarn = await start(policies, customers(1));
    await forewarn.plan();
    forewarn.clock.advance('3h');
    await hit(forewarn, ['c1']);
    await hit(forewarn, ['c1'], anotherEvent);
    await forewarn.runStages('detect', 'incident-open');
    await name(2, { severity: 'critical' });
    await forewarn.plan();
    await another(['c1'], fault('Login'));
    await forewarn.api.patch('/v1/incidents/3', { status: 'resolved' });
    await send('10h');
    expect(await mails()).toHaveLength(1);
    expect((await mails())[0]?.body).toContain('you ran into this problem');
    expect((await told(forewarn)).filter((one) => one.includes('pending'))).toHaveLength(1);

    const waiting = (await campaigns(forewarn)).find(({ state }) => state === 'awaiting_approval');
    await approve(forewarn, waiting?.id ?? '');
    await send('1m');
    expect(await mails()).toHaveLength(2);
  });

  it('go by themselves when the one that led is taken back', async () => {
    forewarn = await start([aPolicy(MERGE)], customers(1));
    await forewarn.plan();
    await another(['c1']);
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await send('10h');
    expect(await mails()).toHaveLength(1);
    expect(await told(forewarn)).toEqual(['c1 notice cancelled resolved', 'c1 notice sent']);
  });

  it('count as one against a cap', async () => {
    forewarn = await start([aPolicy({ ...MERGE, caps: { messages: 1, per: '72h' } })], customers(1));
    await forewarn.plan();
    await another(['c1']);
    await send('10h');
    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c1 notice sent']);
  });

  it('are one message when two processes send at once, and one batch a customer is open', async () => {
    forewarn = await start([aPolicy(MERGE)], customers(20));
    await forewarn.plan();
    await another(customers(20).map(({ externalId }) => externalId));
    const insert = 'INSERT INTO message_batch (customer_id, due_at) SELECT customer_id, due_at FROM message_batch';
    await expect(forewarn.rows(insert)).rejects.toThrow('message_batch_open');
    const second = await TestDaemon.start({ beside: forewarn, config: { policies: [aPolicy(MERGE)] } });
    forewarn.clock.advance('10h');
    await Promise.all([forewarn.runStage('dispatch'), second.runStage('dispatch')]);
    await forewarn.runStages('dispatch', 'campaign');
    await second.stop();

    expect((await mails()).map(({ address }) => address).sort()).toEqual(
      customers(20)
        .map(({ email }) => email)
        .sort(),
    );
    expect((await told(forewarn)).every((one) => one.endsWith('notice sent'))).toBe(true);
  });

  it('have one "still working on it" for all of them, with the news of each, never two at a time', async () => {
    outside = await startOutside();
    const updates = { every: '4h', atMost: 5 };
    forewarn = await start([aPolicy({ ...MERGE, updates })], customers(1), outside.env);
    await forewarn.plan();
    await another(['c1']);
    await send('10h');
    expect(outside.smtp.mails).toHaveLength(1);

    forewarn.clock.advance('3h');
    await forewarn.api.post('/v1/incidents/2/updates', {
      texts: { en: 'The search is slow and works.' },
      nextUpdateAt: null,
    });
    for (let minutes = 0; minutes < 120; minutes += 10) await send('10m');

    const [notice, update] = outside.smtp.mails;
    expect(outside.smtp.mails).toHaveLength(2);
    expect(update?.parsed.subject).toBe('Shop: update on 2 problems');
    expect(update?.parsed.text).toContain('The search is slow and works.');
    expect(update?.parsed.text).toContain('We are still working on the 2 problems that we told you about.');
    expect(update?.parsed.text).toContain('and they are not fixed yet');
    expect(update?.parsed.inReplyTo).toBe(notice?.parsed.messageId);
    expect((await told(forewarn)).filter((one) => one.includes('update'))).toEqual([
      'c1 update sent',
      'c1 update sent',
    ]);
  });

  it('have one "fixed" where both end within the wait, and each its own where only one ends, in the thread of the notice', async () => {
    outside = await startOutside();
    const people = [aCustomer({ externalId: 'c1' }), aCustomer({ externalId: 'c2', locale: 'zh-CN' })];
    forewarn = await start([aPolicy(MERGE)], people, outside.env);
    await forewarn.plan();
    await another(['c1', 'c2']);
    await another(['c1'], fault('Login'));
    await send('10h');
    const [notice] = outside.smtp.mails.filter((mail) => mail.to.includes('c1@customers.example'));
    expect(outside.smtp.mails).toHaveLength(2);

    await forewarn.api.patch('/v1/incidents/2', { status: 'resolved' });
    await send('1s');
    await send('5m');
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await send('1s');
    expect(outside.smtp.mails).toHaveLength(2);
    await send('10m');
    const fixed = outside.smtp.mails.slice(2);
    expect(fixed.map(({ parsed }) => parsed.subject).sort()).toEqual([
      'Shop: 2 problems are fixed',
      'Shop：2个问题已修复',
    ]);
    const [english] = fixed.filter((mail) => mail.to.includes('c1@customers.example'));
    expect(english?.parsed.text).toContain('2 problems that we told you about are fixed.');
    expect(english?.parsed.text).toContain('Another problem that affects you is not fixed yet');
    expect(english?.parsed.inReplyTo).toBe(notice?.parsed.messageId);

    await forewarn.api.patch('/v1/incidents/3', { status: 'resolved' });
    await send('1m');
    await send('15m');
    const last = outside.smtp.mails.at(-1);
    expect(outside.smtp.mails).toHaveLength(5);
    expect(last?.parsed.subject).toMatch(/^Fixed: /);
    expect(last?.parsed.references).toContain(notice?.parsed.messageId);
    expect((await told(forewarn)).filter((one) => one.includes('resolved sent'))).toHaveLength(5);
  });

  it('leave "fixed" of one that was told alone without a wait', async () => {
    forewarn = await start([aPolicy({ merge: { within: '15m' } })], customers(1));
    await forewarn.plan();
    await send('16m');
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await send('1s');
    expect((await mails()).map(({ subject }) => subject)).toEqual([
      expect.any(String),
      expect.stringMatching(/^Fixed: /),
    ]);
  });

  it('are written in Chinese to who reads it', async () => {
    forewarn = await start([aPolicy(MERGE)], [aCustomer({ externalId: 'c1', locale: 'zh-CN' })]);
    await forewarn.plan();
    await another(['c1']);
    await send('10h');
    expect((await mails())[0]).toMatchObject({ subject: 'Shop：您目前受到2个问题影响' });
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, aPhoneCustomer, anotherEvent, type CustomerLine } from '../support/builders.js';
import { approve, campaigns, customers, hit, hitAnew, incidentWith, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

const withPolicy = (about: Record<string, unknown>) => ({ config: { policies: [aPolicy(about)] } });

let forewarn: TestDaemon;
afterEach(() => forewarn.stop());

describe('a policy', () => {
  it('leads to outreach only for its own project and severities', async () => {
    const policies = [
      aPolicy({ name: 'elsewhere', match: { project: 'other' } }),
      aPolicy({ name: 'grave', match: { severity: 'critical' } }),
    ];
    const projects = [
      { slug: 'shop', name: 'Shop' },
      { slug: 'other', name: 'Other' },
    ];
    forewarn = await incidentWith(customers(1), { config: { policies, projects } });

    await forewarn.planAndSend();
    expect(await campaigns(forewarn)).toEqual([]);

    await forewarn.api.patch('/v1/incidents/1', { severity: 'critical' });
    await forewarn.planAndSend();
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ policy: 'grave' })]);
  });

  it('picks the first channel that the customer allows and that reaches them, or says why there is none', async () => {
    const people = [
      aPhoneCustomer(1, { externalId: 'both' }),
      aPhoneCustomer(2, { externalId: 'mail', consent: { sms: false, email: true } }),
      aPhoneCustomer(3, { externalId: 'silent', consent: {} }),
      aCustomer({ externalId: 'unreachable', email: null }),
    ];
    forewarn = await incidentWith(people);

    await forewarn.plan();

    const planned = (await messages(forewarn)).map((one) => [one.customer?.externalId, one.channel, one.stateReason]);
    expect(planned).toEqual([
      ['both', 'sms', null],
      ['mail', 'email', null],
      ['silent', null, 'no_consent'],
      ['unreachable', null, 'no_contact_point'],
    ]);
  });
});

describe('approval', () => {
  it('by a person is required before anything is sent', async () => {
    forewarn = await incidentWith(customers(2), withPolicy({ approval: 'required' }));
    await forewarn.planAndSend();
    forewarn.clock.advance('30d');
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice pending', 'c2 notice pending']);
    const preview = (await forewarn.api.get('/v1/campaigns/1/preview')).body as { samples: object[]; drafts: string[] };
    expect(preview.drafts).toEqual(['en']);
    expect(preview.samples).toEqual([expect.objectContaining({ channel: 'email', locale: 'en' })]);

    expect((await approve(forewarn, '1')).body).toMatchObject({ approvedBy: 'admin' });
    await forewarn.runStage('dispatch');

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent']);
  });

  it('after a delay happens by itself, and includes customers hit meanwhile', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ approval: { after: '10m' } }));
    await forewarn.planAndSend();
    forewarn.clock.advance('6m');
    await forewarn.know(aCustomer({ externalId: 'late' }));
    await hit(forewarn, ['late']);
    await forewarn.planAndSend();
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'awaiting_approval', wave: 1 })]);

    forewarn.clock.advance('5m');
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'late notice sent']);
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'done', approvedBy: 'policy' })]);
  });

  it('after a delay does not happen when a person objects', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ approval: { after: '10m' } }));
    await forewarn.plan();
    await forewarn.api.post('/v1/campaigns/1/cancel', { reason: 'a test of ours' });
    forewarn.clock.advance('1h');
    await hit(forewarn, ['c2']);

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice cancelled campaign_cancelled']);
  });

  it.each([
    [3, 'done'],
    [2, 'awaiting_approval'],
  ])('is automatic for three customers with a blast limit of %d: %s', async (blastLimit, state) => {
    forewarn = await incidentWith(customers(3), withPolicy({ blastLimit }));

    await forewarn.planAndSend();

    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state })]);
  });

  it('is required again for later waves that pass the blast limit, and only for those', async () => {
    forewarn = await incidentWith(customers(2), withPolicy({ blastLimit: 3 }));
    await forewarn.planAndSend();
    await forewarn.know(...customers(4));
    await hit(forewarn, ['c3', 'c4']);
    forewarn.clock.advance('1m');

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual([
      'c1 notice sent',
      'c2 notice sent',
      'c3 notice pending',
      'c4 notice pending',
    ]);
  });
});

describe('approving', () => {
  const required = withPolicy({ approval: 'required' });
  const version = async () => ((await forewarn.api.get('/v1/campaigns/1/preview')).body as { version: string }).version;
  const approveSeen = (seen?: string) => forewarn.api.post('/v1/campaigns/1/approve', { version: seen });

  it('needs the version of the preview that was looked at', async () => {
    forewarn = await incidentWith(customers(1), required);
    await forewarn.plan();

    for (const wrong of [undefined, '', 'constructor', '1.abcdefghijklmnopq'])
      expect(await approveSeen(wrong)).toMatchObject({ status: 400, body: { messages: [] } });
    expect((await forewarn.api.post('/v1/campaigns/1/approve')).status).toBe(400);

    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'awaiting_approval' })]);
    expect((await approveSeen(await version())).status).toBe(200);
  });

  it('is refused when the campaign grew by more than a little since somebody looked', async () => {
    forewarn = await incidentWith(customers(2), required);
    await forewarn.plan();
    const seen = await version();
    await forewarn.know(...customers(8));
    await hit(forewarn, ['c3', 'c4', 'c5', 'c6', 'c7', 'c8']);
    await forewarn.plan();

    expect(await approveSeen(seen)).toMatchObject({ status: 409, body: { messages: [] } });
    expect((await approveSeen(await version())).status).toBe(200);
  });

  it('is refused when the words changed since somebody looked', async () => {
    forewarn = await incidentWith(customers(1), required);
    await forewarn.plan();
    const seen = await version();
    await forewarn.api.put('/v1/incidents/1/explanations/en', { title: 'Other words', body: 'Other words' });

    expect((await approveSeen(seen)).status).toBe(409);
  });
});

describe('claimed evidence', () => {
  const doubtful = (about: Record<string, unknown> = {}) => ({
    ...withPolicy({ approval: 'automatic', trust: ['signed', 'server'], ...about }),
    claims: true,
  });

  it('waits for a person, who sees how much of it there is, while better evidence goes out at once', async () => {
    forewarn = await incidentWith(customers(4), doubtful());
    await forewarn.runStages('audience');
    await trusted(['c1', 'c2']);

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual([
      'c1 notice sent',
      'c2 notice sent',
      'c3 notice pending',
      'c4 notice pending',
    ]);
    const [, waiting] = await campaigns(forewarn);
    expect(waiting).toMatchObject({ state: 'awaiting_approval', claimed: true, stateReason: 'untrusted_evidence' });
    expect((await forewarn.api.get(`/v1/campaigns/${waiting?.id}`)).body).toMatchObject({
      trust: { claimed: 2, signed: 0, server: 0, sources: 1 },
    });

    await approve(forewarn, waiting?.id ?? '');
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1', 'c2', 'c3', 'c4'].map((name) => `${name} notice sent`));
  });

  it('is what automatic approval leaves to a person unless the policy says otherwise', async () => {
    forewarn = await incidentWith(customers(1), doubtful({ trust: undefined }));

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice pending']);
  });

  it('that better evidence replaces goes out without a person', async () => {
    forewarn = await incidentWith(customers(2), doubtful());
    await forewarn.planAndSend();
    await trusted(['c1']);

    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c2 notice pending', 'c1 notice sent']);

    await trusted(['c2']);
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent']);
    expect(await campaigns(forewarn)).toContainEqual(
      expect.objectContaining({ claimed: true, state: 'cancelled', stateReason: 'evidence_trusted' }),
    );
  });

  it('neither uses up the blast limit nor, cancelled by a person, stops those whose evidence counts', async () => {
    forewarn = await incidentWith(customers(4), doubtful({ blastLimit: 1 }));
    await forewarn.planAndSend();
    await forewarn.api.post('/v1/campaigns/1/cancel', { reason: 'made up' });
    await forewarn.know(...customers(6));
    await hit(forewarn, ['c5', 'c6']);
    await forewarn.runStages('audience');
    await trusted(['c5']);

    await forewarn.planAndSend();

    expect((await told(forewarn)).at(-1)).toBe('c5 notice sent');
    expect(await told(forewarn)).toHaveLength(5);
  });

  async function trusted(names: readonly string[]): Promise<void> {
    await forewarn.rows(
      `UPDATE audience_member a SET trust = 'server' FROM customer_identity i
       WHERE i.customer_id = a.customer_id AND i.kind = 'id' AND i.value = ANY ($1::text[])`,
      [names],
    );
  }
});

describe('a ceiling of the installation', () => {
  const outreach = (perHour: number, perDay = 100) => ({
    config: { policies: [aPolicy()], outreach: { limits: { email: { perHour, perDay }, sms: { perHour: 100 } } } },
  });

  it('lets messages beyond it wait, says so, and lets them go when there is room', async () => {
    forewarn = await incidentWith(customers(5), outreach(3));
    await forewarn.planAndSend();
    expect(await sent()).toBe(3);
    const held = (await messages(forewarn)).filter((one) => one.state === 'pending');
    expect(held.map((one) => one.stateReason)).toEqual(['over_ceiling', 'over_ceiling']);
    const [campaign] = await campaigns(forewarn);
    expect((await forewarn.api.get(`/v1/campaigns/${campaign?.id}/preview`)).body).toMatchObject({
      limits: { email: { perHour: 3, perDay: 100, takenInHour: 3, takenInDay: 3 } },
    });
    expect((await forewarn.api.get('/v1/incidents/1')).body).toMatchObject({
      timeline: expect.arrayContaining([
        expect.objectContaining({
          kind: 'over_ceiling',
          details: expect.objectContaining({ channel: 'email', messages: 2, perHour: 3 }) as object,
        }),
      ]) as object,
    });
    expect(String((await forewarn.anyone.raw('GET', '/metrics')).body)).toContain(
      'forewarn_messages_over_ceiling{channel="email"} 2',
    );

    forewarn.clock.advance('59m');
    await forewarn.runStages('dispatch');
    expect(await sent()).toBe(3);
    forewarn.clock.advance('11m');
    await forewarn.runStages('dispatch');
    expect(await sent()).toBe(5);
  });

  it('holds for two daemons together', async () => {
    forewarn = await incidentWith(customers(12), outreach(7));
    const { TestDaemon } = await import('../support/test-daemon.js');
    const options = outreach(7);
    const second = await TestDaemon.start({ beside: forewarn, ...options });
    await forewarn.plan();

    await Promise.all([1, 2, 3].flatMap(() => [forewarn.runStage('dispatch'), second.runStage('dispatch')]));
    await Promise.all([forewarn.runStage('dispatch'), second.runStage('dispatch')]);

    await second.stop();
    expect(await sent()).toBe(7);
  });

  it('of zero lets nothing out', async () => {
    forewarn = await incidentWith(customers(1), outreach(0, 0));
    await forewarn.planAndSend();
    forewarn.clock.advance('25h');
    await forewarn.planAndSend();

    expect(await sent()).toBe(0);
  });

  it('comes with a refusal of numbers that cost extra or lie in a country that is not listed; the next channel is taken', async () => {
    const people = [
      aPhoneCustomer(1, { externalId: 'premium', phone: '+499001234567', consent: { sms: true } }),
      aPhoneCustomer(2, { externalId: 'abroad', phone: '+8613812345678', consent: { sms: true, email: true } }),
    ];
    forewarn = await incidentWith(people, { config: { policies: [aPolicy()], outreach: { countries: ['DE'] } } });

    await forewarn.plan();

    const planned = (await messages(forewarn)).map((one) => [one.customer?.externalId, one.channel, one.stateReason]);
    expect(planned).toEqual([
      ['abroad', 'email', null],
      ['premium', null, 'number_costs_extra'],
    ]);
  });

  async function sent(): Promise<number> {
    return (await forewarn.row<{ count: number }>('SELECT count(*)::int AS count FROM outbox_mail')).count;
  }
});

describe('waves', () => {
  it('write to customers who are hit later, and to nobody twice', async () => {
    forewarn = await incidentWith(customers(2));
    await forewarn.planAndSend();
    forewarn.clock.advance('5m');
    await forewarn.know(...customers(3));
    await hit(forewarn, ['c1', 'c2', 'c3']);

    await forewarn.planAndSend();
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent', 'c3 notice sent']);
    expect((await campaigns(forewarn)).map((one) => one.wave)).toEqual([1, 2]);
  });

  it('wait while a person has paused the campaign, and go on when it is resumed', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ quietHours: { from: '12:00', to: '14:00' } }));
    await forewarn.plan();
    expect((await forewarn.api.post('/v1/campaigns/1/pause')).status).toBe(200);
    await hit(forewarn, ['c2']);
    await forewarn.know(...customers(2));
    forewarn.clock.advance('5h');
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice pending']);

    await forewarn.api.post('/v1/campaigns/1/resume');
    await forewarn.planAndSend();
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent']);
  });

  it('stay paused by a person when a silence ends, whatever words that person used', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ quietHours: { from: '12:00', to: '14:00' } }));
    await forewarn.plan();
    await forewarn.api.post('/v1/campaigns/1/pause', { reason: 'a silence holds it back' });
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'paused', pausedBy: 'person' })]);
    const to = new Date(forewarn.clock.now().getTime() + 600_000).toISOString();
    await forewarn.api.post('/v1/silences', { project: 'shop', to, reason: 'planned work' });
    await forewarn.plan();
    forewarn.clock.advance('5h');

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice pending']);
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ state: 'paused', stateReason: 'by_person', stateWords: 'a silence holds it back' }),
    ]);
  });

  it('go on when the silence that paused them ends', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ quietHours: { from: '12:00', to: '14:00' } }));
    await forewarn.plan();
    const to = new Date(forewarn.clock.now().getTime() + 600_000).toISOString();
    await forewarn.api.post('/v1/silences', { project: 'shop', to, reason: 'planned work' });
    await forewarn.plan();
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ state: 'paused', pausedBy: 'silence', stateReason: 'silence_began' }),
    ]);
    forewarn.clock.advance('5h');

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent']);
  });

  it('reach everybody in a crowd once, over several pages of members', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ blastLimit: 10_000 }));
    const crowd = Array.from({ length: 1200 }, (_, nth) => `met only in events ${nth}`);
    await hit(forewarn, crowd);

    await forewarn.planAndSend();
    await forewarn.plan();

    const [count] = await forewarn.rows<{ messages: number; customers: number }>(
      `SELECT count(*)::int AS messages, count(DISTINCT customer_id)::int AS customers FROM message WHERE kind = 'notice'`,
    );
    expect(count).toEqual({ messages: 1201, customers: 1201 });
    expect((await campaigns(forewarn)).map(({ wave }) => wave)).toEqual([1]);
  });

  it('are planned once even when two daemons plan at the same time', async () => {
    forewarn = await incidentWith(customers(4));
    const { TestDaemon } = await import('../support/test-daemon.js');
    const second = await TestDaemon.start({ beside: forewarn });
    await forewarn.runStage('audience');

    await Promise.all([forewarn.runStage('campaign'), second.runStage('campaign')]);
    await Promise.all([forewarn.runStage('dispatch'), second.runStage('dispatch')]);

    await second.stop();
    expect(await told(forewarn)).toEqual(['c1', 'c2', 'c3', 'c4'].map((name) => `${name} notice sent`));
    expect(await forewarn.row('SELECT count(*)::int AS count FROM outbox_mail')).toEqual({ count: 4 });
  });
});

describe('quiet hours', () => {
  const quietHours = { from: '21:00', to: '08:00' };

  it.each([
    ['Europe/Berlin', '2026-03-10T20:30:00Z', '2026-03-11T07:00:00.000Z'],
    ['Europe/Berlin', '2026-03-11T01:30:00Z', '2026-03-11T07:00:00.000Z'],
    ['Asia/Shanghai', '2026-03-10T13:00:00Z', '2026-03-11T00:00:00.000Z'],
    ['Europe/Berlin', '2026-03-28T23:30:00Z', '2026-03-29T06:00:00.000Z'],
    ['Europe/Berlin', '2026-10-24T22:30:00Z', '2026-10-25T07:00:00.000Z'],
    ['America/New_York', '2026-03-08T03:00:00Z', '2026-03-08T12:00:00.000Z'],
  ])('in %s hold a message of %s until %s, across midnight and the change of clocks', async (timeZone, now, until) => {
    forewarn = await incidentWith(customers(1, { timeZone }), withPolicy({ quietHours }));
    forewarn.clock.set(now);

    await forewarn.planAndSend();
    expect((await messages(forewarn))[0]).toMatchObject({
      state: 'pending',
      stateReason: 'quiet_hours',
      nextAt: until,
    });
    forewarn.clock.set(new Date(Date.parse(until) - 1000).toISOString());
    await forewarn.runStage('dispatch');
    expect(await told(forewarn)).toEqual(['c1 notice pending']);

    forewarn.clock.set(until);
    await forewarn.runStage('dispatch');
    expect(await told(forewarn)).toEqual(['c1 notice sent']);
  });

  it('that begin between planning and sending hold the message, too', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ quietHours }));
    forewarn.clock.set('2026-03-10T19:59:00Z');
    await forewarn.plan();
    forewarn.clock.set('2026-03-10T20:00:00Z');

    await forewarn.runStage('dispatch');

    expect((await messages(forewarn))[0]).toMatchObject({ state: 'pending', nextAt: '2026-03-11T07:00:00.000Z' });
  });

  it('decide a message anew when they end: by the consent, the address and the zone of then', async () => {
    const [stays, leaves, moves, reads] = customers(4) as [CustomerLine, CustomerLine, CustomerLine, CustomerLine];
    forewarn = await incidentWith([stays, leaves, moves, reads], withPolicy({ quietHours }));
    forewarn.clock.set('2026-03-10T20:30:00Z');
    await forewarn.planAndSend();
    expect((await messages(forewarn)).map(({ stateReason }) => stateReason)).toEqual(Array(4).fill('quiet_hours'));

    await forewarn.know(
      { ...leaves, consent: { email: false } },
      { ...moves, timeZone: 'America/New_York' },
      { ...reads, email: 'new@customers.example' },
    );
    forewarn.clock.set('2026-03-11T07:00:00Z');
    await forewarn.runStage('dispatch');

    const now = (await messages(forewarn)).map((one) => [
      one.customer?.externalId,
      one.state,
      one.stateReason,
      one.address,
    ]);
    expect(now.toSorted()).toEqual([
      ['c1', 'sent', null, 'c1@customers.example'],
      ['c2', 'suppressed', 'no_consent', null],
      ['c3', 'pending', 'quiet_hours', null],
      ['c4', 'sent', null, 'new@customers.example'],
    ]);
  });
});

describe('a cap', () => {
  it('counts messages to a customer over all incidents, and allows more when its time is over', async () => {
    const policy = withPolicy({ caps: { messages: 1, per: '24h' } });
    forewarn = await incidentWith(customers(1), policy);
    await forewarn.planAndSend();
    await hitAnew(forewarn, ['c1']);
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c1 notice suppressed cap']);

    forewarn.clock.advance('25h');
    const third = (about: object) => anotherEvent({ ...about, type: 'Error', message: 'no stock', stack: undefined });
    await hit(forewarn, ['c1'], third);
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c1 notice suppressed cap', 'c1 notice sent']);
  });

  it('does not hold back the message that the fault is over', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ caps: { messages: 1, per: '24h' } }));
    await forewarn.planAndSend();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c1 resolved sent']);
  });
});

describe('the end of an incident', () => {
  it('is told to exactly those who heard of the incident, on the same channel, once', async () => {
    const people = [...customers(2), aCustomer({ externalId: 'silent', consent: {} })];
    forewarn = await incidentWith(people);
    await forewarn.planAndSend();
    await forewarn.know(...customers(3));
    await hit(forewarn, ['c3']);
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    for (let round = 0; round < 3; round++) await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual([
      'c1 notice sent',
      'c2 notice sent',
      'silent notice suppressed no_consent',
      'c1 resolved sent',
      'c2 resolved sent',
    ]);
  });

  it('cancels unsent messages, and tells those customers nothing', async () => {
    forewarn = await incidentWith(customers(2), withPolicy({ approval: 'required' }));
    await forewarn.plan();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice cancelled resolved', 'c2 notice cancelled resolved']);
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'cancelled' })]);
    expect((await approve(forewarn, '1')).status).toBe(409);
  });

  it('is not told if the policy says so', async () => {
    forewarn = await incidentWith(customers(1), withPolicy({ onResolve: false }));
    await forewarn.planAndSend();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent']);
  });

  it('is not told to customers who opted out meanwhile', async () => {
    forewarn = await incidentWith(customers(2));
    await forewarn.planAndSend();
    await forewarn.api.put('/v1/customers/c1', { consent: { email: false } });
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual([
      'c1 notice sent',
      'c2 notice sent',
      'c1 resolved suppressed no_consent',
      'c2 resolved sent',
    ]);
  });
});

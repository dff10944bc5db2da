import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hit } from '../support/story.js';
import { aCustomer } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

describe("a customer's own no", () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...['c1', 'c2', 'c3'].map((externalId) => aCustomer({ externalId })));
    await hit(forewarn, ['c1', 'c2', 'c3']);
    await forewarn.planAndSend();
    const { token } = await forewarn.row<{ token: string }>(
      "SELECT link_token AS token FROM message JOIN customer_identity i USING (customer_id) WHERE i.kind = 'id' AND i.value = 'c1'",
    );
    expect((await forewarn.anyone.post(`/i/${token}/unsubscribe`)).status).toBe(200);
  });
  afterEach(() => forewarn.stop());

  const agreed = async () =>
    ((await forewarn.api.get('/v1/customers/c1')).body as { consent: { email?: boolean } }).consent.email;
  const import_ = (body: string) =>
    forewarn.api.raw('POST', '/v1/customers/import', { headers: { 'content-type': 'text/csv' }, body });

  it('outranks the next import of the same file, and the API', async () => {
    await import_('externalId,consentEmail\nc1,yes\n');
    expect(await agreed()).toBe(false);
    await forewarn.api.put('/v1/customers/c1', { consent: { email: true } });
    expect(await agreed()).toBe(false);
  });

  it('ends with a yes of a later date', async () => {
    forewarn.clock.advance('2d');
    const at = new Date(forewarn.clock.now().getTime() - 86_400_000).toISOString();
    await forewarn.api.put('/v1/customers/c1', { consent: { email: { granted: true, at } } });
    expect(await agreed()).toBe(true);
  });

  it('stays where the yes is of an earlier date', async () => {
    const at = new Date(forewarn.clock.now().getTime() - 86_400_000).toISOString();
    await forewarn.api.put('/v1/customers/c1', { consent: { email: { granted: true, at } } });
    expect(await agreed()).toBe(false);
  });

  it('by the link of a message is about the service and marketing, and leaves what the law obliges to tell', async () => {
    const answer = await forewarn.api.get('/v1/customers/c1/consent');
    const { may, ledger } = answer.body as { may: Record<string, unknown>[]; ledger: Record<string, unknown>[] };
    const email = may.filter((one) => one['channel'] === 'email');
    expect(email).toEqual([
      expect.objectContaining({
        purpose: 'service',
        allowed: false,
        reason: 'said_no',
        source: 'unsubscribe_link',
        since: forewarn.clock.now().toISOString(),
      }),
      expect.objectContaining({ purpose: 'marketing', allowed: false, reason: 'said_no' }),
      expect.objectContaining({ purpose: 'legal', allowed: true, reason: 'legal_duty', source: null }),
    ]);
    expect(ledger.map((one) => [one['purpose'], one['granted'], one['source']])).toEqual([
      ['service', true, 'import'],
      ['service', false, 'unsubscribe_link'],
      ['marketing', false, 'unsubscribe_link'],
    ]);
  });

  it('cannot be outdone by a date to come', async () => {
    const at = new Date(forewarn.clock.now().getTime() + 86_400_000).toISOString();
    const answer = await forewarn.api.put('/v1/customers/c1', { consent: { email: { granted: true, at } } });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain('lies in the future');
    expect(await agreed()).toBe(false);
  });
});

describe('consent for each purpose', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
  });
  afterEach(() => forewarn.stop());

  const granted = async (id: string) => {
    const answer = await forewarn.api.get(`/v1/customers/${id}/consent`);
    const { ledger } = answer.body as { ledger: { channel: string; purpose: string; granted: boolean; at: string }[] };
    return ledger.map((one) => `${one.channel} ${one.purpose} ${one.granted} ${one.at.slice(0, 10)}`).sort();
  };

  it('is taken by the API, a plain word being about the service', async () => {
    const at = '2026-02-01T09:00:00Z';
    const put = await forewarn.api.put('/v1/customers/a', {
      consent: { sms: true, email: { service: true, marketing: { granted: false, at } } },
    });
    expect(put.body).toMatchObject({ consent: { sms: true, email: true } });
    const today = forewarn.clock.now().toISOString().slice(0, 10);
    expect(await granted('a')).toEqual([
      'email marketing false 2026-02-01',
      `email service true ${today}`,
      `sms service true ${today}`,
    ]);
    const wrong = await forewarn.api.put('/v1/customers/a', { consent: { sms: { selling: true } } });
    expect(wrong.status).toBe(400);
  });

  it('is taken by an import from columns and from JSON, and a yes to marketing is none to messages about the service', async () => {
    const send = (type: string, body: string) =>
      forewarn.api.raw('POST', '/v1/customers/import', { headers: { 'content-type': type }, body });
    await send(
      'text/csv',
      'externalId;consentSms;Newsletter;consentEmailMarketingAt;consentSmsLegal\na;ja;yes;2026-02-01;nein\n',
    );
    const json = { externalId: 'b', consent: { email: { marketing: { granted: true, at: '2026-02-02' } } } };
    const done = await send('application/x-ndjson', JSON.stringify(json));
    expect(done.body).toMatchObject({ imported: 1, cellsLeftOut: 0 });

    const today = forewarn.clock.now().toISOString().slice(0, 10);
    expect(await granted('a')).toEqual([
      'email marketing true 2026-02-01',
      `sms legal false ${today}`,
      `sms service true ${today}`,
    ]);
    expect(await granted('b')).toEqual(['email marketing true 2026-02-02']);
    expect((await forewarn.api.get('/v1/customers/b')).body).toMatchObject({ consent: {} });
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Clock, SystemClock } from '../../src/platform/clock.js';
import { aCustomer, aPhoneCustomer, phone } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { type Outside, startOutside } from '../support/outside.js';
import { runShop, type ShopRequest } from '../support/run-process.js';
import { TestDaemon } from '../support/test-daemon.js';

const FAILED_CHECKOUT = ['anna', 'bo', 'chen', 'dewi', 'eve', 'nocontact'];
const checkout: ShopRequest[] = FAILED_CHECKOUT.map((id) => ({ customer: { id }, do: 'checkout' }));
const search: ShopRequest[] = ['fay', 'anna'].map((id) => ({ customer: { id }, do: 'search' }));

/**
 * anna and bo read mail (English, Chinese), dewi and chen SMS (English, Chinese), eve agreed to nothing, fay met another
 * fault that is too rare to be called, gus met none, and nobody knows how to reach nocontact.
 */
const CUSTOMERS = [
  aCustomer({ externalId: 'anna', name: 'Anna' }),
  aCustomer({ externalId: 'bo', locale: 'zh-CN', timeZone: 'Asia/Shanghai' }),
  aPhoneCustomer(1, { externalId: 'chen', locale: 'zh-CN', timeZone: 'Asia/Shanghai' }),
  aPhoneCustomer(2, { externalId: 'dewi' }),
  aPhoneCustomer(3, { externalId: 'eve', consent: { sms: false, email: false } }),
  aCustomer({ externalId: 'fay' }),
  aCustomer({ externalId: 'gus' }),
];
const ANNA = 'anna@customers.example';
const BO = 'bo@customers.example';

describe.each(['@sentry/node', 'sentry-node-10', 'sentry-node-7'] as const)('an app with %s', (sdk) => {
  let outside: Outside;
  let forewarn: TestDaemon<Clock>;
  beforeAll(async () => {
    outside = await startOutside();
    forewarn = await TestDaemon.start({ clock: new SystemClock(), running: true, env: outside.env });
    await forewarn.know(...CUSTOMERS);
  });
  afterAll(async () => {
    await forewarn.stop();
    await outside.stop();
  });

  it('leads to one message for each customer whom the fault hit, in their language, and to none for the others', async () => {
    await runShop(sdk, (await forewarn.project()).dsn, [...search, ...checkout]);

    await outside.smtp.waitFor(2);
    await outside.twilio.waitFor(2);
    const { items: incidents } = (await forewarn.api.get('/v1/incidents')).body as { items: { title: string }[] };
    expect(incidents.map((one) => one.title)).toEqual([expect.stringContaining('TypeError')]);
    await eventually(
      'every message is final',
      () => messages(forewarn, 1),
      (all) => all.length === 6 && all.every((one) => ['sent', 'delivered', 'suppressed'].includes(one.state)),
    );
    expect(outside.recipients()).toEqual([phone(1), phone(2), ANNA, BO].sort());
    expect(outside.smtp.sentTo(ANNA)[0]?.parsed.text).toMatch(/^Hello Anna,[^]*The fault is on our side/);
    expect(outside.smtp.sentTo(ANNA)[0]?.parsed.text).toMatch(
      /You are receiving this message because you ran into this problem/,
    );
    expect(outside.smtp.sentTo(BO)[0]?.parsed.text).toMatch(/问题出在我们这边/);
    expect(outside.twilio.sentTo(phone(1))[0]?.body).toMatch(/^【Shop】.*问题出在我们这边/);
    expect(outside.twilio.sentTo(phone(2))[0]?.body).toMatch(/^Shop: .*The fault is on our side/);
  });

  it('gives the bot the explanation, the customer who was hit knowing it is theirs', async () => {
    const hit = await forewarn.api.get('/v1/bot/explanations?customer=bo');
    const other = await forewarn.api.get('/v1/bot/explanations?customer=gus&locale=en');

    expect(hit.body).toMatchObject({ items: [{ hit: true, locale: 'zh', evidence: { events: 1 } }] });
    expect(other.body).toMatchObject({ items: [{ hit: false, locale: 'en', evidence: null }] });
  });

  it('notes that an SMS was delivered when Twilio says so, signed', async () => {
    const [sms] = outside.twilio.sentTo(phone(2));
    const said = sms && (await outside.twilio.postStatus(sms, 'delivered'));

    expect(said?.status).toBe(204);
    const delivered = (await messages(forewarn, 1)).filter((one) => one.state === 'delivered');
    expect(delivered.map((one) => one.address)).toEqual([phone(2)]);
  });

  it('tells the same customers, and nobody else, when the fault is resolved', async () => {
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    await outside.smtp.waitFor(4);
    await outside.twilio.waitFor(4);
    await eventually(
      'every "fixed" is sent',
      () => messages(forewarn, 2),
      (all) => all.length === 4 && all.every((one) => one.state === 'sent'),
    );
    const told = [phone(1), phone(2), ANNA, BO].sort();
    expect(outside.recipients()).toEqual([...told, ...told].sort());
    expect(outside.smtp.sentTo(ANNA)[1]?.parsed.subject).toMatch(/^Fixed: /);
    expect(outside.smtp.sentTo(BO)[1]?.parsed.subject).toMatch(/^已修复：/);
    expect(outside.twilio.sentTo(phone(1))[1]?.body).toMatch(/已于.*修复/);
    expect((await forewarn.api.get('/v1/bot/explanations?customer=bo')).body).toMatchObject({
      items: [{ state: 'fixed', told: [{ kind: 'notice' }, { kind: 'resolved' }] }],
    });
  });

  it('balances its books: every event has one outcome, every message one attempt', async () => {
    await forewarn.runStage('outcome-flush');

    const outcomes = await forewarn.rows(
      "SELECT outcome, sum(count)::int AS count FROM intake_outcome WHERE outcome NOT IN ('discarded', 'used') GROUP BY 1",
    );
    expect(outcomes).toEqual([{ outcome: 'accepted', count: checkout.length + search.length }]);
    const issues = await forewarn.rows(
      'SELECT sum(event_count)::int AS event_count FROM cell GROUP BY issue_id ORDER BY 1',
    );
    expect(issues).toEqual([{ event_count: search.length }, { event_count: checkout.length }]);
    const books = await forewarn.row(
      'SELECT count(*)::int AS attempts, count(DISTINCT message_id)::int AS messages FROM attempt',
    );
    expect(books).toEqual({ attempts: 8, messages: 8 });
  });
});

interface ShownMessage {
  readonly state: string;
  readonly address: string | null;
}

async function messages(forewarn: TestDaemon<Clock>, campaign: number): Promise<ShownMessage[]> {
  return (
    ((await forewarn.api.get(`/v1/campaigns/${campaign}/messages`)).body as { items?: ShownMessage[] }).items ?? []
  );
}

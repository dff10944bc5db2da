import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/forewarn-config.js';
import { aPhoneCustomer, phone } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { campaigns, incidentWith, messages } from '../support/story.js';
import { aPolicy, writeConfig } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

let outside: Outside;
let forewarn: TestDaemon;
beforeEach(async () => {
  outside = await startOutside();
});
afterEach(async () => {
  await forewarn.stop();
  await outside.stop();
});

/** A policy that tries the next channel, and two customers who can be reached on both. */
async function start(about: Record<string, unknown> = {}, people = [person(1), person(2)]): Promise<void> {
  const policy = aPolicy({ fallback: { after: '15m' }, ...about });
  forewarn = await incidentWith(people, { env: outside.env, config: { policies: [policy] } });
  outside.twilio.now = () => forewarn.clock.now();
  await forewarn.planAndSend();
}

const person = (last: number, about: object = {}) => aPhoneCustomer(last, { externalId: `c${last}`, ...about });
const report = async (last: number, status: 'sent' | 'delivered' | 'undelivered', code?: number) => {
  const [sms] = outside.twilio.sentTo(phone(last));
  if (sms) await outside.twilio.postStatus(sms, status, code);
};
const mailsTo = (last: number) => outside.smtp.sentTo(`c${last}@customers.example`).length;
/** Each message as `c1 notice sms delivered`. */
const sent = async () =>
  (await messages(forewarn)).map((one) =>
    [one.customer?.externalId, one.kind, one.channel, one.state, one.stateReason].filter(Boolean).join(' '),
  );

describe('the next channel', () => {
  it('is tried once for whom no report of arrival came in time, and "fixed" goes where the notice arrived and on from there', async () => {
    await start();
    await report(1, 'delivered');
    forewarn.clock.advance('14m');
    await forewarn.planAndSend();
    expect(mailsTo(2)).toBe(0);

    forewarn.clock.advance('2m');
    await forewarn.planAndSend();
    forewarn.clock.advance('1h');
    await forewarn.planAndSend();

    expect(await sent()).toEqual(['c1 notice sms delivered', 'c2 notice sms sent', 'c2 notice email sent']);
    expect([mailsTo(1), mailsTo(2)]).toEqual([0, 1]);
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'done', approvedBy: 'policy' })]);
    const { timeline } = (await forewarn.api.get('/v1/incidents/1')).body as { timeline: { kind: string }[] };
    expect(timeline).toContainEqual(
      expect.objectContaining({ kind: 'next_channel', details: expect.objectContaining({ noReceipt: 1, failed: 0 }) }),
    );

    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    expect((await sent()).slice(3)).toEqual(['c1 resolved sms sent', 'c2 resolved email sent']);

    forewarn.clock.advance('16m');
    await forewarn.planAndSend();
    forewarn.clock.advance('1h');
    await forewarn.planAndSend();
    expect((await sent()).filter((one) => one.includes(' resolved ')).toSorted()).toEqual([
      'c1 resolved email sent',
      'c1 resolved sms sent',
      'c2 resolved email sent',
    ]);
  });

  it('is not tried while the provider has never said that anything arrived', async () => {
    await start();
    await report(1, 'sent');
    forewarn.clock.advance('1h');
    await forewarn.planAndSend();
    expect(await sent()).toEqual(['c1 notice sms sent', 'c2 notice sms sent']);
  });

  it('is tried at once where the message failed, but not for who told the provider to stop', async () => {
    await start();
    await report(1, 'undelivered', 30006);
    await report(2, 'undelivered', 21610);
    await forewarn.planAndSend();
    expect((await sent()).toSorted()).toEqual([
      'c1 notice email sent',
      'c1 notice sms failed invalid_recipient',
      'c2 notice sms failed opted_out',
    ]);
  });

  it('is decided anew: consent, quiet hours, and caps, which count both as one', async () => {
    const people = [person(1, { consent: { sms: true, email: false } }), person(2)];
    await start({ caps: { messages: 1, per: '24h' } }, people);
    await report(1, 'undelivered', 30006);
    await report(2, 'undelivered', 30006);
    await forewarn.planAndSend();
    expect((await sent()).filter((one) => !one.includes(' sms '))).toEqual([
      'c1 notice suppressed no_consent',
      'c2 notice email sent',
    ]);
  });

  it('is left alone when the report comes after all, before it goes out', async () => {
    await start({}, [person(1), person(2), person(3)]);
    await report(1, 'delivered');
    forewarn.clock.advance('16m');
    await forewarn.runStage('campaign');
    await report(2, 'delivered');
    await forewarn.runStages('dispatch', 'campaign');
    expect([mailsTo(2), mailsTo(3)]).toEqual([0, 1]);
    expect(await sent()).toContain('c2 notice email cancelled arrived_after_all');
  });

  it('is not tried while it is in doubt if the message went out', async () => {
    outside.twilio.script(phone(1), 'createThenReset');
    await start();
    await report(2, 'delivered');
    forewarn.clock.advance('1h');
    await forewarn.runStages('campaign', 'dispatch');
    expect((await sent()).filter((one) => one.startsWith('c1'))).toEqual(['c1 notice sms in_doubt connection_lost']);
    expect(mailsTo(1)).toBe(0);
  });

  it('needs a second channel in the policy', async () => {
    await start();
    const file = writeConfig({ policies: [aPolicy({ channels: ['sms'], fallback: { after: '15m' } })] });
    expect(() => loadConfig(file.path)).toThrow(/fallback.*needs a second channel/);
    file.remove();
  });
});

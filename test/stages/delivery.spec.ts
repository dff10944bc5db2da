import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Gateways } from '../../src/delivery/dispatch/gateways.service.js';
import { Leases } from '../../src/delivery/dispatch/leases.service.js';
import { Sender } from '../../src/delivery/dispatch/sender.service.js';
import { MessageQueue } from '../../src/outreach/public.js';
import { Database } from '../../src/platform/db/database.js';
import { aPhoneCustomer, phone } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { campaigns, customers, hitAnew, incidentWith, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

const LEASE = '16s';
const anna = aPhoneCustomer(1, { externalId: 'anna' });
const MAIL = 'c1@customers.example';

let outside: Outside;
let forewarn: TestDaemon;
beforeEach(async () => {
  outside = await startOutside();
});
afterEach(async () => {
  await forewarn.stop();
  await outside.stop();
});

describe('dispatch', () => {
  it('sends each message once even when two daemons work at it', async () => {
    await planned(customers(12));
    const { TestDaemon } = await import('../support/test-daemon.js');
    const second = await TestDaemon.start({ beside: forewarn, env: outside.env });

    await Promise.all([forewarn.runStage('dispatch'), second.runStage('dispatch'), forewarn.runStage('dispatch')]);

    await second.stop();
    expect(outside.recipients()).toEqual(
      customers(12)
        .map((one) => one.email)
        .sort(),
    );
    expect(await attempts()).toEqual(Array.from({ length: 12 }, () => 'sent'));
  });

  it('retries a message that the provider puts off, and counts it once against the cap', async () => {
    await planned([anna], { caps: { messages: 1, per: '24h' } });
    outside.twilio.script(phone(1), { status: 429, code: 20429, retryAfter: 60 });
    await forewarn.runStage('dispatch');
    expect((await messages(forewarn))[0]).toMatchObject({ state: 'pending', stateReason: 'rate_limited', attempts: 1 });
    await forewarn.runStage('dispatch');
    expect(outside.twilio.createCalls).toHaveLength(1);

    forewarn.clock.advance('2m');
    await forewarn.runStage('dispatch');

    expect((await messages(forewarn))[0]).toMatchObject({ state: 'sent', attempts: 2 });
    expect(outside.twilio.messages).toHaveLength(1);
  });

  it('gives a message up after eight attempts', async () => {
    await planned([anna]);
    outside.twilio.script(phone(1), ...Array.from({ length: 9 }, () => ({ status: 429, code: 20429 })));

    for (let attempt = 0; attempt < 9; attempt++) {
      await forewarn.runStage('dispatch');
      forewarn.clock.advance('4h');
    }

    expect((await messages(forewarn))[0]).toMatchObject({ state: 'failed', stateReason: 'rate_limited', attempts: 8 });
    expect(outside.twilio.createCalls).toHaveLength(8);
  });

  it('pauses the campaign when the provider refuses our setup, and uses up no attempt of a message', async () => {
    await planned([anna]);
    outside.twilio.script(phone(1), { status: 401, code: 20003 });
    await forewarn.runStage('dispatch');
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'paused' })]);
    expect(await told(forewarn)).toEqual(['anna notice pending']);

    await forewarn.api.post('/v1/campaigns/1/resume');
    await forewarn.runStage('dispatch');

    expect(await told(forewarn)).toEqual(['anna notice sent']);
  });

  it('notes in the consent ledger that a customer told the provider to stop', async () => {
    await planned([anna]);
    outside.twilio.script(phone(1), { status: 400, code: 21610 });

    await forewarn.runStage('dispatch');

    expect((await messages(forewarn))[0]).toMatchObject({ state: 'failed', stateReason: 'opted_out' });
    const ledger = await forewarn.rows(
      "SELECT granted, source FROM consent_entry WHERE channel = 'sms' ORDER BY id DESC LIMIT 1",
    );
    expect(ledger).toEqual([{ granted: false, source: 'provider' }]);
    await hitAnew(forewarn, ['anna']);
    await forewarn.planAndSend();
    expect((await messages(forewarn))[1]).toMatchObject({ state: 'sent', channel: 'email' });
  });

  it('does not retry an address that the provider refused for good', async () => {
    await planned([{ ...anna, consent: { sms: true } }]);
    outside.twilio.script(phone(1), { status: 400, code: 21211 });
    await forewarn.runStage('dispatch');
    await hitAnew(forewarn, ['anna']);

    await forewarn.planAndSend();

    expect((await messages(forewarn)).map((one) => one.stateReason)).toEqual(['invalid_recipient', 'address_refused']);
    expect(outside.twilio.createCalls).toHaveLength(1);
  });
});

describe('a lease', () => {
  it('that expires gives back the messages that a dead worker had claimed', async () => {
    await planned([anna]);
    await claim();
    forewarn.clock.advance('14s');
    await forewarn.runStages('leases', 'dispatch');
    expect(await told(forewarn)).toEqual(['anna notice claimed']);

    forewarn.clock.advance('2s');
    await forewarn.runStages('leases', 'dispatch');

    expect(await told(forewarn)).toEqual(['anna notice sent']);
    expect(outside.twilio.messages).toHaveLength(1);
  });

  it('is renewed as long as its worker lives', async () => {
    await planned([anna]);
    const lease = await claim();
    const leases = forewarn.daemon.app.get(Leases);
    leases.hold([lease], leases.end(forewarn.clock.now()));
    for (let beat = 0; beat < 10; beat++) {
      forewarn.clock.advance('4s');
      await leases.renew();
      await forewarn.runStage('leases');
    }
    expect(await told(forewarn)).toEqual(['anna notice claimed']);

    leases.drop(lease);
    forewarn.clock.advance(LEASE);
    await forewarn.runStages('leases', 'dispatch');

    expect(await told(forewarn)).toEqual(['anna notice sent']);
  });

  it('that ended while its worker stood still keeps the worker from calling the provider', async () => {
    await planned([anna]);
    const { app } = forewarn.daemon;
    const now = forewarn.clock.now();
    const { ready } = await queue().claim(now, 1, new Date(now.getTime() + 15_000));
    const [one] = ready;
    const way = one && app.get(Gateways).choose('sms', one.message, now);
    if (!one || !way) throw new Error('nothing was due');

    // The process stands still right after it has committed that it is about to send.
    const database = app.get(Database);
    const commit = database.transaction.bind(database);
    database.transaction = async (work) => {
      database.transaction = commit;
      const result = await commit(work);
      forewarn.clock.advance(LEASE);
      return result;
    };

    await (
      await app.get(Sender).send(way, one)
    ).written;

    expect(outside.twilio.createCalls).toHaveLength(0);
    expect((await messages(forewarn))[0]).toMatchObject({ state: 'pending', stateReason: 'worker_lost' });
    expect(await attempts()).toEqual(['not_sent']);
  });

  it('of a paused campaign is given back without a call', async () => {
    await planned([anna]);
    const now = forewarn.clock.now();
    const { ready } = await queue().claim(now, 1, new Date(now.getTime() + 15_000));
    const [one] = ready;
    const way = one && forewarn.daemon.app.get(Gateways).choose('sms', one.message, now);
    if (!one || !way) throw new Error('nothing was due');
    await forewarn.api.post('/v1/campaigns/1/pause');

    await (
      await forewarn.daemon.app.get(Sender).send(way, one)
    ).written;

    expect(outside.twilio.createCalls).toHaveLength(0);
    expect(await told(forewarn)).toEqual(['anna notice pending']);
  });

  it('that was lost lets its old worker change nothing', async () => {
    await planned([anna]);
    const late = await claim();
    forewarn.clock.advance(LEASE);
    await forewarn.runStages('leases', 'dispatch');
    const before = await forewarn.rows('SELECT * FROM message');
    const now = forewarn.clock.now();

    const results = await forewarn.daemon.app
      .get(Database)
      .transaction(async (tx) => [
        (await queue().begin(tx, [{ ...late, gateway: 'twilio' }], now)).size,
        (await queue().settleAll(tx, [{ id: late.id, fence: late.fence, to: 'failed', reason: 'refused' }], now)).size,
      ]);

    expect(results).toEqual([0, 0]);
    expect(await forewarn.rows('SELECT * FROM message')).toEqual(before);
  });
});

describe('a message in doubt', () => {
  it('is left by a worker that dies while sending, and is not sent again before the provider was asked', async () => {
    await planned([anna]);
    await dieWhileSending();
    forewarn.clock.advance(LEASE);
    await forewarn.runStages('leases', 'reconcile', 'dispatch');
    expect(await told(forewarn)).toEqual(['anna notice in_doubt']);

    forewarn.clock.advance('5m');
    await forewarn.runStages('reconcile', 'dispatch');

    expect(await told(forewarn)).toEqual(['anna notice sent']);
    expect(await attempts()).toEqual(['died', 'sent']);
    expect(outside.twilio.messages).toHaveLength(1);
  });

  it('is closed when the provider has it, without sending again', async () => {
    await planned([anna]);
    outside.twilio.script(phone(1), 'createThenReset');
    await forewarn.runStage('dispatch');
    expect(await told(forewarn)).toEqual(['anna notice in_doubt']);

    await forewarn.runStages('reconcile', 'dispatch');

    expect(await told(forewarn)).toEqual(['anna notice sent']);
    expect(outside.twilio.createCalls).toHaveLength(1);
  });

  it('is sent again only once it is certain that the provider never got it', async () => {
    await planned([anna]);
    outside.twilio.script(phone(1), 'reset');
    await forewarn.runStages('dispatch', 'reconcile', 'dispatch');
    expect(await told(forewarn)).toEqual(['anna notice in_doubt']);

    forewarn.clock.advance('5m');
    await forewarn.runStages('reconcile', 'dispatch');

    expect(await told(forewarn)).toEqual(['anna notice sent']);
    expect(outside.twilio.messages).toHaveLength(1);
  });

  it('stays in doubt if nobody can know, until a person says that it went out', async () => {
    await planned(customers(1));
    outside.smtp.script(MAIL, 'dropAfterBody');
    await forewarn.runStage('dispatch');
    for (let look = 0; look < 3; look++) {
      forewarn.clock.advance('1h');
      await forewarn.runStages('reconcile', 'dispatch');
    }
    const [doubtful] = await messages(forewarn);
    expect(doubtful).toMatchObject({ state: 'in_doubt' });

    const settled = await forewarn.api.post(`/v1/messages/${doubtful?.id}/settle`, { sent: true });

    expect(settled.body).toMatchObject({
      state: 'sent',
      stateReason: 'settled_sent',
      stateWords: 'a person found it at the provider',
    });
    expect(outside.smtp.sentTo(MAIL)).toHaveLength(1);
    expect((await forewarn.api.post(`/v1/messages/${doubtful?.id}/settle`, { sent: true })).status).toBe(409);
  });

  it('is settled when the customer opens its link', async () => {
    await planned(customers(1));
    outside.smtp.script(MAIL, 'dropAfterBody');
    await forewarn.runStage('dispatch');
    const [link] = /\/i\/[\w-]+/.exec(outside.smtp.sentTo(MAIL)[0]?.parsed.text ?? '') ?? [];

    expect((await forewarn.anyone.get(link ?? '')).status).toBe(200);

    expect(await told(forewarn)).toEqual(['c1 notice sent']);
  });
});

describe('a report of Twilio', () => {
  it('tells whether an SMS arrived or failed; late and repeated reports change nothing', async () => {
    await planned([anna, aPhoneCustomer(2, { externalId: 'bo' })]);
    await forewarn.runStage('dispatch');
    const [toAnna, toBo] = [outside.twilio.sentTo(phone(1))[0], outside.twilio.sentTo(phone(2))[0]];
    if (!toAnna || !toBo) throw new Error('not sent');

    await outside.twilio.postStatus(toAnna, 'delivered');
    await outside.twilio.postStatus(toAnna, 'sent');
    await outside.twilio.postStatus(toBo, 'undelivered', 30005);
    await outside.twilio.postStatus(toBo, 'delivered');

    expect((await messages(forewarn)).map((one) => [one.state, one.stateReason])).toEqual([
      ['delivered', null],
      ['failed', 'invalid_recipient'],
    ]);
  });

  it("is refused without the account's signature", async () => {
    await planned([anna]);
    await forewarn.runStage('dispatch');
    const [sms] = outside.twilio.messages;

    const forged = await forewarn.anyone.raw('POST', new URL(sms?.statusCallback ?? '').pathname, {
      headers: { 'x-twilio-signature': 'AAAA', 'content-type': 'application/x-www-form-urlencoded' },
      body: `MessageSid=${sms?.sid}&MessageStatus=failed`,
    });

    expect(forged.status).toBe(403);
    expect(await told(forewarn)).toEqual(['anna notice sent']);
  });
});

async function planned(
  people: Parameters<typeof incidentWith>[0],
  policy: Record<string, unknown> = {},
): Promise<void> {
  forewarn = await incidentWith(people, { env: outside.env, config: { policies: [aPolicy(policy)] } });
  outside.twilio.now = () => forewarn.clock.now();
  await forewarn.plan();
}

function queue(): MessageQueue {
  return forewarn.daemon.app.get(MessageQueue);
}

/** Does what a worker does before it dies: takes the message under a lease. */
async function claim() {
  const now = forewarn.clock.now();
  const { ready } = await queue().claim(now, 1, new Date(now.getTime() + 15_000));
  if (!ready[0]) throw new Error('nothing was due');
  return ready[0].message;
}

/** Does what a worker does that dies between its commit and the call to the provider. */
async function dieWhileSending(): Promise<void> {
  const message = await claim();
  const now = forewarn.clock.now();
  await forewarn.daemon.app.get(Database).transaction(async (tx) => {
    await queue().begin(tx, [{ ...message, gateway: 'twilio' }], new Date(now.getTime() + 15_000));
    await tx.query('INSERT INTO attempt (id, message_id, fence, gateway, started_at) VALUES ($1, $2, $3, $4, $5)', [
      forewarn.clock.uuid(),
      message.id,
      message.fence,
      'twilio',
      now,
    ]);
  });
}

async function attempts(): Promise<string[]> {
  const rows = await forewarn.rows<{ result: string }>(
    "SELECT coalesce(result, 'died') AS result FROM attempt ORDER BY started_at",
  );
  return rows.map((row) => row.result);
}

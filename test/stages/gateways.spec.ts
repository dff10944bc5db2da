import { createServer, type Server, type Socket } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type OutgoingMail, type OutgoingSms } from '../../src/delivery/gateway.js';
import { SmtpGateway, type SmtpConfig } from '../../src/delivery/smtp/smtp.gateway.js';
import { isSignedByTwilio } from '../../src/delivery/twilio/twilio-signature.js';
import { TwilioGateway, type TwilioConfig } from '../../src/delivery/twilio/twilio.gateway.js';
import { SmtpInbox } from '../support/smtp-inbox.js';
import { TwilioEmulator } from '../support/twilio-emulator.js';

const NOW = new Date('2026-03-02T10:00:00.400Z');
const seconds = (count: number) => new Date(NOW.getTime() + count * 1000);

function aMail(changes: Partial<OutgoingMail> = {}): OutgoingMail {
  return {
    messageId: '0195-mail-1',
    channel: 'email',
    to: 'ana@customer.example',
    locale: 'en-GB',
    subject: 'Paying by card fails – we are on it',
    text: 'Paying by card fails since 09:40. Your basket is kept.',
    html: '<p>Paying by card fails since 09:40. <b>Your basket is kept.</b></p>',
    unsubscribeUrl: 'https://forewarn.example/u/0pAqUe-t0ken',
    ...changes,
  };
}

function anSms(changes: Partial<OutgoingSms> = {}): OutgoingSms {
  return {
    messageId: '0195-sms-1',
    channel: 'sms',
    to: '+4915112345678',
    locale: 'en',
    text: 'Paying by card fails right now. We tell you when it works: https://forewarn.example/i/kZ3q',
    statusCallbackUrl: 'https://forewarn.example/hooks/twilio/status/0195-sms-1?t=9f2c',
    ...changes,
  };
}

describe('the SMTP gateway', () => {
  let inbox: SmtpInbox;
  const gateways: SmtpGateway[] = [];

  const gatewayTo = (url: string, changes: Partial<SmtpConfig> = {}) => {
    const gateway = new SmtpGateway({ url, from: 'Shop <help@shop.example>', timeoutMs: 10_000, ...changes });
    gateways.push(gateway);
    return gateway;
  };

  beforeEach(async () => {
    inbox = await SmtpInbox.start();
  });

  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
    await inbox.stop();
  });

  it('sends one mail with both texts, its language, and one-click unsubscribe', async () => {
    const result = await gatewayTo(inbox.url).send(aMail(), NOW);

    expect(result).toEqual({ kind: 'sent', providerId: '<0195-mail-1@shop.example>' });
    const [mail] = await inbox.waitFor(1);
    expect(mail?.from).toBe('help@shop.example');
    expect(mail?.to).toEqual(['ana@customer.example']);
    expect(mail?.parsed.messageId).toBe('<0195-mail-1@shop.example>');
    expect(mail?.parsed.subject).toBe('Paying by card fails – we are on it');
    expect(mail?.parsed.text?.trim()).toBe('Paying by card fails since 09:40. Your basket is kept.');
    expect(mail?.parsed.html).toContain('<b>Your basket is kept.</b>');
    expect(headerOf(mail?.raw, 'Auto-Submitted')).toBe('auto-generated');
    expect(headerOf(mail?.raw, 'Content-Language')).toBe('en-GB');
    expect(headerOf(mail?.raw, 'List-Unsubscribe')).toBe('<https://forewarn.example/u/0pAqUe-t0ken>');
    expect(headerOf(mail?.raw, 'List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click');
  });

  it('delivers Chinese text unchanged', async () => {
    const chinese = {
      locale: 'zh-CN',
      subject: '银行卡支付出现故障',
      text: '您的购物车已保留。修复后我们会通知您。',
      html: undefined,
    };
    await gatewayTo(inbox.url).send(aMail(chinese), NOW);

    const [mail] = await inbox.waitFor(1);
    expect(mail?.parsed.subject).toBe(chinese.subject);
    expect(mail?.parsed.text?.trim()).toBe(chinese.text);
    expect(mail?.parsed.html).toBe(false);
  });

  it('gives every attempt of a message the same Message-ID', async () => {
    inbox.script('ana@customer.example', { reply: '451 4.7.1 Greylisted, come back later', at: 'RCPT TO' });
    const gateway = gatewayTo(inbox.url);

    const first = await gateway.send(aMail(), NOW);
    const second = await gateway.send(aMail(), seconds(600));

    expect(first).toMatchObject({ kind: 'retry', reason: 'deferred', code: '451 4.7.1' });
    expect(second).toEqual({ kind: 'sent', providerId: '<0195-mail-1@shop.example>' });
    expect(inbox.mails).toHaveLength(1);
  });

  it.each([
    ['550 5.1.1 No such user', 'RCPT TO', { reason: 'invalid_recipient', scope: 'recipient', suppress: true }],
    ['550 Mailbox unavailable', 'RCPT TO', { reason: 'invalid_recipient', scope: 'recipient' }],
    ['552 5.2.2 Mailbox full', 'RCPT TO', { reason: 'mailbox_full', scope: 'recipient' }],
    ['550 5.7.1 Our policy refuses your server', 'RCPT TO', { reason: 'policy', scope: 'setup' }],
    ['554 5.7.1 Message rejected', 'DATA', { reason: 'policy', scope: 'setup' }],
    ['554 Looks like spam', 'DATA', { reason: 'filtered', scope: 'message' }],
    ['552 5.3.4 Too big', 'DATA', { reason: 'too_large', scope: 'message' }],
  ] as const)('gives up on %s after %s', async (reply, at, expected) => {
    inbox.script('ana@customer.example', { reply, at });

    const result = await gatewayTo(inbox.url).send(aMail(), NOW);

    expect(result).toEqual({ kind: 'rejected', code: expect.stringContaining(reply.slice(0, 3)), ...expected });
    expect(inbox.mails).toHaveLength(0);
  });

  it('reuses the connection after a refusal', async () => {
    inbox.script('gone@customer.example', { reply: '550 5.1.1 No such user', at: 'RCPT TO' });
    const gateway = gatewayTo(inbox.url);

    await gateway.send(aMail({ messageId: 'a', to: 'gone@customer.example' }), NOW);
    const next = await gateway.send(aMail({ messageId: 'b' }), NOW);

    expect(next.kind).toBe('sent');
    expect(inbox.mails).toHaveLength(1);
  });

  it('is in doubt when the connection ends after the final dot without a reply', async () => {
    inbox.script('ana@customer.example', 'dropAfterBody');
    const gateway = gatewayTo(inbox.url);

    const result = await gateway.send(aMail(), NOW);

    expect(result).toMatchObject({ kind: 'inDoubt', reason: 'connection_lost' });
    expect(inbox.mails).toHaveLength(1);
    expect(await gateway.reconcile()).toEqual({ kind: 'unknown' });
  });

  it('is in doubt when no reply to the body comes in time', async () => {
    inbox.script('ana@customer.example', 'silentAfterBody');

    const result = await gatewayTo(inbox.url, { timeoutMs: 400 }).send(aMail(), NOW);

    expect(result).toMatchObject({ kind: 'inDoubt', reason: 'timeout' });
    expect(inbox.mails).toHaveLength(1);
  });

  it('knows that nothing was sent when the connection ends before the body', async () => {
    inbox.script('ana@customer.example', 'dropAtRecipient');

    const result = await gatewayTo(inbox.url).send(aMail(), NOW);

    expect(result).toMatchObject({ kind: 'retry', reason: 'connection_lost' });
    expect(inbox.mails).toHaveLength(0);
  });

  it('knows that nothing was sent when the connection ends within the body', async () => {
    inbox.script('ana@customer.example', 'dropDuringBody');

    const result = await gatewayTo(inbox.url).send(aMail({ text: 'x'.repeat(20_000_000), html: undefined }), NOW);

    expect(result).toMatchObject({
      kind: 'retry',
      reason: expect.stringMatching(/connection_lost|provider_unavailable/),
    });
    expect(inbox.mails).toHaveLength(0);
  });

  it('connects once for each attempt and never retries by itself', async () => {
    let connections = 0;
    const shut = await listenAnd((socket) => {
      connections += 1;
      socket.end();
    });

    const result = await gatewayTo(shut.url.replace('http:', 'smtp:')).send(aMail(), NOW);

    expect(result).toMatchObject({ kind: 'retry', reason: 'connection_lost' });
    expect(connections).toBe(1);
    await shut.stop();
  });

  it('times out on a server that never finishes its answer', async () => {
    const drip = await listenAnd((socket) => {
      const timer = setInterval(() => socket.write('220-wait\r\n'), 50);
      socket.on('close', () => clearInterval(timer));
    });

    const result = await gatewayTo(drip.url.replace('http:', 'smtp:'), { timeoutMs: 400 }).send(aMail(), NOW);

    expect(result).toMatchObject({ kind: 'retry', reason: 'timeout' });
    await drip.stop();
  });

  it('leaves mails unsent that still wait for a connection when it is closed', async () => {
    const gateway = gatewayTo(inbox.url);
    const mails = Array.from({ length: 40 }, (_, i) => aMail({ messageId: `m${i}`, to: `c${i}@customer.example` }));
    const sending = Promise.all(mails.map((mail) => gateway.send(mail, NOW)));
    await inbox.waitFor(1);
    await gateway.close();

    const results = await sending;

    const sent = results.filter((result) => result.kind === 'sent');
    expect(results.filter((result) => result.kind === 'retry')).toHaveLength(40 - sent.length);
    expect(inbox.mails).toHaveLength(sent.length);
  });

  it('delivers one copy when a pooled connection was dropped between two mails', async () => {
    const gateway = gatewayTo(inbox.url);
    await gateway.send(aMail({ messageId: 'a' }), NOW);
    inbox.dropConnections();

    const result = await gateway.send(aMail({ messageId: 'b' }), NOW);

    expect(['sent', 'retry']).toContain(result.kind);
    expect(inbox.mails.filter((mail) => mail.parsed.messageId === '<b@shop.example>')).toHaveLength(
      result.kind === 'sent' ? 1 : 0,
    );
  });

  it('asks to retry later when the server is not there', async () => {
    const url = inbox.url;
    await inbox.stop();

    const result = await gatewayTo(url).send(aMail(), NOW);

    expect(result).toMatchObject({ kind: 'retry', reason: 'provider_unavailable' });
    expect(result.kind === 'retry' && result.notBefore > NOW).toBe(true);
    inbox = await SmtpInbox.start();
  });

  it('stops the wave on a wrong password and says so without the password', async () => {
    const strict = await SmtpInbox.start({ login: { user: 'shop', pass: 'right' } });
    const good = gatewayTo(strict.url);
    const bad = gatewayTo(strict.url.replace('right', 'wr0ng-s3cret'));

    expect(await good.check()).toEqual({ ok: true });
    expect(await good.send(aMail(), NOW)).toMatchObject({ kind: 'sent' });
    const result = await bad.send(aMail(), NOW);
    const check = await bad.check();

    expect(result).toEqual({ kind: 'rejected', reason: 'auth', scope: 'setup', code: '535 5.7.8' });
    expect(check).toEqual({ ok: false, problem: 'auth (535 5.7.8)' });
    expect(JSON.stringify([result, check])).not.toContain('s3cret');
    await strict.stop();
  });

  it.each([
    'ana@customer.example, bob@customer.example',
    'ana@customer.example\r\nRCPT TO:<bob@customer.example>',
    'ana',
    '',
  ])('sends nothing when the recipient is not one bare address: %j', async (to) => {
    const result = await gatewayTo(inbox.url).send(aMail({ to }), NOW);

    expect(result).toEqual({ kind: 'rejected', reason: 'invalid_recipient', scope: 'recipient' });
    expect(inbox.mails).toHaveLength(0);
  });

  it('lets a subject with line breaks add no header', async () => {
    await gatewayTo(inbox.url).send(aMail({ subject: 'Hello\r\nBcc: bob@customer.example' }), NOW);

    const [mail] = await inbox.waitFor(1);
    expect(mail?.to).toEqual(['ana@customer.example']);
    expect(headerOf(mail?.raw, 'Bcc')).toBeUndefined();
  });

  it('does not send an expired mail', async () => {
    const result = await gatewayTo(inbox.url).send(aMail({ validUntil: NOW }), NOW);

    expect(result).toEqual({ kind: 'rejected', reason: 'expired', scope: 'message' });
    expect(inbox.mails).toHaveLength(0);
  });

  it('signs both unsubscribe headers whenever it signs a mail', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const dkim = { domainName: 'shop.example', keySelector: 'fw', privateKey };

    await gatewayTo(inbox.url, { dkim }).send(aMail(), NOW);

    const [mail] = await inbox.waitFor(1);
    const signature = headerOf(mail?.raw, 'DKIM-Signature')?.replace(/\s+/g, '') ?? '';
    const signed = /;h=([^;]+)/.exec(signature)?.[1]?.toLowerCase().split(':');
    expect(signed).toEqual(expect.arrayContaining(['from', 'list-unsubscribe', 'list-unsubscribe-post', 'message-id']));
  });

  it('is in doubt without a reply to the body when it signs, too', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    inbox.script('ana@customer.example', 'dropAfterBody');
    inbox.script('bob@customer.example', 'dropAtRecipient');
    const gateway = gatewayTo(inbox.url, { dkim: { domainName: 'shop.example', keySelector: 'fw', privateKey } });

    expect(await gateway.send(aMail(), NOW)).toMatchObject({ kind: 'inDoubt' });
    expect(await gateway.send(aMail({ messageId: 'b', to: 'bob@customer.example' }), NOW)).toMatchObject({
      kind: 'retry',
    });
  });

  it('sends a hundred mails at once, each once to its own recipient', async () => {
    const gateway = gatewayTo(inbox.url);
    const mails = Array.from({ length: 100 }, (_, i) => aMail({ messageId: `m${i}`, to: `c${i}@customer.example` }));

    const results = await Promise.all(mails.map((mail) => gateway.send(mail, NOW)));

    expect(results.every((result) => result.kind === 'sent')).toBe(true);
    expect(inbox.mails.map((mail) => mail.to.join()).sort()).toEqual(mails.map((mail) => mail.to).sort());
  });

  it('refuses an invalid URL without printing it', () => {
    expect(() => gatewayTo('smtp://shop:s3cret@mail.example/?logger=true')).toThrow(/not known: logger/);
    expect(() => gatewayTo('http://shop:s3cret@mail.example')).toThrow(/^(?!.*s3cret)/);
  });
});

describe('the Twilio gateway', () => {
  let twilio: TwilioEmulator;
  const gateways: TwilioGateway[] = [];

  const gateway = (changes: Partial<TwilioConfig> = {}) => {
    const made = new TwilioGateway({
      accountSid: twilio.accountSid,
      authToken: twilio.authToken,
      messagingServiceSid: `MG${'0f'.repeat(16)}`,
      baseUrl: twilio.url,
      timeoutMs: 5_000,
      ...changes,
    });
    gateways.push(made);
    return made;
  };

  beforeEach(async () => {
    twilio = await TwilioEmulator.start();
    twilio.now = () => NOW;
  });

  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((made) => made.close()));
    await twilio.stop();
  });

  it('creates one message with its callback and its validity period', async () => {
    const result = await gateway().send(anSms({ validUntil: seconds(1800) }), NOW);

    const [created] = twilio.messages;
    expect(result).toEqual({ kind: 'sent', providerId: created?.sid, segments: 1 });
    expect(created).toMatchObject({
      to: '+4915112345678',
      from: null,
      messagingServiceSid: `MG${'0f'.repeat(16)}`,
      body: anSms().text,
      statusCallback: anSms().statusCallbackUrl,
      validityPeriod: 1800,
    });
    expect(twilio.createCalls).toHaveLength(1);
  });

  it('sends from a number if there is no messaging service', async () => {
    await gateway({ messagingServiceSid: undefined, from: '+15005550006' }).send(
      anSms({ statusCallbackUrl: undefined }),
      NOW,
    );

    expect(twilio.messages[0]).toMatchObject({ from: '+15005550006', messagingServiceSid: null, validityPeriod: null });
  });

  it('does not send an expired text, and asks for no longer validity than Twilio allows', async () => {
    const expired = await gateway().send(anSms({ validUntil: seconds(0.5) }), NOW);
    await gateway().send(anSms({ validUntil: seconds(90_000) }), NOW);

    expect(expired).toEqual({ kind: 'rejected', reason: 'expired', scope: 'message' });
    expect(twilio.messages.map((message) => message.validityPeriod)).toEqual([36_000]);
  });

  it.each([
    ['+15005550001', { reason: 'invalid_recipient', scope: 'recipient', suppress: true, code: 'twilio 21211' }],
    ['+15005550003', { reason: 'region', scope: 'setup', code: 'twilio 21408' }],
    ['+15005550004', { reason: 'opted_out', scope: 'recipient', suppress: true, code: 'twilio 21610' }],
    ['+15005550009', { reason: 'invalid_recipient', scope: 'recipient', suppress: true, code: 'twilio 21614' }],
    ['not a number', { reason: 'invalid_recipient', scope: 'recipient', suppress: true, code: 'twilio 21211' }],
  ] as const)('gives up on %s with the reason that Twilio gives', async (to, expected) => {
    expect(await gateway().send(anSms({ to }), NOW)).toEqual({ kind: 'rejected', ...expected });
    expect(twilio.messages).toHaveLength(0);
  });

  it('refuses a text that is too long for the provider', async () => {
    const result = await gateway().send(anSms({ text: 'x'.repeat(1601) }), NOW);

    expect(result).toEqual({ kind: 'rejected', reason: 'too_large', scope: 'message', code: 'twilio 21617' });
  });

  it('asks to retry after the time that Twilio names, and never retries by itself', async () => {
    twilio.script('+4915112345678', { status: 429, code: 20429, retryAfter: 40 });

    const result = await gateway().send(anSms(), NOW);

    expect(result).toMatchObject({ kind: 'retry', reason: 'rate_limited', code: 'twilio 20429' });
    expect(result.kind === 'retry' && result.notBefore >= seconds(40) && result.notBefore <= seconds(50)).toBe(true);
    expect(twilio.createCalls).toHaveLength(1);
  });

  it('stops the wave on a wrong token and says so without the token', async () => {
    const wrong = gateway({ authToken: 'wr0ng-s3cret' });

    const result = await wrong.send(anSms(), NOW);
    const check = await wrong.check();

    expect(result).toEqual({ kind: 'rejected', reason: 'auth', scope: 'setup', code: 'twilio 20003' });
    expect(check).toEqual({ ok: false, problem: 'auth (twilio 20003)' });
    expect(await gateway().check()).toEqual({ ok: true });
  });

  it('stops the wave when something other than Twilio answers', async () => {
    twilio.script('+4915112345678', { status: 403, page: '<h1>Proxy: forbidden</h1>' });

    expect(await gateway().send(anSms(), NOW)).toEqual({
      kind: 'rejected',
      reason: 'setup',
      scope: 'setup',
      code: 'http 403',
    });
  });

  it("is in doubt when Twilio's success response is unreadable", async () => {
    twilio.script('+4915112345678', { status: 201, page: 'ok' }, { status: 202, page: 'ok' });

    expect(await gateway().send(anSms(), NOW)).toMatchObject({ kind: 'inDoubt', reason: 'provider_error' });
    expect(await gateway().send(anSms(), NOW)).toMatchObject({ kind: 'inDoubt', reason: 'provider_error' });
  });

  it.each(['createThenFail', 'createThenReset'] as const)(
    'is in doubt after %s, and finds the message by asking',
    async (script) => {
      twilio.script('+4915112345678', script);
      const out = gateway();

      const result = await out.send(anSms(), NOW);

      expect(result.kind).toBe('inDoubt');
      expect(await out.reconcile(anSms(), NOW, seconds(5))).toEqual({
        kind: 'sent',
        providerId: twilio.messages[0]?.sid,
      });
      expect(twilio.createCalls).toHaveLength(1);
    },
  );

  it('is in doubt when no answer comes in time', async () => {
    twilio.script('+4915112345678', 'createThenHang');

    const result = await gateway({ timeoutMs: 300 }).send(anSms(), NOW);

    expect(result).toMatchObject({ kind: 'inDoubt', reason: 'timeout' });
    expect(twilio.messages).toHaveLength(1);
  });

  it('concludes that nothing was created only after Twilio had time to list it', async () => {
    twilio.script('+4915112345678', 'reset');
    const out = gateway();

    expect(await out.send(anSms(), NOW)).toMatchObject({ kind: 'inDoubt', reason: 'connection_lost' });
    expect(await out.reconcile(anSms(), NOW, seconds(10))).toEqual({ kind: 'unknown', notBefore: seconds(300) });
    expect(await out.reconcile(anSms(), NOW, seconds(300))).toEqual({ kind: 'notSent' });
  });

  it('does not mistake another message to the same number for ours', async () => {
    const out = gateway();
    await out.send(
      anSms({ messageId: 'other', text: 'Paying by card works again: https://forewarn.example/i/kZ3q' }),
      NOW,
    );
    twilio.now = () => seconds(-3600);
    await out.send(anSms({ messageId: 'earlier' }), NOW);

    expect(await out.reconcile(anSms(), NOW, seconds(300))).toEqual({ kind: 'notSent' });
  });

  it('finds our message behind many others, even if Twilio changed its quotes', async () => {
    const out = gateway();
    const message = anSms({ text: 'We’re on it – your basket is kept: https://forewarn.example/i/kZ3q' });
    await out.send(message, NOW);
    const [ours] = twilio.messages;
    if (ours)
      ours.body = `Sent from your Twilio trial account - We're on it - your basket is kept: https://forewarn.example/i/kZ3q`;
    for (let i = 0; i < 60; i += 1) await out.send(anSms({ text: `Code ${i}` }), NOW);

    expect(await out.reconcile(message, NOW, seconds(5))).toEqual({ kind: 'sent', providerId: ours?.sid });
  });

  it('stays in doubt when Twilio kept no text to compare', async () => {
    const out = gateway();
    await out.send(anSms(), NOW);
    if (twilio.messages[0]) twilio.messages[0].body = '';

    expect(await out.reconcile(anSms(), NOW, seconds(900))).toEqual({ kind: 'unknown' });
  });

  it('stays unsure and asks again later when Twilio is unreachable', async () => {
    const out = gateway({ baseUrl: 'http://127.0.0.1:1' });

    expect(await out.reconcile(anSms(), NOW, seconds(900))).toEqual({ kind: 'unknown', notBefore: seconds(930) });
  });

  it('knows that nothing was sent when no connection could be made', async () => {
    const result = await gateway({ baseUrl: 'http://127.0.0.1:1' }).send(anSms(), NOW);

    expect(result).toMatchObject({ kind: 'retry', reason: 'provider_unavailable', code: 'ECONNREFUSED' });
  });

  it('knows that nothing was sent when the other end does not speak TLS', async () => {
    const plain = await listenAnd((socket) => socket.end('not TLS'));

    const result = await gateway({ baseUrl: plain.url.replace('http:', 'https:') }).send(anSms(), NOW);

    expect(result).toMatchObject({ kind: 'retry', reason: 'tls' });
    await plain.stop();
  });

  it('refuses to start without a sender or with a malformed account', () => {
    expect(() => gateway({ messagingServiceSid: undefined })).toThrow(/sender/);
    expect(() => gateway({ accountSid: 'AC1' })).toThrow(/account SID/);
  });
});

describe('the Twilio emulator', () => {
  const good = { To: '+4915112345678', From: '+15005550006', Body: 'Hello' };

  it.each([
    [{ ...good, To: '015112345678' }, 21211],
    [{ ...good, From: '+49 151' }, 21212],
    [{ To: good.To, Body: 'Hello' }, 21603],
    [{ From: good.From, Body: 'Hello' }, 21604],
    [{ To: good.To, From: good.From }, 21602],
    [{ ...good, Body: 'x'.repeat(1601) }, 21617],
    [{ ...good, StatusCallback: '/hooks/twilio' }, 21609],
    [{ ...good, StatusCallback: 'https://my_host.example/' }, 21609],
    [{ ...good, MessagingServiceSid: 'MG1' }, 21701],
    [{ ...good, ValidityPeriod: '0' }, 20001],
    [{ ...good, ValidityPeriod: '36001' }, 20001],
    [{ ...good, body: 'Hello' }, 20001],
    [{ ...good, IdempotencyKey: 'x' }, 20001],
  ])('refuses %j with %d and stores nothing', async (params, code) => {
    const twilio = await TwilioEmulator.start();
    const post = (fields: Record<string, string>, token = twilio.authToken) =>
      fetch(`${twilio.url}/2010-04-01/Accounts/${twilio.accountSid}/Messages.json`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${twilio.accountSid}:${token}`).toString('base64')}` },
        body: new URLSearchParams(fields),
      });

    const refused = await post(params);
    const denied = await post(good, 'other');

    expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ code, status: 400 })]);
    expect(denied.status).toBe(401);
    expect(twilio.messages).toHaveLength(0);
    expect((await post(good)).status).toBe(201);
    await twilio.stop();
  });
});

describe('a Twilio webhook', () => {
  const token = 'k3y-of-the-account';
  const url = 'https://forewarn.example/hooks/twilio/status/0195-sms-1?t=9f2c';

  it('arrives signed, and any change to it is noticed', async () => {
    const twilio = await TwilioEmulator.start({ authToken: token });
    const params = { MessageSid: 'SM1', MessageStatus: 'delivered', To: '+4915112345678', Body: 'Größe? 你好 & more' };
    const signature = twilio.sign(url, params);

    expect(isSignedByTwilio({ url, signature, body: params }, [token])).toBe(true);
    expect(isSignedByTwilio({ url, signature, body: params }, ['other', token])).toBe(true);
    expect(isSignedByTwilio({ url, signature, body: { ...params, MessageStatus: 'failed' } }, [token])).toBe(false);
    expect(isSignedByTwilio({ url: `${url}0`, signature, body: params }, [token])).toBe(false);
    expect(isSignedByTwilio({ url, signature, body: params }, ['other'])).toBe(false);
    expect(isSignedByTwilio({ url, signature: undefined, body: params }, [token])).toBe(false);
    expect(isSignedByTwilio({ url: 'hooks/twilio', signature, body: params }, [token])).toBe(false);
    await twilio.stop();
  });

  it('reaches the callback of its message with the new state', async () => {
    const twilio = await TwilioEmulator.start();
    const received: string[] = [];
    const hook = await listenAnd((socket) => {
      socket.on('data', (data) => {
        received.push(data.toString('utf8'));
        if (received.join('').includes('MessageStatus='))
          socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
      });
    });
    const out = new TwilioGateway({
      accountSid: twilio.accountSid,
      authToken: twilio.authToken,
      from: '+15005550006',
      baseUrl: twilio.url,
    });
    await out.send(anSms({ statusCallbackUrl: `${hook.url}/hooks/twilio/status/1` }), NOW);

    const [message] = await twilio.waitFor(1);
    const answer = message && (await twilio.postStatus(message, 'undelivered', 30005));

    expect(answer?.status).toBe(204);
    expect(received.join('')).toContain('MessageStatus=undelivered');
    expect(received.join('')).toContain('ErrorCode=30005');
    await out.close();
    await hook.stop();
    await twilio.stop();
  });
});

/** Reads the value of a header, unfolded. */
function headerOf(raw: string | undefined, name: string): string | undefined {
  const head = (raw ?? '').split('\r\n\r\n')[0]?.replace(/\r\n[ \t]+/g, ' ') ?? '';
  return new RegExp(`^${name}: ?(.*)$`, 'im').exec(head)?.[1]?.trim();
}

async function listenAnd(onConnection: (socket: Socket) => void): Promise<{ url: string; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

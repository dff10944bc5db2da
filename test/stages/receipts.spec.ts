import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { authenticate } from 'mailauth';
import { createTransport } from 'nodemailer';
import { BounceListener } from '../../src/delivery/bounces/bounce-listener.service.js';
import { aCustomer, aPhoneCustomer, phone } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { customers, hitAnew, incidentWith, messages, type ShownMessage } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PUBLIC = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const SECOND = 'second-token-while-rotating-0001';
const MAILED = 9;

let outside: Outside;
let forewarn: TestDaemon;
beforeAll(async () => {
  outside = await startOutside();
  const env = {
    ...outside.env,
    TWILIO_AUTH_TOKEN_SECOND: SECOND,
    MAIL_BOUNCES_TO: 'bounces@shop.example',
    MAIL_BOUNCES_PORT: '0',
    MAIL_DKIM_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n'),
    MAIL_DKIM_SELECTOR: 'test',
  };
  const phones = Array.from({ length: 5 }, (_, at) => aPhoneCustomer(at + 1, { externalId: `p${at + 1}` }));
  const twin = aCustomer({ externalId: 'p1-twin', phone: phone(1), consent: { sms: true } });
  forewarn = await incidentWith([...customers(MAILED), ...phones, twin], {
    env,
    config: { policies: [aPolicy({ channels: ['sms', 'email'], quietHours: undefined })] },
  });
  outside.twilio.now = () => forewarn.clock.now();
  outside.smtp.script('c8@customers.example', 'dropAfterBody');
  await forewarn.planAndSend();
});
afterAll(async () => {
  await forewarn.stop();
  await outside.stop();
});

describe('a mail', () => {
  it('carries a signature that passes DKIM and DMARC and covers both headers of one-click unsubscribe', async () => {
    const mail = mailTo('c1');
    const resolver = (name: string, type: string): Promise<string[][]> => {
      if (type === 'TXT' && name === 'test._domainkey.shop.example')
        return Promise.resolve([[`v=DKIM1; k=rsa; p=${PUBLIC}`]]);
      if (type === 'TXT' && name === '_dmarc.shop.example') return Promise.resolve([['v=DMARC1; p=reject']]);
      return Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));
    };

    const seen = await authenticate(mail.raw, {
      ip: '192.0.2.1',
      helo: 'mail.shop.example',
      sender: mail.from,
      mta: 'mx.customers.example',
      resolver,
    });

    const [signature] = (
      seen as { dkim: { results: { status: { result: string }; signingHeaders?: { keys?: string } }[] } }
    ).dkim.results;
    expect(signature?.status.result).toBe('pass');
    expect((seen as { dmarc: { status: { result: string } } }).dmarc.status.result).toBe('pass');
    const signed = /^DKIM-Signature:(?:.*(?:\r?\n[ \t].*)*)/im.exec(mail.raw)?.[0].replace(/\s+/g, '') ?? '';
    expect(signed.toLowerCase()).toMatch(/h=[^;]*list-unsubscribe:list-unsubscribe-post/);
  });

  it('has a bounce address of its own and is marked as automatic', () => {
    const [one, two] = [mailTo('c1'), mailTo('c2')];
    expect(one.from).toMatch(/^bounces\+[0-9a-f]{32}\.[0-9a-f]{16}@shop\.example$/);
    expect(one.from).not.toBe(two.from);
    expect(one.raw).toMatch(/^Auto-Submitted: auto-generated\r?$/im);
  });
});

describe('a bounce', () => {
  it('of a dead address fails the message and puts the address on the list', async () => {
    const answer = await bounce('c2', '5.1.1');

    expect(answer).toEqual({
      status: 200,
      body: { kind: 'failed', status: '5.1.1', message: (await messageOf('c2')).id },
    });
    expect(await messageOf('c2')).toMatchObject({ state: 'failed', stateReason: 'invalid_recipient' });
    expect(await suppressed()).toContain('c2@customers.example invalid_recipient');
  });

  it('with a wrong code, or about nobody, changes nothing', async () => {
    const forged = mailTo('c3').from.replace(/\.[0-9a-f]{16}@/, `.${'0'.repeat(16)}@`);
    const raw = reportOn(forged, '5.1.1', '<11111111-2222-7333-8444-555555555555@shop.example>');

    expect((await post(raw)).body).toEqual({ kind: 'failed', status: '5.1.1', message: null });
    expect((await post('no mail at all')).body).toEqual({ kind: 'other', status: null, message: null });
    expect(await messageOf('c3')).toMatchObject({ state: 'sent' });
  });

  it('comes over SMTP as well, where a port for it is set', async () => {
    await deliver(mailTo('c9').from, reportOn('lost@else.example', '5.1.1', '<x@y>'));

    expect(await messageOf('c9')).toMatchObject({ state: 'failed', stateReason: 'invalid_recipient' });
  });

  it('is refused over SMTP for every other address, and where it is longer than 1 MB', async () => {
    const raw = reportOn('lost@else.example', '5.1.1', '<x@y>');
    const forged = mailTo('c1').from.replace(/\.[0-9a-f]{16}@/, `.${'0'.repeat(16)}@`);

    for (const to of [forged, 'care@shop.example', 'anybody@else.example'])
      await expect(deliver(to, raw)).rejects.toMatchObject({ responseCode: 550 });
    await expect(deliver(mailTo('c1').from, raw + 'x'.repeat(1_100_000))).rejects.toMatchObject({ responseCode: 552 });
    await deliver('bounces@shop.example', 'Subject: hello\r\n\r\nno mail of ours');
    expect(await messageOf('c1')).toMatchObject({ state: 'sent' });
  });

  it('is found by the Message-ID where the bounce address is lost', async () => {
    const { id } = await messageOf('c3');
    await post(reportOn('someone@else.example', '5.2.1', `<${id}@shop.example>`));
    expect(await messageOf('c3')).toMatchObject({ state: 'failed', stateReason: 'blocked' });
  });

  it('that only says that it takes longer leaves the message alone', async () => {
    await post(reportOn(mailTo('c4').from, '4.4.1', '<x@y>', 'delayed'));
    expect(await messageOf('c4')).toMatchObject({ state: 'sent' });
    const { items } = (await forewarn.api.get('/v1/customers/c4/messages')).body as {
      items: { receipts: { kind: string; code: string }[] }[];
    };
    expect(items[0]?.receipts).toEqual([expect.objectContaining({ kind: 'delayed', code: '4.4.1' })]);
  });

  it('of a full mailbox suppresses the address at the third message in seven days', async () => {
    await bounce('c5', '5.2.2');
    expect(await suppressed()).not.toContain('c5@customers.example mailbox_full');
    const [first] = (await forewarn.rows<{ id: string }>('SELECT id FROM message WHERE address = $1', [
      'c5@customers.example',
    ])) as [{ id: string }];
    for (const kind of ['a', 'b'])
      await forewarn.rows(
        `INSERT INTO message (id, campaign_id, incident_id, customer_id, kind, channel, locale, why, link_token, state, address, next_at, created_at)
         SELECT gen_random_uuid(), campaign_id, incident_id, NULL, kind, channel, locale, why, $2, 'sent', address, next_at, created_at FROM message WHERE id = $1`,
        [first.id, `${kind}`.repeat(16)],
      );
    const others = await forewarn.rows<{ id: string }>("SELECT id FROM message WHERE address = $1 AND state = 'sent'", [
      'c5@customers.example',
    ]);
    for (const { id } of others) await post(reportOn('x@y.example', '5.2.2', `<${id}@shop.example>`));

    expect(await suppressed()).toContain('c5@customers.example mailbox_full');
  });

  it('that is a complaint ends mail to the address and says so in the ledger', async () => {
    const raw = [
      'From: <feedback@isp.example>\r\nSubject: complaint\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n',
      '--b\r\nContent-Type: text/plain\r\n\r\nabuse report\r\n',
      '--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n',
      `--b\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <${mailTo('c6').from}>\r\n\r\nText\r\n--b--\r\n`,
    ].join('\r\n');

    expect((await post(raw)).body).toMatchObject({ kind: 'complaint', message: (await messageOf('c6')).id });
    expect(await suppressed()).toContain('c6@customers.example complained');
    expect(await consentOf('c6', 'email')).toEqual([true, false]);
  });

  it('because of our reputation stops the wave and not the person', async () => {
    await bounce('c7', '5.7.1');
    expect(await messageOf('c7')).toMatchObject({ state: 'failed', stateReason: 'policy' });
    expect((await suppressed()).join()).not.toContain('c7@');
    const [campaign] = await forewarn.rows<{ state: string; paused_by: string }>(
      'SELECT state, paused_by FROM campaign WHERE id = 1',
    );
    expect(campaign).toMatchObject({ state: expect.stringMatching(/paused|done/) });
  });
});

describe('a mail in doubt', () => {
  it('is listed with each choice and its cost until a delivery report of its server ends the doubt', async () => {
    const list = async () =>
      ((await forewarn.api.get('/v1/messages?state=in_doubt')).body as { items: unknown[] }).items;
    const choice = (sent: boolean) => ({ sent, words: expect.any(String), ifWrong: expect.any(String) });
    expect(await list()).toEqual([
      expect.objectContaining({
        address: 'c8@customers.example',
        stateReason: 'connection_lost',
        choices: [choice(true), choice(false)],
      }),
    ]);

    await post(reportOn(mailTo('c8').from, '2.0.0', '<x@y>', 'delivered'));

    expect(await messageOf('c8')).toMatchObject({ state: 'delivered' });
    expect(await list()).toEqual([]);
    expect((await forewarn.api.get('/v1/messages?state=sent')).status).toBe(400);
  });
});

describe('the list of addresses that nobody may write to', () => {
  it('is imported, exported, and one address comes off it again', async () => {
    const items = [
      { channel: 'sms', address: '+49 1511 2345699', reason: 'moved' },
      { channel: 'email', address: 'OLD@customers.example' },
    ];
    expect((await forewarn.api.post('/v1/suppressions/import', { items })).body).toEqual({ added: 2, known: 0 });
    expect((await forewarn.api.post('/v1/suppressions/import', { items })).body).toEqual({ added: 0, known: 2 });
    const csv = String((await forewarn.api.get('/v1/suppressions.csv')).body);
    expect(csv).toContain('sms,+4915112345699,moved,import,');
    expect(csv).toContain('email,old@customers.example,imported,import,');
    expect((await forewarn.api.delete('/v1/suppressions/email/old@customers.example')).status).toBe(204);
    expect((await forewarn.api.delete('/v1/suppressions/email/old@customers.example')).status).toBe(404);
    expect(
      (await forewarn.api.post('/v1/suppressions/import', { items: [{ channel: 'sms', address: 'x' }] })).status,
    ).toBe(400);
  });

  it('holds for a customer who comes with such an address later', async () => {
    await forewarn.know(aCustomer({ externalId: 'late', email: 'c2@customers.example' }));
    await hitAnew(forewarn, ['late']);
    await forewarn.planAndSend();
    expect((await messages(forewarn)).filter((one) => one.customer?.externalId === 'late')).toEqual([
      expect.objectContaining({ state: 'suppressed', stateReason: 'address_refused' }),
    ]);
  });
});

describe('a report of Twilio', () => {
  it('counts with the second token while tokens are rotated, before its own answer, twice and in any order', async () => {
    const sms = smsTo(2);
    const url = sms.statusCallback ?? '';
    const fields = {
      MessageSid: sms.sid,
      MessageStatus: 'delivered',
      NumSegments: '2',
      Price: '-0.0831',
      PriceUnit: 'USD',
    };
    const { createHmac } = await import('node:crypto');
    const signed = Object.keys(fields)
      .sort()
      .reduce((text, key) => text + key + fields[key as 'MessageSid'], url);
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', SECOND).update(signed).digest('base64'),
    };
    for (let time = 0; time < 2; time++)
      expect((await fetch(url, { method: 'POST', headers, body: new URLSearchParams(fields) })).status).toBe(204);
    await outside.twilio.postStatus(sms, 'sent');

    const { items } = (await forewarn.api.get('/v1/customers/p2/messages')).body as {
      items: Record<string, unknown>[];
    };
    expect(items[0]).toMatchObject({
      state: 'delivered',
      segments: 2,
      price: '0.083100',
      priceUnit: 'USD',
      deliveredAt: expect.any(String),
    });
    expect((items[0]?.receipts as { kind: string }[]).map(({ kind }) => kind)).toEqual(['delivered', 'sent']);
  });

  it('about a number that does not exist puts it on the list', async () => {
    await outside.twilio.postStatus(smsTo(3), 'undelivered', 30006);
    expect(await messageOf('p3')).toMatchObject({ state: 'failed', stateReason: 'invalid_recipient' });
    expect(await suppressed()).toContain(`${phone(3)} invalid_recipient`);
  });

  it('that an earlier attempt went out keeps it from being sent again', async () => {
    const { id } = await messageOf('p4');
    await forewarn.rows("UPDATE campaign SET state = 'approved', paused_by = NULL WHERE id = 1");
    await forewarn.rows(
      "UPDATE message SET state = 'pending', sent_at = NULL, final_at = NULL, provider_id = NULL WHERE id = $1",
      [id],
    );
    await outside.twilio.postStatus(smsTo(4), 'sent');
    await forewarn.runStage('dispatch');
    expect(await messageOf('p4')).toMatchObject({ state: 'sent' });
    expect(outside.twilio.sentTo(phone(4))).toHaveLength(1);
  });
});

describe('a reply', () => {
  it('STOP ends all messages to the number, for everybody who has it, and is answered once', async () => {
    const answer = await reply(1, 'Stop.', 'SM01');
    expect(answer).toContain('<Message>You will get no more messages from us at this number.');
    expect(await reply(1, 'Stop.', 'SM01')).toContain('<Response></Response>');
    expect(await consentOf('p1', 'sms')).toEqual([true, false]);
    expect(await consentOf('p1-twin', 'sms')).toEqual([true, false]);

    expect(await reply(1, 'START', 'SM02')).toContain('<Message>You will get messages');
    expect(await consentOf('p1', 'sms')).toEqual([true, false, true]);
  });

  it('THIS ends what is still to come about the incident, its end as well, and nothing else', async () => {
    await reply(5, 'STOP', 'SM03');
    expect(await reply(5, 'this', 'SM04')).toContain('no more messages about this problem');
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.runStages('campaign', 'dispatch');

    expect(outside.twilio.sentTo(phone(5))).toHaveLength(1);
    expect(outside.twilio.sentTo(phone(2))).toHaveLength(2);
    expect(await consentOf('p5', 'sms')).toEqual([true, false, true]);
  });

  it("is not answered where Twilio has answered by itself, nor taken without Twilio's signature", async () => {
    const url = `${forewarn.url}/hooks/twilio/inbound`;
    const stop = { from: phone(2), to: '+15005550006', body: 'STOP', optOutType: 'STOP' } as const;
    expect(await (await outside.twilio.postInbound(url, stop)).text()).toContain('<Response></Response>');
    expect(await consentOf('p2', 'sms')).toEqual([true, false]);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await forewarn.anyone.raw('POST', '/hooks/twilio/inbound', { headers, body: 'Body=STOP' })).status).toBe(
      403,
    );
  });
});

function mailTo(externalId: string) {
  const [mail] = outside.smtp.sentTo(`${externalId}@customers.example`);
  if (!mail) throw new Error(`no mail went to ${externalId}`);
  return mail;
}

function smsTo(last: number) {
  const sms = outside.twilio.sentTo(phone(last)).at(-1);
  if (!sms) throw new Error(`no SMS went to ${last}`);
  return sms;
}

async function messageOf(externalId: string): Promise<ShownMessage> {
  const found = (await messages(forewarn)).find((one) => one.customer?.externalId === externalId);
  if (!found) throw new Error(`no message to ${externalId}`);
  return found;
}

async function suppressed(): Promise<string[]> {
  const page = (await forewarn.api.get('/v1/suppressions?limit=1000')).body as {
    items: { address: string; reason: string }[];
  };
  return page.items.map(({ address, reason }) => `${address} ${reason}`);
}

async function consentOf(externalId: string, channel: string): Promise<boolean[]> {
  const rows = await forewarn.rows<{ granted: boolean }>(
    "SELECT e.granted FROM consent_entry e JOIN customer_identity i USING (customer_id) WHERE i.kind = 'id' AND i.value = $1 AND e.channel = $2 AND e.purpose = 'service' ORDER BY e.id",
    [externalId, channel],
  );
  return rows.map(({ granted }) => granted);
}

function reportOn(to: string, status: string, messageId: string, action = 'failed'): string {
  return [
    `From: MAILER-DAEMON@mx.example\r\nTo: <${to}>\r\nMessage-ID: <99999999-2222-4333-8444-555555555555@mx.example>\r\nSubject: Undelivered Mail Returned to Sender`,
    'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n',
    '--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system.\r\n',
    `--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; someone\r\nAction: ${action}\r\nStatus: ${status}\r\n`,
    `--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: ${messageId}\r\n\r\n--b--\r\n`,
  ].join('\r\n');
}

async function bounce(externalId: string, status: string) {
  return post(reportOn(mailTo(externalId).from, status, '<x@y>'));
}

/** Leaves a mail at our own mail server, as the server of a recipient does. */
async function deliver(to: string, raw: string): Promise<void> {
  const port = forewarn.daemon.app.get(BounceListener).port;
  const mailer = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  try {
    await mailer.sendMail({ envelope: { from: '', to }, raw });
  } finally {
    mailer.close();
  }
}

async function post(raw: string): Promise<{ status: number; body: unknown }> {
  const answer = await forewarn.anyone.raw('POST', '/hooks/email', {
    headers: { 'content-type': 'message/rfc822' },
    body: raw,
  });
  return { status: answer.status, body: answer.body as unknown };
}

async function reply(last: number, body: string, sid: string): Promise<string> {
  const url = `${forewarn.url}/hooks/twilio/inbound`;
  const fields = { MessageSid: sid, From: phone(last), To: '+15005550006', Body: body };
  return (await outside.twilio.postSigned(url, fields)).text();
}

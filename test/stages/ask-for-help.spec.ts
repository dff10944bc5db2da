import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/forewarn-config.js';
import { aCustomer, aPhoneCustomer, phone } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { incidentWith } from '../support/story.js';
import { aPolicy, writeConfig } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

let outside: Outside;
let forewarn: TestDaemon;
beforeAll(async () => {
  outside = await startOutside();
  const phones = [1, 2, 3, 4, 6, 7, 8].map((last) => aPhoneCustomer(last, { externalId: `p${last}` }));
  const chinese = aPhoneCustomer(5, { externalId: 'p5', locale: 'zh-CN' });
  forewarn = await incidentWith(
    [...phones, chinese, aCustomer({ externalId: 'm1' }), aCustomer({ externalId: 'm2' })],
    {
      env: outside.env,
      config: { policies: [aPolicy({ askForHelp: true })] },
    },
  );
  outside.twilio.now = () => forewarn.clock.now();
  await forewarn.planAndSend();
});
afterAll(async () => {
  await forewarn.stop();
  await outside.stop();
});

const reply = (last: number, body: string, optOutType?: 'START') =>
  outside.twilio.postInbound(`${forewarn.url}/hooks/twilio/inbound`, {
    from: phone(last),
    to: '+15005550006',
    body,
    ...(optOutType && { optOutType }),
  });
const answer = (to: string, text: string, headers: string[] = []) => {
  const [mail] = outside.smtp.sentTo(`${to}@customers.example`);
  const id = /^Message-ID: (<[^>]+>)/im.exec(mail?.raw ?? '')?.[1] ?? '';
  const raw = [
    `From: ${to}@customers.example`,
    `Message-ID: <${to}-answer@customers.example>`,
    `In-Reply-To: ${id}`,
    'Subject: Re: your mail',
    'Content-Type: text/plain; charset=utf-8',
    ...headers,
    '',
    text,
    '',
    'On Tue, 10 Mar 2026 Shop <care@shop.example> wrote:',
    '> Do you need help? To unsubscribe follow the link.',
  ].join('\r\n');
  return forewarn.anyone.raw('POST', '/hooks/email', { headers: { 'content-type': 'message/rfc822' }, body: raw });
};
/** Who was given to a person, as `p1 sms NEED HELP`. */
const handedOver = async () => {
  await forewarn.runStage('contacts');
  const rows = await forewarn.rows<{ who: string }>(
    `SELECT i.value || ' ' || h.channel || ' ' || c.text AS who FROM hand_over h JOIN contact c ON c.id = h.contact_id
     JOIN customer_identity i ON i.customer_id = h.customer_id AND i.kind = 'id' ORDER BY 1`,
  );
  return rows.map(({ who }) => who);
};

describe('a policy that asks whether the customer needs help', () => {
  it('asks in every language and channel, with a word that no carrier takes for its own', () => {
    expect(outside.twilio.sentTo(phone(1))[0]?.body).toContain('Need help? Reply NEED HELP.');
    expect(outside.twilio.sentTo(phone(5))[0]?.body).toContain('请回复“需要帮助”');
    expect(outside.smtp.sentTo('m1@customers.example')[0]?.raw).toContain('Reply to this email');
  });

  it('gives who answers so, or yes, to a person, once, and nobody else', async () => {
    await reply(1, 'NEED HELP');
    await reply(2, 'Yes!', 'START');
    await reply(3, 'HELP');
    await reply(4, 'thanks');
    await reply(5, '需要帮助');
    expect(await handedOver()).toEqual(['p1 sms NEED HELP', 'p2 sms Yes!', 'p5 sms 需要帮助']);
    expect(await handedOver()).toHaveLength(3);
  });

  it('understands words of one’s own: a call for help, an end of the problem, and what may be a wish for no more', async () => {
    const said = async (last: number, text: string) => (await reply(last, text)).text();
    expect(await said(6, 'nobody helped me yet, what should I do')).toContain('pass your message on to a person');
    expect(await said(6, 'nobody helped me yet, what should I do?')).not.toContain('<Message>');
    expect(await said(7, 'It works again now')).toContain('Thank you for telling us');
    expect(await said(8, 'I’d rather not receive these')).toContain('Do you want no more messages from us?');
    expect(await said(8, 'I would rather not receive these.')).not.toContain('<Message>');
    expect((await handedOver()).filter((one) => /^p[678] /.test(one))).toEqual([
      'p6 sms nobody helped me yet, what should I do',
    ]);
    expect(
      await forewarn.rows(
        `SELECT i.value AS who, r.wish, r.certain FROM reply r JOIN customer_identity i ON i.customer_id = r.customer_id AND i.kind = 'id'
         WHERE i.value IN ('p6', 'p7', 'p8') ORDER BY r.id`,
      ),
    ).toEqual(
      ['p6 needsHelp', 'p6 needsHelp', 'p7 fixed', 'p8 unclear', 'p8 unclear'].map((one) => {
        const [who, wish] = one.split(' ');
        return { who, wish, certain: true };
      }),
    );
    const none = await forewarn.rows("SELECT FROM consent_entry WHERE source = 'reply' AND NOT granted");
    expect(none).toHaveLength(0);
  });

  it('ends messages for who answers the question back with STOP', async () => {
    expect(await (await reply(8, 'STOP')).text()).toContain('no more messages');
    const [consent] = await forewarn.rows<{ count: number }>(
      "SELECT count(*) AS count FROM consent_entry WHERE NOT granted AND channel = 'sms' AND source = 'reply'",
    );
    expect(consent?.count).toBeGreaterThan(0);
  });

  it('gives who answers the mail to a person, without what they quote, and no machine', async () => {
    expect((await answer('m1', 'It still spins, please stop it.')).body).toMatchObject({ kind: 'reply' });
    expect((await answer('m1', 'It still spins, please stop it.')).body).toMatchObject({ kind: 'reply' });
    const away = await answer('m2', 'I am away until Monday.', ['Auto-Submitted: auto-replied']);
    expect(away.body).toEqual({ kind: 'other', status: null, message: null });
    expect((await handedOver()).filter((one) => one.startsWith('m'))).toEqual([
      'm1 email It still spins, please stop it.',
    ]);
    const [consent] = await forewarn.rows<{ count: number }>(
      "SELECT count(*) AS count FROM consent_entry WHERE NOT granted AND channel = 'email'",
    );
    expect(consent?.count).toBe(0);
  });

  it('takes a clear wish to stop by mail', async () => {
    expect((await answer('m2', 'unsubscribe')).body).toMatchObject({ kind: 'reply' });
    const [consent] = await forewarn.rows<{ count: number }>(
      "SELECT count(*) AS count FROM consent_entry WHERE NOT granted AND channel = 'email' AND source = 'reply'",
    );
    expect(consent?.count).toBeGreaterThan(0);
  });

  it('stops the start where a text does not ask', () => {
    const file = writeConfig({ policies: [aPolicy({ askForHelp: true })] });
    const texts = join(dirname(file.path), 'templates', 'en.yaml');
    writeFileSync(texts, readFileSync(texts, 'utf8').replace(' {{ helpQuestion }}', ''));
    expect(() => loadConfig(file.path)).toThrow(/notice\.sms must use \{\{ helpQuestion \}\}/);
    file.remove();
  });
});

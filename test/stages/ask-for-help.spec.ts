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
  const phones = [1, 2, 3, 4].map((last) => aPhoneCustomer(last, { externalId: `p${last}` }));
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

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Outside, startOutside } from '../support/outside.js';
import { customers, incidentWith } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

describe('a page that says whether a code is ours', () => {
  let outside: Outside;
  let forewarn: TestDaemon;
  let sms: string;
  beforeAll(async () => {
    outside = await startOutside();
    forewarn = await incidentWith(customers(1, { email: null, phone: '+4915112345678', consent: { sms: true } }), {
      env: { ...outside.env, PUBLIC_URL: 'https://bank.example/forewarn' },
      config: { policies: [aPolicy({ channels: ['sms'], links: 'none' })] },
    });
    await forewarn.planAndSend();
    sms = outside.twilio.sentTo('+4915112345678')[0]?.body ?? '';
  });
  afterAll(async () => {
    await forewarn.stop();
    await outside.stop();
  });

  const codeIn = () => / Code: (\S{4}-\S{4})$/.exec(sms)?.[1] ?? '';
  const ask = async (code: string, language = 'en') =>
    (
      await fetch(`${forewarn.url}/verify?code=${encodeURIComponent(code)}`, {
        headers: { 'accept-language': language },
      })
    ).text();

  it('knows the code of an SMS without a link, and shows the ends of the number alone', async () => {
    expect(sms).not.toContain('http');
    const page = await ask(codeIn().toLowerCase().replace('-', ' '));
    expect(page).toContain('We sent a message with this code');
    expect(page).toContain('+49•••••78');
    expect(page).not.toContain('15112345678');
  });

  it('does not know another, whatever it holds', async () => {
    for (const code of ['0000-0000', 'x', `"><script>alert(1)</script>`, "' OR true --", '💥'.repeat(99)]) {
      const page = await ask(code, 'zh-CN');
      expect(page).toContain('我们没有这个查证码');
      expect(page).not.toContain('<script');
    }
  });

  it('leads on below the path of PUBLIC_URL', async () => {
    expect(await ask('')).toContain('action="/forewarn/verify"');
    const token = await forewarn.row<{ token: string }>('SELECT link_token AS token FROM message');
    const page = await (await fetch(`${forewarn.url}/i/${token.token}`)).text();
    expect(page).toContain(`action="/forewarn/i/${token.token}/unsubscribe"`);
    const helped = await fetch(`${forewarn.url}/i/${token.token}/helped`, { method: 'POST', redirect: 'manual' });
    expect([helped.status, helped.headers.get('location')]).toEqual([303, `/forewarn/i/${token.token}?done=thanks`]);
  });

  it('answers 429 to who tries too many, and anew a minute later', async () => {
    for (let at = 0; at < 60; at++) await ask('0000-0000');
    const late = await fetch(`${forewarn.url}/verify?code=${codeIn()}`);
    expect(late.status).toBe(429);
    forewarn.clock.advance('1m');
    expect(await ask(codeIn())).toContain('We sent a message with this code');
  });
});

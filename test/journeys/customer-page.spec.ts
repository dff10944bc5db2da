import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { axeFindings, hasChromium, startChromium } from '../support/chromium.js';
import { aCustomer } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { incidentWith } from '../support/story.js';
import { type TestDaemon } from '../support/test-daemon.js';

jest.setTimeout(180_000);

const PICTURES = fileURLToPath(new URL('../../docs/images', import.meta.url));
const LOGO = 'https://shop.example/logo.svg';
const LOGO_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="132" height="32"><rect width="32" height="32" rx="8" fill="#0a7"/><path d="M9 13h14l-2 10H11z" fill="#fff"/><text x="42" y="23" font-family="sans-serif" font-size="20" font-weight="700" fill="#0a7">Meadow</text></svg>`;
const BRAND = {
  ...{ name: 'Meadow', colour: '#0a7', logo: LOGO, help: 'https://shop.example/help' },
  ...{ replyTo: 'care@shop.example', address: 'Meadow Ltd, 1 High Street, London' },
};
/** Customers by the language that they read. */
const READERS = { en: 'Anna Smith', zh: '王小明', 'zh-Hant': '林怡君' } as const;
type Reader = keyof typeof READERS;
const TEXTS: Record<Reader, { workaround: string; update: string }> = {
  en: {
    workaround: 'Pay by bank transfer; your basket is kept.',
    update: 'We have found the cause and are testing a fix.',
  },
  zh: { workaround: '请使用银行转账付款，购物车中的商品会为您保留。', update: '我们已找到原因，正在测试修复方案。' },
  'zh-Hant': {
    workaround: '請使用銀行轉帳付款，購物車中的商品會為您保留。',
    update: '我們已找到原因，正在測試修復方案。',
  },
};

/** Pictures in docs/images: reader, colours, width. */
const SHOTS = [
  ['en', 'light', 390],
  ['en', 'dark', 1280],
  ['zh', 'light', 1280],
  ['zh', 'dark', 390],
  ['zh-Hant', 'light', 390],
  ['zh-Hant', 'dark', 1280],
] as const;

interface ShownExplanation {
  version: number;
  title: string;
  body: string;
  nextUpdate: string;
}

(hasChromium() ? describe : describe.skip)('the page of a customer, in Chromium', () => {
  let outside: Outside;
  let forewarn: TestDaemon;
  let browser: Browser;
  beforeAll(async () => {
    outside = await startOutside();
    forewarn = await incidentWith(
      Object.entries(READERS).map(([locale, name]) => aCustomer({ externalId: locale, locale, name })),
      {
        env: { ...outside.env },
        config: {
          projects: [{ slug: 'shop', name: 'Shop', brand: BRAND }],
          locales: Object.keys(READERS),
          areas: { checkout: { en: 'checkout', zh: '结账', 'zh-Hant': '結帳' } },
        },
      },
    );
    await forewarn.api.patch('/v1/incidents/1', { area: 'checkout' });
    await forewarn.runStages('draft');
    for (const locale of Object.keys(READERS) as Reader[]) {
      const shown = await forewarn.api.get(`/v1/incidents/1/explanations/${locale}`);
      const { version, title, body, nextUpdate } = shown.body as ShownExplanation;
      const text = { title, body, nextUpdate, workaround: TEXTS[locale].workaround, version };
      expect((await forewarn.api.put(`/v1/incidents/1/explanations/${locale}`, text)).status).toBe(200);
    }
    await forewarn.planAndSend();
    forewarn.clock.advance('40m');
    const texts = Object.fromEntries(Object.entries(TEXTS).map(([locale, { update }]) => [locale, update]));
    expect((await forewarn.api.post('/v1/incidents/1/updates', { texts })).status).toBeLessThan(300);
    browser = await startChromium();
    if (process.env['UPDATE_PICTURES']) await draw();
  });
  afterAll(async () => {
    await browser.close();
    await forewarn.stop();
    await outside.stop();
  });

  /** Both pages and mails as people see them, where somebody asks for pictures. */
  async function draw(): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    for (const [reader, colorScheme, width] of SHOTS) {
      const name = (what: string) => `${PICTURES}/${what}-${reader}-${width}-${colorScheme}.png`;
      await withPage({ locale: reader, colorScheme, viewport: { width, height: 700 } }, async (page) => {
        await page.goto(linkOf(reader));
        await page.screenshot({ path: name('page'), fullPage: true });
        await page.goto('about:blank');
        await page.setContent(String(mailTo(reader)?.html));
        await page.waitForFunction('[...document.images].every((one) => one.complete)');
        await page.screenshot({ path: name('mail'), fullPage: true });
      });
    }
  }

  const mailTo = (reader: Reader) => outside.smtp.sentTo(`${reader.toLowerCase()}@customers.example`)[0]?.parsed;
  const linkOf = (reader: Reader) => /http\S+\/i\/[\w-]{16}/.exec(mailTo(reader)?.text ?? '')?.[0] ?? '';

  async function withPage<T>(options: BrowserContextOptions, use: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      await page.route(LOGO, (route) => route.fulfill({ contentType: 'image/svg+xml', body: LOGO_SVG }));
      return await use(page);
    } finally {
      await context.close();
    }
  }
  const open = <T>(reader: Reader, use: (page: Page) => Promise<T>) =>
    withPage({ locale: reader }, async (page) => {
      await page.goto(linkOf(reader));
      return use(page);
    });

  it('says in the language of its customer what happened, what to do and what is new', async () => {
    for (const reader of Object.keys(READERS) as Reader[]) {
      const [text, language, images] = await open(reader, async (page) => [
        await page.innerText('main'),
        await page.getAttribute('html', 'lang'),
        await page.evaluate('[...document.images].map((one) => one.naturalWidth)'),
      ]);
      expect(language).toBe(reader);
      expect(text).toContain(TEXTS[reader].workaround);
      expect(text).toContain(TEXTS[reader].update);
      expect(images).toEqual([132]);
    }
  });

  it.each(['light', 'dark'] as const)(
    'has nothing that axe finds wrong in %s, nor have its other pages and the mail',
    async (colorScheme) => {
      const bad: Record<string, string[]> = {};
      await withPage({ colorScheme, viewport: { width: 390, height: 844 } }, async (page) => {
        const link = linkOf('en');
        for (const url of [
          link,
          `${link}?done=saved`,
          `${link}/unsubscribe`,
          `${forewarn.url}/i/nobody`,
          `${forewarn.url}/verify?code=AAAA-AAAA`,
        ]) {
          await page.goto(url);
          await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
          bad[url] = await axeFindings(page);
        }
        await page.goto('about:blank');
        await page.setContent(String(mailTo('en')?.html));
        bad['mail'] = (await axeFindings(page)).filter((one) => !/^(landmark|region)/.test(one));
      });
      expect(Object.entries(bad).filter(([, found]) => found.length > 0)).toEqual([]);
    },
  );

  it('takes what its customer says: that it did not help, that they need a person, what they want to get, and a pause', async () => {
    await open('zh', async (page) => {
      await page.click('button[value=no]');
      expect(await page.innerText('[role=status]')).toBe('感谢您的反馈。');
      await page.click('summary >> nth=0');
      await page.fill('textarea', '我仍然无法付款 <b>');
      await page.click('form[action$="/help"] button');
      expect(await page.innerText('[role=status]')).toContain('我们的客服人员已收到您的请求');
      await page.click('summary >> nth=1');
      await page.click('button[value="7"]');
      await page.click('summary >> nth=1');
      expect(await page.innerText('main')).toMatch(/在2026年.*之前，您不会收到消息。/);
      await page.uncheck('input[name="email.service"]');
      await page.click('form[action$="/preferences"] button');
    });

    expect(await forewarn.rows('SELECT outcome, reported_by FROM bot_outcome')).toEqual([
      { outcome: 'not', reported_by: 'customer page' },
    ]);
    const { items } = (await forewarn.api.get('/v1/hand-overs')).body as { items: object[] };
    expect(items).toMatchObject([
      { customer: 'zh', incidentId: '1', channel: 'page', text: '我仍然无法付款 <b>', locale: 'zh', state: 'open' },
    ]);
    const consent = await forewarn.row('SELECT granted, source FROM consent_entry ORDER BY id DESC LIMIT 1');
    expect(consent).toEqual({ granted: false, source: 'unsubscribe_link' });
  });

  it('holds messages while its customer wants a pause', async () => {
    await open('zh-Hant', async (page) => {
      await page.click('summary >> nth=1');
      await page.click('button[value="7"]');
    });
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();

    expect(
      await forewarn.rows(
        "SELECT c.locale, m.state, m.state_reason AS reason FROM message m JOIN customer c ON c.id = m.customer_id WHERE m.kind = 'resolved' ORDER BY 1",
      ),
    ).toEqual([
      { locale: 'en', state: 'sent', reason: null },
      { locale: 'zh', state: 'suppressed', reason: 'no_consent' },
      { locale: 'zh-Hant', state: 'pending', reason: 'customer_paused' },
    ]);
    expect(await open('en', (page) => page.innerText('main'))).toMatch(/This problem is fixed/);
  });

  it('unsubscribes by a button alone, and takes it back', async () => {
    await open('en', async (page) => {
      await page.goto(`${linkOf('en')}/unsubscribe`);
      expect(await page.innerText('main')).toContain('en@customers.example');
      await page.click('main button');
      expect(await page.innerText('h1')).toBe('You will not get messages from us on this channel any more.');
      await page.click('main button');
      expect(await page.innerText('[role=status]')).toBe('You will get messages on this channel again.');
      await page.click('summary >> nth=1');
      expect(await page.isChecked('input[name="email.service"]')).toBe(true);
    });
  });

  it('with a link that was mistyped is a page in the language of the browser', async () => {
    for (const [language, title] of [
      ['zh-TW', '無法開啟這個連結'],
      ['fr', 'This link does not work'],
    ] as const) {
      const [status, text] = await withPage({ locale: language }, async (page) => [
        (await page.goto(`${forewarn.url}/i/AAAA`))?.status(),
        await page.innerText('h1'),
      ]);
      expect([status, text]).toEqual([404, title]);
    }
  });

  it('runs no script, says nothing to other sites and is kept nowhere', async () => {
    const { headers } = await fetch(linkOf('en'));
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'sha256-[^']+'; img-src https:\/\/shop\.example$/,
    );
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-robots-tag')).toBe('noindex');
  });

  it('is no wider than a phone', async () => {
    const wide = await withPage({ viewport: { width: 320, height: 600 } }, async (page) => {
      await page.goto(linkOf('en'));
      await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
      return page.evaluate('document.documentElement.scrollWidth');
    });
    expect(wide).toBe(320);
  });

  it('has expired after a quarter, and unsubscribing still works', async () => {
    forewarn.clock.advance('91d');
    const link = linkOf('zh');
    const gone = await fetch(link, { headers: { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' } });
    expect([gone.status, /<h1>([^<]*)/.exec(await gone.text())?.[1]]).toEqual([410, '此链接已过期']);
    expect((await fetch(`${link}/help`, { method: 'POST' })).status).toBe(410);
    expect((await fetch(`${link}/unsubscribe`, { method: 'POST' })).status).toBe(200);
  });
});

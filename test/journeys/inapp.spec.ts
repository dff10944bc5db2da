import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Browser, type Page } from 'playwright-core';
import { signatureOf } from '../../src/events/signature.js';
import { ProjectKeys } from '../../src/projects/keys.service.js';
import { Projects } from '../../src/projects/project.registry.js';
import { axeFindings, hasChromium, startChromium } from '../support/chromium.js';
import { customers, incidentWith } from '../support/story.js';
import { type TestDaemon } from '../support/test-daemon.js';

jest.setTimeout(120_000);

const withChromium = hasChromium() ? it : it.skip;

describe('the banner in an app', () => {
  let forewarn: TestDaemon;
  let app: Server;
  let secret: string;
  beforeAll(async () => {
    forewarn = await incidentWith(customers(2), {
      config: { projects: [{ slug: 'shop', name: 'Shop', brand: { colour: '#0a7' } }], locales: ['en', 'zh'] },
    });
    await forewarn.know(...customers(3).slice(2));
    await forewarn.runStages('audience', 'draft');
    const keys = forewarn.daemon.app.get(ProjectKeys);
    secret = (await keys.create(Number((await forewarn.project()).id), { kind: 'signing' })).secret;
    await reload();
    // A page with the strictest policy that lets the script and its question through.
    app = createServer((request, response) => {
      const customer = new URL(request.url ?? '/', 'http://app').searchParams.get('customer') ?? '';
      response.writeHead(200, {
        'content-type': 'text/html',
        'content-security-policy': `default-src 'none'; script-src ${forewarn.url}; connect-src ${forewarn.url}`,
      });
      response.end(
        `<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1></main><script async src="${forewarn.url}/inapp.js" data-customer="${customer}" data-signature="${signatureOf(customer, secret)}"></script></html>`,
      );
    });
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
  });
  afterAll(async () => {
    app.closeAllConnections();
    app.close();
    await forewarn.stop();
  });

  /** Brings a change of keys to the process, which otherwise sees it within seconds. */
  const reload = () => forewarn.daemon.app.get(Projects).load();

  const ask = (customer: string, about: { signature?: string; locale?: string; origin?: string } = {}) => {
    const { signature = signatureOf(customer, secret), locale = 'en', origin } = about;
    const query = new URLSearchParams({ customer, signature, locale });
    return fetch(`${forewarn.url}/v1/inapp?${query.toString()}`, { headers: origin ? { origin } : {} });
  };
  const appUrl = () => `http://127.0.0.1:${(app.address() as AddressInfo).port}`;

  it('shows a draft only once a campaign about it was approved, by a person or by its policy, and not while it is held', async () => {
    const titles = async () => ((await (await ask('c1')).json()) as { items: { title: string }[] }).items.length;
    expect(await titles()).toBe(0);

    await forewarn.runStage('campaign');
    expect(await titles()).toBe(1);
    await forewarn.api.post('/v1/campaigns/1/pause', {});
    expect(await titles()).toBe(0);
    await forewarn.api.post('/v1/campaigns/1/resume', {});
    expect(await titles()).toBe(1);
  });

  it('says what is wrong for a customer whom it hit, in their language, and nothing to others', async () => {
    expect(await (await ask('c1', { locale: 'zh-CN' })).json()).toMatchObject({
      items: [{ incidentId: '1', concern: 'hit', locale: 'zh', reviewState: 'draft', title: 'Shop：部分功能暂时异常' }],
      colour: '#0a7',
      close: '关闭',
    });
    expect(await (await ask('c3')).json()).toMatchObject({ items: [] });
    expect(await (await ask('nobody')).json()).toMatchObject({ items: [] });
  });

  it('is for signed customers alone', async () => {
    for (const signature of ['', 'x', signatureOf('c2', secret), signatureOf('c1', 'guess')])
      expect((await ask('c1', { signature })).status).toBe(401);
    expect((await fetch(`${forewarn.url}/v1/inapp?customer=c1`)).status).toBe(400);
  });

  it('is at most 2 KB of script', async () => {
    const script = await fetch(`${forewarn.url}/inapp.js`);
    expect(script.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect((await script.arrayBuffer()).byteLength).toBeLessThanOrEqual(2048);
  });

  withChromium('stands at the top of an app on another origin, under a strict policy, until it is closed', async () => {
    const browser: Browser = await startChromium();
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        const page: Page = await (await browser.newContext({ colorScheme })).newPage();
        const complaints: string[] = [];
        page.on('console', (message) => complaints.push(message.text()));
        await page.goto(`${appUrl()}/?customer=c1`);
        const banner = page.locator('[role=status] section');
        await banner.waitFor();
        expect(await banner.innerText()).toMatch(
          /^Shop: something is not working as it should[^]*The fault is on our side/,
        );
        expect(await page.evaluate('document.body.firstElementChild.getAttribute("role")')).toBe('status');
        expect(await axeFindings(page)).toEqual([]);
        await page.click('button[aria-label="Close"]');
        expect(await banner.count()).toBe(0);
        const asked = page.waitForResponse((response) => response.url().includes('/v1/inapp'));
        await page.reload();
        await (await asked).finished();
        expect(await banner.count()).toBe(0);
        expect(complaints.filter((one) => !one.includes('favicon'))).toEqual([]);
      }
    } finally {
      await browser.close();
    }
  });

  it('is read by pages of the project’s origins alone', async () => {
    expect((await ask('c1', { origin: 'https://any.example' })).headers.get('access-control-allow-origin')).toBe(
      'https://any.example',
    );
    const { id } = await forewarn.project();
    const { items } = (await forewarn.api.get(`/v1/projects/${id}/keys`)).body as {
      items: { id: string; kind: string }[];
    };
    const key = items.find(({ kind }) => kind === 'public')?.id;
    await forewarn.api.patch(`/v1/projects/${id}/keys/${key}`, { origins: ['https://*.shop.example'] });
    await reload();

    expect((await ask('c1', { origin: 'https://www.shop.example' })).status).toBe(200);
    expect((await ask('c1', { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('answers 429 to who asks all the time', async () => {
    forewarn.clock.advance('1m');
    for (let at = 0; at < 30; at++) expect((await ask('c2')).status).toBe(200);
    expect((await ask('c2')).status).toBe(429);
    expect((await ask('c1')).status).toBe(200);
  });
});

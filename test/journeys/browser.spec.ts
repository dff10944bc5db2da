import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { BrowserPage } from '../support/browser-page.js';
import { aCustomer } from '../support/builders.js';
import { envelope, item } from '../support/envelopes.js';
import { eventually } from '../support/eventually.js';
import { allIssues, hitsOf } from '../support/issues.js';
import { TestDaemon } from '../support/test-daemon.js';

jest.setTimeout(120_000);

/** CHROMIUM names another one. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const CUSTOMERS = ['anna', 'bo', 'chen'];

const found = existsSync(CHROMIUM);
if (!found) console.warn(`skipped: there is no Chromium at ${CHROMIUM}; CHROMIUM may name one`);

/** Functions that the page offers to its tests; see browser-page.ts. */
interface Shop {
  checkout(customer: string): Promise<void>;
  write(message: string): void;
  flush(): Promise<boolean>;
}

(found ? describe : describe.skip)('a page with @sentry/browser, on another origin', () => {
  let forewarn: TestDaemon;
  let site: BrowserPage;
  let browser: Browser;
  let page: Page;
  /** Statuses of what the SDK posted, and what it could not read. */
  const statuses: number[] = [];
  const complaints: string[] = [];
  const failed: string[] = [];
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...CUSTOMERS.map((externalId) => aCustomer({ externalId })));
    site = await BrowserPage.start((await forewarn.project()).dsn);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    page = await browser.newPage();
    page.on('response', (response) => {
      if (response.url().includes('/envelope/')) statuses.push(response.status());
    });
    page.on('console', (message) => {
      if (/CORS|Access-Control|blocked/i.test(message.text())) complaints.push(message.text());
    });
    page.on('requestfailed', (request) => failed.push(request.url()));
    page.on('pageerror', (error) => failed.push(String(error)));
    page.on('response', (response) => {
      if (response.status() === 404) failed.push(`404 ${response.url()}`);
    });
    await page.goto(site.url);
    await page.waitForFunction('window.shop !== undefined', undefined, { timeout: 20_000 }).catch((error: unknown) => {
      throw new Error(`the page did not start: ${failed.join(', ')}`, { cause: error });
    });
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
    await forewarn.stop();
  });

  const checkout = (customer: string) =>
    page.evaluate((id) => (globalThis as unknown as { shop: Shop }).shop.checkout(id), customer);
  const flush = () => page.evaluate(() => (globalThis as unknown as { shop: Shop }).shop.flush());

  async function outcomes(): Promise<Record<string, number>> {
    await forewarn.runStage('outcome-flush');
    const rows = await forewarn.rows<{ outcome: string; count: number }>(
      'SELECT outcome, sum(count)::int AS count FROM intake_outcome GROUP BY 1',
    );
    return Object.fromEntries(rows.map((row) => [row.outcome, row.count]));
  }

  it('gives one issue with the customers whose page threw', async () => {
    for (const customer of CUSTOMERS) await checkout(customer);
    expect(await flush()).toBe(true);
    const [issue, ...others] = await eventually(
      'three events',
      () => allIssues(forewarn.api),
      ([one]) => one?.events === 3,
    );

    expect(others).toEqual([]);
    expect(issue).toMatchObject({ customers: 3, environment: 'staging', firstRelease: 'shop@2.4.1' });
    expect(issue?.title).toMatch(/^TypeError/);
    expect((await hitsOf(forewarn.api, issue!)).map((hit) => [hit.externalId, hit.events])).toEqual(
      CUSTOMERS.map((id) => [id, 1]),
    );
  });

  it('counts its sessions for the release', async () => {
    await forewarn.runStage('telemetry-flush');
    const { started } = await forewarn.row<{ started: number }>(
      "SELECT coalesce(sum(started), 0)::int AS started FROM release_session WHERE release = 'shop@2.4.1'",
    );

    expect(started).toBeGreaterThan(0);
  });

  it("keeps the customer's own words", async () => {
    await page.evaluate(() => (globalThis as unknown as { shop: Shop }).shop.write('the coupon does not work'));
    await flush();
    const words = () => forewarn.rows('SELECT message FROM user_feedback');

    expect(await eventually('the words are there', words, (rows) => rows.length > 0)).toEqual([
      { message: 'the coupon does not work' },
    ]);
  });

  it('lets the page read what need not be sent', async () => {
    const { dsn } = await forewarn.project();
    const { origin, pathname, username } = new URL(dsn);
    const url = `${origin}/api${pathname}/envelope/?sentry_key=${username}`;
    const request = { to: url, body: envelope({}, item('transaction', {})) };
    const limits = await page.evaluate(
      async ({ to, body }) => (await fetch(to, { method: 'POST', body })).headers.get('x-sentry-rate-limits'),
      request,
    );

    expect(limits).toMatch(/transaction/);
  });

  it('changes no count when it sends again what it took for lost', async () => {
    const before = (await outcomes())['duplicate'] ?? 0;
    // The daemon takes the event, but its answer does not come back; the offline transport keeps it and sends it with the next.
    let lost = 0;
    await page.route('**/envelope/**', async (route) => {
      const isEvent = route.request().postData()?.includes('{"type":"event"}') === true;
      if (!isEvent || lost++ > 0) return route.continue();
      await route.fetch();
      return route.abort();
    });
    await checkout('anna');
    await flush();
    await checkout('bo');
    await flush();
    const after = await eventually('it came again', outcomes, (now) => (now['duplicate'] ?? 0) > before);

    expect(after).toMatchObject({ accepted: 5, duplicate: before + 1 });
    expect((await allIssues(forewarn.api)).map((issue) => [issue.events, issue.customers])).toEqual([[5, 3]]);
  });

  it('is never refused, and the browser blocks none of its answers', () => {
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(complaints).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { aCustomer } from '../support/builders.js';
import { allIssues, hitsOf } from '../support/issues.js';
import { TestDaemon } from '../support/test-daemon.js';

jest.setTimeout(60_000);

/** Debian's Python, whose packages are Debian's; another Python earlier in PATH would not find them. */
const PYTHON = '/usr/bin/python3';
const APP = fileURLToPath(new URL('../support/python-app.py', import.meta.url));
const CUSTOMERS = ['anna', 'bo', 'chen'];

const found = spawnSync(PYTHON, ['-c', 'import sentry_sdk']).status === 0;
if (!found) console.warn(`skipped: ${PYTHON} has no sentry_sdk; on Debian install python3-sentry-sdk`);

(found ? describe : describe.skip)("an app with Debian's Sentry SDK for Python", () => {
  let forewarn: TestDaemon;
  const requests: { url: string; encoding: string | undefined; status: number }[] = [];
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...CUSTOMERS.map((externalId) => aCustomer({ externalId })));
    const server = forewarn.daemon.app.getHttpServer();
    server.on('request', ({ url = '', headers }: IncomingMessage, response) =>
      response.once('finish', () =>
        requests.push({ url, encoding: headers['content-encoding'], status: response.statusCode }),
      ),
    );
  });
  afterAll(() => forewarn.stop());

  it('gives one issue with the customers it hit', async () => {
    await runPythonShop();
    const [issue, ...others] = await allIssues(forewarn.api);

    expect(others).toEqual([]);
    expect(issue).toMatchObject({ events: 3, customers: 3, environment: 'staging', firstRelease: 'shop@2.4.1' });
    expect(issue?.title).toMatch(/^KeyError/);
    expect((await hitsOf(forewarn.api, issue!)).map((hit) => [hit.externalId, hit.events])).toEqual(
      CUSTOMERS.map((id) => [id, 1]),
    );
  });

  it('sends compressed bodies, each of which is answered 200', () => {
    const sent = requests.filter((one) => one.url.startsWith('/api/'));

    expect(sent.length).toBeGreaterThanOrEqual(CUSTOMERS.length);
    for (const one of sent) expect([one.url, one.encoding, one.status]).toEqual([one.url, 'gzip', 200]);
  });

  async function runPythonShop(): Promise<void> {
    const { dsn } = await forewarn.project();
    const child = spawn(PYTHON, [APP], { env: { PATH: process.env['PATH'] ?? '', SENTRY_DSN: dsn } });
    const complaints = text(child.stderr);
    child.stdin.end(JSON.stringify(CUSTOMERS));
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`the shop ended with ${code}: ${await complaints}`);
  }
});

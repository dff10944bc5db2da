import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ApiClient } from '../support/api-client.js';
import { aCustomer } from '../support/builders.js';
import { seededRandom } from '../support/mutate.js';
import { type ApiDocument, nastyRequest } from '../support/nasty-requests.js';
import { ADMIN_TOKEN, TestDaemon } from '../support/test-daemon.js';

jest.setTimeout(300_000);

/** FUZZ_SEED takes another seed, FUZZ_REQUESTS another number; a failure names the request. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_128);
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 2000);
const AT_ONCE = 8;

describe('the API under requests that nobody expects', () => {
  let forewarn: TestDaemon;
  let api: ApiClient;
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...['a', 'b', 'c', 'd'].map((externalId) => aCustomer({ externalId })));
    await forewarn.send(...['a', 'b', 'c', 'd'].map((customer) => ({ message: 'broken', customer })));
    await forewarn.plan();
    api = new ApiClient(forewarn.url, ADMIN_TOKEN);
  });
  afterAll(() => forewarn.stop());

  it(`answers each of ${REQUESTS} with what was wrong, never with a fault of its own`, async () => {
    const document = (await forewarn.anyone.get('/openapi.json')).body as ApiDocument;
    const random = seededRandom(SEED);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const faults: string[] = [];
    const statuses = new Map<number, number>();
    for (let at = 0; at < REQUESTS; at += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, i) => nastyRequest(document, random, at + i));
      const answers = await Promise.all(
        batch.map(({ method, path, body, contentType }) =>
          api.raw(method, path, { ...(body !== undefined && { body, headers: { 'content-type': contentType } }) }),
        ),
      );
      for (const [i, { status }] of answers.entries()) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500)
          faults.push(`${status} ${batch[i]?.method} ${batch[i]?.path} ${batch[i]?.body?.slice(0, 300)}`);
      }
    }
    delay.disable();
    console.info(
      `statuses ${JSON.stringify([...statuses])}, event loop held ${Math.round(delay.max / 1e6)} ms at most`,
    );

    expect(faults).toEqual([]);
    expect(statuses.get(400) ?? 0).toBeGreaterThan(REQUESTS / 10);
    expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 10);
  });
});

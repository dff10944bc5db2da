import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { aCustomer } from '../support/builders.js';
import { DaemonProcess } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { seededRandom } from '../support/mutate.js';
import { type ApiDocument, nastyRequest } from '../support/nasty-requests.js';
import { writeConfig } from '../support/test-config.js';
import { createDatabase, type TestDatabase } from '../support/test-database.js';

jest.setTimeout(300_000);

/** FUZZ_SEED takes another seed, FUZZ_REQUESTS another number; a failure names the request. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_128);
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 10_000);
const AT_ONCE = 8;
/** Requests between two looks at how long the main thread was held. */
const LOOK_EVERY = 200;

describe('the API under requests that nobody expects', () => {
  let database: TestDatabase;
  let config: ReturnType<typeof writeConfig>;
  let daemon: DaemonProcess;
  beforeAll(async () => {
    database = await createDatabase();
    config = writeConfig();
    daemon = await DaemonProcess.start({ DATABASE_URL: database.url, FOREWARN_CONFIG: config.path });
    const { api } = daemon;
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) {
      const { externalId, ...entry } = aCustomer({ externalId: name });
      expect((await api.put(`/v1/customers/${externalId}`, entry)).status).toBeLessThan(300);
    }
    const [project] = ((await api.get('/v1/projects')).body as { items: { id: string }[] }).items;
    const made = await api.post(`/v1/projects/${project?.id}/keys`, { kind: 'server', name: 'fuzz' });
    const { key } = made.body as { key: string };
    const events = names.map((customer) => ({ message: 'the payment of order 17 failed', customer }));
    const sent = await api.raw('POST', '/v1/events', {
      body: JSON.stringify(events),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    expect(sent.status).toBe(200);
    await eventually(
      'an incident opens',
      async () => ((await api.get('/v1/incidents')).body as { items: unknown[] }).items.length,
      (count) => count > 0,
    );
  });
  afterAll(async () => {
    await daemon.stop();
    await database.drop();
    config.remove();
  });

  it(`answers each of ${REQUESTS} with what was wrong, never with a fault of its own`, async () => {
    const { api } = daemon;
    const document = (await api.get('/openapi.json')).body as ApiDocument;
    const random = seededRandom(SEED);
    const faults: string[] = [];
    const statuses = new Map<number, number>();
    const held: number[] = [];
    await heldMs(daemon);
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
      if (at % LOOK_EVERY === 0) held.push(await heldMs(daemon));
    }
    held.push(await heldMs(daemon));
    const longest = held.toSorted((one, other) => other - one).slice(0, 5);
    console.info(
      `statuses ${JSON.stringify([...statuses])}; longest holds of the main thread ${longest.join(', ')} ms`,
    );

    expect(faults).toEqual([]);
    expect(daemon.child.exitCode).toBeNull();
    expect(statuses.get(400) ?? 0).toBeGreaterThan(REQUESTS / 10);
    expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 10);
  });
});

/** Longest time that the daemon's main thread was held since the last look, milliseconds. */
async function heldMs(daemon: DaemonProcess): Promise<number> {
  const text = String((await daemon.api.get('/metrics')).body);
  const seconds = /^forewarn_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)?.[1];
  return Math.round(Number(seconds) * 1000);
}

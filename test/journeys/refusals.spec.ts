import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { anEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';
import { RawConnection } from '../support/wire.js';

const WRONG_KEY = 'f'.repeat(32);
const ID = 'a'.repeat(32);

function envelope(event: object): string {
  return `{"event_id":"${ID}"}\n{"type":"event"}\n${JSON.stringify(event)}\n`;
}

const GOOD = envelope({ event_id: ID, message: 'checkout failed', user: { id: 'c1' } });

/** Requests of which nothing may be taken: what they are, what is answered, and the one outcome that is counted. */
const REFUSED = [
  { what: 'a wrong key', path: '/api/1/envelope/', key: WRONG_KEY, body: GOOD, status: 403, outcome: 'unauthorized' },
  { what: 'no key', path: '/api/1/envelope/', key: '', body: GOOD, status: 403, outcome: 'unauthorized' },
  { what: 'an unknown project', path: '/api/99/envelope/', body: GOOD, status: 403, outcome: 'unauthorized' },
  { what: 'garbage', path: '/api/1/envelope/', body: 'hello\nworld', status: 400, outcome: 'malformed' },
  { what: 'an empty body', path: '/api/1/envelope/', body: '', status: 400, outcome: 'malformed' },
  {
    what: 'an event that is no JSON',
    path: '/api/1/envelope/',
    body: '{}\n{"type":"event"}\n{oops',
    status: 400,
    outcome: 'invalid',
  },
  { what: 'garbage to the older address', path: '/api/1/store/', body: '[1', status: 400, outcome: 'malformed' },
  {
    what: 'damaged gzip',
    path: '/api/1/envelope/',
    body: gzipSync(GOOD).subarray(0, 30),
    encoding: 'gzip',
    status: 400,
    outcome: 'malformed',
  },
  {
    what: 'an encoding that we do not read',
    path: '/api/1/envelope/',
    body: GOOD,
    encoding: 'zstd',
    status: 415,
    outcome: 'unsupported',
  },
  {
    what: 'more than 20 MB',
    path: '/api/1/envelope/',
    body: Buffer.alloc(21 * 1024 * 1024, 120),
    status: 413,
    outcome: 'too_large',
  },
  {
    what: 'a small body that unpacks to more than 50 MB',
    path: '/api/1/envelope/',
    body: gzipSync(Buffer.alloc(60 * 1024 * 1024)),
    encoding: 'gzip',
    status: 413,
    outcome: 'too_large',
  },
  {
    what: 'a small body that unpacks to millions of objects',
    path: '/api/1/store/',
    body: gzipSync(`{"message":"m","a":[${'{},'.repeat(6e6)}{}]}`),
    encoding: 'gzip',
    status: 413,
    outcome: 'too_large',
  },
  {
    what: 'a small body that unpacks to millions of levels',
    path: '/v1/events',
    body: gzipSync(`{"message":${'['.repeat(9e6)}${']'.repeat(9e6)}}`),
    encoding: 'gzip',
    status: 413,
    outcome: 'too_large',
  },
  {
    what: 'a wrong key for the native format',
    path: '/v1/events',
    key: WRONG_KEY,
    body: JSON.stringify(anEvent()),
    status: 403,
    outcome: 'unauthorized',
  },
  { what: 'native garbage', path: '/v1/events', body: 'hello', status: 400, outcome: 'malformed' },
  {
    what: 'a native event that says nothing',
    path: '/v1/events',
    body: '{"customer":"c1"}',
    status: 400,
    outcome: 'invalid',
  },
  { what: 'OTLP garbage', path: '/otlp/v1/logs', body: 'hello', status: 400, outcome: 'malformed' },
  {
    what: 'an OTLP list that is none',
    path: '/otlp/v1/logs',
    body: '{"resourceLogs":{"a":1}}',
    status: 400,
    outcome: 'invalid',
  },
  {
    what: 'OTLP spans where logs belong',
    path: '/otlp/v1/logs',
    body: '{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}',
    status: 400,
    outcome: 'invalid',
  },
  {
    what: 'OTLP keys in another spelling',
    path: '/otlp/v1/traces',
    body: '{"resource_spans":[]}',
    status: 400,
    outcome: 'invalid',
  },
] as const satisfies readonly {
  what: string;
  path: string;
  key?: string;
  body: string | Buffer;
  encoding?: string;
  status: number;
  outcome: string;
}[];

describe('intake', () => {
  let forewarn: TestDaemon;
  let key: string;
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    ({ key } = await forewarn.project());
  });
  afterAll(() => forewarn.stop());

  it.each(REFUSED.map((one) => [one.what, one.status, one] as const))(
    'answers %s with %d and a reason, counts it once, and changes nothing',
    async (_what, status, request) => {
      const before = await outcomes();

      const answer = await post(request);

      expect(answer.status).toBe(status);
      expect(JSON.stringify(answer.body).length).toBeGreaterThan(10);
      expect(await outcomes()).toEqual({ ...before, [request.outcome]: (before[request.outcome] ?? 0) + 1 });
      expect(await forewarn.rows('SELECT FROM issue')).toHaveLength(0);
      expect(await forewarn.rows('SELECT FROM customer')).toHaveLength(0);
      expect(await forewarn.rows('SELECT FROM event_seen')).toHaveLength(0);
    },
  );

  it.each(['/api/1/envelope/', '/v1/events', '/otlp/v1/logs'])(
    'answers who sends a wrong key to %s before the body is there',
    async (path) => {
      const connection = await RawConnection.open(forewarn.daemon.port);
      const head = `POST ${path}?sentry_key=${WRONG_KEY} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json`;
      connection.write(`${head}\r\nContent-Length: 1000000\r\n\r\n{`);
      expect(await connection.untilSaid('the key does not open this project')).toContain('403');
      connection.destroy();
    },
  );

  it('reads a body whatever content type it claims, as SDKs and proxies send all kinds', async () => {
    const types = ['application/x-sentry-envelope', 'text/plain;charset=UTF-8', 'application/json', 'image/png'];
    for (const [at, type] of types.entries()) {
      const body = GOOD.replaceAll(ID, String(at + 1).repeat(32));
      const answer = await forewarn.anyone.raw('POST', '/api/1/envelope/', {
        headers: { 'x-sentry-auth': `Sentry sentry_key=${key}, sentry_version=7`, 'content-type': type },
        body,
      });
      expect([type, answer.status, answer.body]).toEqual([type, 200, { id: String(at + 1).repeat(32) }]);
    }
    expect((await forewarn.api.get('/v1/issues')).body).toMatchObject({
      items: [{ events: types.length, customers: 1 }],
    });
  });

  async function post(request: (typeof REFUSED)[number]) {
    const used = 'key' in request ? request.key : key;
    const isSentry = request.path.startsWith('/api/');
    const headers: Record<string, string> = {
      'content-type': request.path.startsWith('/otlp/') ? 'application/json' : 'application/octet-stream',
    };
    if (used !== '')
      headers[isSentry ? 'x-sentry-auth' : 'authorization'] = isSentry
        ? `Sentry sentry_key=${used}, sentry_version=7`
        : `Bearer ${used}`;
    if ('encoding' in request) headers['content-encoding'] = request.encoding;
    return forewarn.anyone.raw('POST', request.path, { headers, body: request.body });
  }

  async function outcomes(): Promise<Record<string, number>> {
    await forewarn.runStage('outcome-flush');
    const rows = await forewarn.rows<{ outcome: string; sum: number }>(
      'SELECT outcome, sum(count)::int AS sum FROM intake_outcome GROUP BY 1',
    );
    return Object.fromEntries(rows.map((row) => [row.outcome, row.sum]));
  }
});

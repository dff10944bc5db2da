import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import {
  anErrorEnvelope,
  anEventId,
  aSentryEvent,
  envelope,
  item,
  type SentryEventBody,
} from '../support/envelopes.js';
import { aCustomer } from '../support/builders.js';
import { NOON_UTC } from '../support/fake-clock.js';
import { hitsOf, issueWith } from '../support/issues.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send, type WireAnswer, type WireRequest } from '../support/wire.js';

jest.setTimeout(60_000);

const MB = 1024 * 1024;

let forewarn: TestDaemon;
let base: string;
let id: string;
let key: string;

beforeAll(async () => {
  forewarn = await TestDaemon.start({ env: { PUBLIC_URL: 'https://errors.example/fault/intake' } });
  base = `http://127.0.0.1:${forewarn.daemon.port}`;
  ({ id, key } = await forewarn.project());
});
afterAll(() => forewarn.stop());

/** Outcomes that `work` added, and its answer. */
async function outcomesOf<T>(work: () => Promise<T>): Promise<{ answer: T; outcomes: Record<string, number> }> {
  const before = await counts();
  const answer = await work();
  const after = await counts();
  const added = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return { answer, outcomes: Object.fromEntries(added.filter(([, count]) => count !== 0)) };
}

async function counts(): Promise<Record<string, number>> {
  await forewarn.runStage('outcome-flush');
  const rows = await forewarn.rows<{ outcome: string; count: number }>(
    'SELECT outcome, sum(count)::int AS count FROM intake_outcome GROUP BY 1',
  );
  return Object.fromEntries(rows.map((row) => [row.outcome, row.count]));
}

/** Posts to the envelope path with the key in the query, as JavaScript SDKs do. */
function post(
  body: Buffer | string,
  headers: Record<string, string> = {},
  about: WireRequest = {},
): Promise<WireAnswer> {
  return send(`${base}/api/${id}/envelope/?sentry_version=7&sentry_key=${key}`, { body, headers, ...about });
}

function store(event: object): Promise<WireAnswer> {
  return send(`${base}/api/${id}/store/?sentry_key=${key}`, { body: JSON.stringify(event) });
}

describe('the address of an SDK', () => {
  it('keeps the path prefix of the public address in the DSN', async () => {
    expect((await forewarn.project()).dsn).toBe(`https://${key}@errors.example/fault/intake/${id}`);
  });

  it.each([
    ['with a trailing slash', '/api/ID/envelope/'],
    ['without a trailing slash', '/api/ID/envelope'],
    ['behind a prefix that the proxy left in place', '/fault/intake/api/ID/envelope/'],
    ['behind a prefix, without a trailing slash', '/fault/api/ID/envelope'],
  ])('works %s', async (_name, path) => {
    const answer = await send(`${base}${path.replace('ID', id)}?sentry_key=${key}`, { body: anErrorEnvelope() });

    expect(answer.status).toBe(200);
  });

  it.each(['/api/ID/store/', '/api/ID/store', '/fault/intake/api/ID/store/'])(
    'takes single events at %s',
    async (path) => {
      const event = aSentryEvent();
      const answer = await send(`${base}${path.replace('ID', id)}?sentry_key=${key}`, { body: JSON.stringify(event) });

      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: event.event_id }]);
    },
  );
});

describe('the key', () => {
  const forms: [string, () => { query?: string; headers?: Record<string, string>; dsn?: string }][] = [
    ['in the query', () => ({ query: `?sentry_version=7&sentry_key=${key}&sentry_client=x%2F1` })],
    [
      'in X-Sentry-Auth with commas and spaces',
      () => ({
        headers: { 'x-sentry-auth': `Sentry sentry_version=7, sentry_client=a/1, sentry_key=${key}, sentry_secret=s` },
      }),
    ],
    [
      'in X-Sentry-Auth with bare commas',
      () => ({ headers: { 'x-sentry-auth': `Sentry sentry_version=7,sentry_client=a/1,sentry_key=${key}` } }),
    ],
    [
      'in Authorization as old SDKs send it',
      () => ({ headers: { authorization: `Sentry sentry_key=${key},sentry_version=5` } }),
    ],
    ['in Authorization as bearer token', () => ({ headers: { authorization: `Bearer ${key}` } })],
    ['in the DSN of the envelope header', () => ({ dsn: `https://${key}@errors.example/fault/intake/${id}` })],
    [
      'everywhere at once',
      () => ({
        query: `?sentry_key=${key}`,
        headers: { 'x-sentry-auth': `Sentry sentry_key=${key}` },
        dsn: `https://${key}@errors.example/${id}`,
      }),
    ],
  ];
  it.each(forms)('is taken %s', async (_name, form) => {
    const { query = '', headers, dsn } = form();
    const event = aSentryEvent();
    const body = envelope({ event_id: event.event_id, dsn }, item('event', event));
    const answer = await send(`${base}/api/${id}/envelope/${query}`, { headers, body });

    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: event.event_id }]);
  });

  const wrong: [string, () => { project?: string; query?: string; headers?: Record<string, string>; dsn?: string }][] =
    [
      ['is missing', () => ({})],
      ['is of nobody', () => ({ query: `?sentry_key=${'f'.repeat(32)}` })],
      ['is of another project', () => ({ project: '77', query: `?sentry_key=${key}` })],
      [
        'differs between query and header',
        () => ({ query: `?sentry_key=${key}`, headers: { 'x-sentry-auth': `Sentry sentry_key=${'f'.repeat(32)}` } }),
      ],
      [
        'differs between query and DSN',
        () => ({ query: `?sentry_key=${key}`, dsn: `https://${'f'.repeat(32)}@errors.example/${id}` }),
      ],
      [
        'comes with the DSN of another project',
        () => ({ query: `?sentry_key=${key}`, dsn: `https://${key}@errors.example/77` }),
      ],
    ];
  it.each(wrong)('opens nothing when it %s', async (_name, form) => {
    const { project = id, query = '', headers, dsn } = form();
    const event = aSentryEvent();
    const body = envelope({ event_id: event.event_id, dsn }, item('event', event));
    const { answer, outcomes } = await outcomesOf(() =>
      send(`${base}/api/${project}/envelope/${query}`, { headers, body }),
    );

    expect([answer.status, outcomes]).toEqual([403, { unauthorized: 1 }]);
    expect(answer.headers['x-sentry-error']).toBeTruthy();
  });

  it('gives the same answer for a wrong key and a wrong project, so that neither can be guessed', async () => {
    const key1 = await send(`${base}/api/${id}/envelope/?sentry_key=${'f'.repeat(32)}`, { body: anErrorEnvelope() });
    const project1 = await send(`${base}/api/77/envelope/?sentry_key=${key}`, { body: anErrorEnvelope() });

    expect([key1.status, key1.text]).toEqual([project1.status, project1.text]);
  });
});

describe('the encoding of a body', () => {
  it.each<[string, string, (body: Buffer) => Buffer]>([
    ['gzip', 'gzip', gzipSync],
    ['x-gzip', 'x-gzip', gzipSync],
    ['gzip in capitals', 'GZIP', gzipSync],
    ['deflate with the zlib header', 'deflate', deflateSync],
    ['deflate without it', 'deflate', deflateRawSync],
    ['br', 'br', brotliCompressSync],
    ['identity', 'identity', (body) => body],
    ['an empty one', '', (body) => body],
    ['utf-8, which is none', 'utf-8', (body) => body],
    ['UTF-8, which is none', 'UTF-8', (body) => body],
    ['two on top of each other', 'gzip, br', (body) => brotliCompressSync(gzipSync(body))],
  ])('may be %s', async (_name, encoding, encode) => {
    const event = aSentryEvent();
    const body = envelope({ event_id: event.event_id }, item('event', event));
    const answer = await post(encode(Buffer.from(body)), { 'content-encoding': encoding });

    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: event.event_id }]);
  });

  it('may be base64 of zlib data at /store/, as raven-ruby sends it', async () => {
    const event = aSentryEvent();
    const body = deflateSync(JSON.stringify(event)).toString('base64');
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await send(`${base}/api/${id}/store/?sentry_key=${key}`, { body, headers });
    const { answer: bomb, outcomes } = await outcomesOf(() =>
      send(`${base}/api/${id}/store/?sentry_key=${key}`, {
        body: deflateSync(Buffer.alloc(30 * MB)).toString('base64'),
      }),
    );

    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: event.event_id }]);
    expect([bomb.status, outcomes]).toEqual([413, { too_large: 1 }]);
  });

  it.each(['envelope', 'store'])('may follow a byte order mark at /%s/', async (kind) => {
    const event = aSentryEvent();
    const text = kind === 'store' ? JSON.stringify(event) : envelope({ dsn: null }, item('event', event));
    const answer = await send(`${base}/api/${id}/${kind}/?sentry_key=${key}`, { body: `\ufeff${text}` });

    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: event.event_id }]);
  });

  it.each<[string, string, number, string, () => Buffer]>([
    ['zstd, which cannot be read', 'zstd', 415, 'unsupported', () => Buffer.from('28b52ffd', 'hex')],
    ['gzip in name only', 'gzip', 400, 'malformed', () => Buffer.from(anErrorEnvelope())],
    ['gzip that breaks off', 'gzip', 400, 'malformed', () => gzipSync(anErrorEnvelope()).subarray(0, 60)],
    ['br in name only', 'br', 400, 'malformed', () => Buffer.from(anErrorEnvelope())],
    ['a bomb of gzip', 'gzip', 413, 'too_large', () => gzipSync(Buffer.alloc(100 * MB), { level: 1 })],
    [
      'a bomb of br',
      'br',
      413,
      'too_large',
      () => brotliCompressSync(Buffer.alloc(64 * MB), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    ],
    [
      'a bomb in a bomb',
      'gzip, gzip',
      413,
      'too_large',
      () => gzipSync(gzipSync(Buffer.alloc(100 * MB), { level: 1 })),
    ],
  ])('is refused when it is %s', async (_name, encoding, status, outcome, body) => {
    const { answer, outcomes } = await outcomesOf(() => post(body(), { 'content-encoding': encoding }));

    expect([answer.status, outcomes]).toEqual([status, { [outcome]: 1 }]);
  });

  it.each([
    ['said beforehand', false],
    ['not said', true],
  ])('is refused when the wire carries more than 20 MB, its length %s', async (_name, chunked) => {
    const body = Buffer.alloc(20 * MB + 1, 'x');
    const { answer, outcomes } = await outcomesOf(() => post(body, {}, { chunked }).catch(cut));

    expect([answer.status, outcomes]).toEqual([413, { too_large: 1 }]);
  });
});

/** The server may close the connection before all was sent; then the client sees that and no answer. */
function cut(error: { code?: string }): WireAnswer {
  if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error as Error;
  return { status: 413, headers: {}, text: '' };
}

describe('the content type', () => {
  it.each([
    undefined,
    '',
    'application/x-sentry-envelope',
    'text/plain;charset=UTF-8',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
    'application/json',
    'application/octet-stream; a=b',
    'nonsense',
    'a b/c',
  ])('may be %s', async (type) => {
    const answer = await post(anErrorEnvelope(), type === undefined ? {} : { 'content-type': type }, { chunked: true });

    expect(answer.status).toBe(200);
  });
});

describe('a page on another origin', () => {
  it.each(['/api/1/envelope/', '/api/1/store', '/v1/events', '/otlp/v1/logs', '/otlp/v1/traces'])(
    'may ask before it posts to %s',
    async (path) => {
      const headers = {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-sentry-auth,content-encoding',
      };
      const answer = await send(`${base}${path}`, { method: 'OPTIONS', headers });

      expect(answer.status).toBe(204);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': expect.stringMatching(
          /x-sentry-auth.*content-type.*authorization.*content-encoding/,
        ),
        'access-control-max-age': '3600',
      });
    },
  );

  it('can read answers and refusals with their limits and reasons', async () => {
    const taken = await post(anErrorEnvelope(), { origin: 'https://shop.example' });
    const denied = await send(`${base}/api/${id}/envelope/`, {
      headers: { origin: 'https://shop.example' },
      body: anErrorEnvelope(),
    });

    for (const answer of [taken, denied]) {
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'x-sentry-error, x-sentry-rate-limits, retry-after',
      });
    }
  });
});

describe('an envelope', () => {
  it('counts each of several events', async () => {
    const events = Array.from({ length: 3 }, () => aSentryEvent());
    const body = envelope({}, ...events.map((event, at) => item('event', event, at > 0)));
    const { answer, outcomes } = await outcomesOf(() => post(body));

    expect([answer.status, JSON.parse(answer.text), outcomes]).toEqual([
      200,
      { id: events[0]!.event_id },
      { accepted: 3 },
    ]);
  });

  it('counts an event once that it holds twice', async () => {
    const event = aSentryEvent();
    const { answer, outcomes } = await outcomesOf(() => post(envelope({}, item('event', event), item('event', event))));

    expect([answer.status, outcomes]).toEqual([200, { accepted: 1, duplicate: 1 }]);
  });

  it('changes nothing when it comes again, by whatever way', async () => {
    const event = aSentryEvent({ exception: { type: 'ResentError', value: 'once is enough' } });
    const body = envelope({ event_id: event.event_id }, item('event', event));
    const again = async () => [
      await post(body),
      await post(gzipSync(body), { 'content-encoding': 'gzip' }),
      await store(event),
    ];
    await post(body);
    const before = await issueWith(forewarn.api, 'ResentError');
    const { answer: answers, outcomes } = await outcomesOf(again);

    expect(answers.map((one): unknown => [one.status, JSON.parse(one.text)])).toEqual(
      Array(3).fill([200, { id: event.event_id }]),
    );
    expect(outcomes).toEqual({ duplicate: 3 });
    expect(await issueWith(forewarn.api, 'ResentError')).toEqual(before);
    expect(before.events).toBe(1);
  });

  it('keeps the words of everybody who writes about one error, each once', async () => {
    const about = anEventId();
    const report = (email: string, comments: string) => item('user_report', { event_id: about, email, comments });
    const body = envelope({}, report('a@example.com', 'help'), report('b@example.com', 'help'));
    const { outcomes } = await outcomesOf(async () => {
      await post(body);
      await post(body);
      await post(envelope({}, report('a@example.com', 'still not')));
    });

    expect(outcomes).toEqual({ used: 3, duplicate: 2 });
    const kept = await forewarn.rows<{ message: string }>(
      'SELECT message FROM user_feedback WHERE about_event_id = $1 ORDER BY id',
      [about],
    );
    expect(kept.map(({ message }) => message)).toEqual(['help', 'help', 'still not']);
  });

  it('may be a header alone', async () => {
    const answers = [await post('{}'), await post('{}\n'), await post(`{"event_id":"${anEventId()}"}\n\n`)];

    expect(answers.map((one): unknown => [one.status, JSON.parse(one.text)])).toEqual(Array(3).fill([200, {}]));
  });

  it('may hold attachments of any bytes beside the event, which are discarded', async () => {
    const event = aSentryEvent();
    const bytes = Buffer.from([10, 0, 255, 123, 10, 10]);
    const head = Buffer.from(
      `${envelope({ event_id: event.event_id })}\n{"type":"attachment","length":${bytes.length},"filename":"a.bin"}\n`,
    );
    const body = Buffer.concat([head, bytes, Buffer.from(`\n${item('event', event)}\n`)]);
    const { answer, outcomes } = await outcomesOf(() => post(body));

    expect([answer.status, outcomes]).toEqual([200, { accepted: 1, discarded: 1 }]);
  });

  it('tells the SDK what need not be sent, when something of it came', async () => {
    const discarded = await post(envelope({}, item('transaction', {}), item('a-type-of-tomorrow', 'anything')));
    const used = await post(anErrorEnvelope());

    expect(discarded.status).toBe(200);
    expect(discarded.headers['x-sentry-rate-limits']).toMatch(/^\d+:transaction;span;/);
    expect(discarded.headers['x-sentry-rate-limits']).not.toMatch(/error|default|session|feedback|log_item/);
    expect(used.headers['x-sentry-rate-limits']).toBeUndefined();
  });

  it('counts what it uses, discards and cannot read, each item once', async () => {
    const body = envelope(
      {},
      item('session', { sid: anEventId(), did: 'c-1', init: true, status: 'exited', attrs: { release: 'r' } }),
      item('sessions', { attrs: { release: 'r' }, aggregates: [{ started: NOON_UTC, exited: 3 }] }, true),
      item('client_report', { discarded_events: [{ reason: 'sample_rate', category: 'error', quantity: 2 }] }),
      item('feedback', { event_id: anEventId(), contexts: { feedback: { message: 'it does not work' } } }),
      item('user_report', { event_id: anEventId(), comments: 'nor here' }),
      item('log', {
        items: [
          { level: 'error', body: 'no stock', timestamp: 1 },
          { level: 'info', body: 'fine' },
        ],
      }),
      item('event', 'not JSON'),
      item('replay_recording', '\u0001\u0002', true),
      item('event', aSentryEvent()),
    );
    const { answer, outcomes } = await outcomesOf(() => post(body));

    expect([answer.status, outcomes]).toEqual([200, { used: 5, accepted: 2, discarded: 2, invalid: 1 }]);
  });

  it('is answered 200 when a part of it was taken, with what was left out and what need not be sent', async () => {
    const body = envelope(
      {},
      item('session', { init: true, status: 'exited', attrs: { release: 'r' } }),
      item('event', 'not JSON'),
      item('transaction', {}),
    );
    const { answer, outcomes } = await outcomesOf(() => post(body));

    expect([answer.status, outcomes]).toEqual([200, { used: 1, invalid: 1, discarded: 1 }]);
    expect(answer.headers).toMatchObject({
      'x-sentry-error': 'item "event": not valid JSON',
      'x-sentry-rate-limits': expect.stringContaining('transaction'),
    });
  });

  it('is answered 400 when nothing of it was taken, also beside what is discarded', async () => {
    const { answer, outcomes } = await outcomesOf(() =>
      post(envelope({}, item('client_report', {}), item('transaction', {}))),
    );

    expect([answer.status, outcomes]).toEqual([400, { invalid: 1, discarded: 1 }]);
    expect(answer.headers['x-sentry-rate-limits']).toContain('transaction');
  });

  it.each<[string, string, string]>([
    ['is empty', '', 'malformed'],
    ['has no header', 'hello', 'malformed'],
    ['has an item shorter than its length', '{}\n{"type":"event","length":9}\n{}', 'malformed'],
    ['has an item longer than its length', '{}\n{"type":"event","length":1}\n{}', 'malformed'],
    ['has a length that is none', '{}\n{"type":"event","length":"2"}\n{}', 'malformed'],
    ['holds an event alone that cannot be read', '{}\n{"type":"event"}\n[1]', 'invalid'],
  ])('is answered 400 with the reason when it %s', async (_name, body, outcome) => {
    const { answer, outcomes } = await outcomesOf(() => post(body));

    expect([answer.status, outcomes]).toEqual([400, { [outcome]: 1 }]);
    expect(JSON.parse(answer.text)).toEqual({ detail: expect.any(String), causes: [expect.any(String)] });
  });

  it('counts a broken body for the project whose key it came with', async () => {
    await post('hello');
    await forewarn.runStage('outcome-flush');
    const rows = await forewarn.rows(
      "SELECT DISTINCT project_id FROM intake_outcome WHERE outcome = 'malformed' AND project_id > 0",
    );

    expect(rows).toEqual([{ project_id: Number(id) }]);
  });
});

describe('an event', () => {
  const thrown = (type: string) => ({ type, value: 'page must be positive' });
  it.each<[string, string, unknown]>([
    ['an object with values', 'AError', { values: [thrown('AError')] }],
    ['a bare list', 'BError', [thrown('BError')]],
    ['a bare object', 'CError', thrown('CError')],
    ['a list with null members', 'DError', { values: [null, thrown('DError'), null] }],
    ['values that are one object', 'EError', { values: thrown('EError') }],
    ['members without a stack', 'FError', [{ ...thrown('FError'), stacktrace: null }]],
    ['members with null frames', 'GError', [{ ...thrown('GError'), stacktrace: { frames: [null] } }]],
  ])('may give its exception as %s', async (_name, type, exception) => {
    const answer = await store(aSentryEvent({ exception }));

    expect(answer.status).toBe(200);
    expect(await issueWith(forewarn.api, type)).toMatchObject({ events: 1, customers: 1 });
  });

  it('may be a message without any exception', async () => {
    await store(aSentryEvent({ exception: undefined, message: 'stock is out of step' }));

    expect(await issueWith(forewarn.api, 'stock is out of step')).toMatchObject({ events: 1 });
  });

  it('may be a stack without exception and text, in an envelope as in a store request', async () => {
    const threads = (fn: string) => ({
      values: [{ id: 7, crashed: true, stacktrace: { frames: [{ module: 'shop.Sync', function: fn, in_app: true }] } }],
    });
    const event = (fn: string) => aSentryEvent({ exception: undefined, message: undefined, threads: threads(fn) });
    expect((await store(event('pull'))).status).toBe(200);
    expect((await post(envelope({}, item('event', event('pull'))))).status).toBe(200);
    expect((await post(envelope({}, item('event', event('push'))))).status).toBe(200);

    expect(await issueWith(forewarn.api, 'Event without a message in Sync.pull')).toMatchObject({ events: 2 });
    expect(await issueWith(forewarn.api, 'Event without a message in Sync.push')).toMatchObject({ events: 1 });
  });

  it('may name its parts as old clients do, and nothing is kept of the customer', async () => {
    const event = {
      event_id: anEventId(),
      message: 'x',
      'sentry.interfaces.User': { id: 'legacy-1', email: 'legacy@example.com', shoe_size: 'forty-two' },
      'sentry.interfaces.Exception': [{ type: 'RavenError', value: 'x' }],
    };
    expect((await store(event)).status).toBe(200);
    expect(await hitsOf(forewarn.api, await issueWith(forewarn.api, 'RavenError'))).toMatchObject([
      { externalId: 'legacy-1' },
    ]);
    const kept = await forewarn.row('SELECT payload FROM event_sample WHERE event_id = $1', [event.event_id]);
    expect(JSON.stringify(kept)).toMatch(/RavenError/);
    expect(JSON.stringify(kept)).not.toMatch(/legacy|forty-two/);
  });

  const noon = Date.parse(NOON_UTC);
  it.each<[string, unknown, number]>([
    ['seconds', noon / 1000 - 60.5, noon - 60_500],
    ['milliseconds', noon - 60_000, noon - 60_000],
    ['text with a zone', '2026-03-10T12:59:00+01:00', noon - 60_000],
    ['text without a zone, in UTC', '2026-03-10T11:59:00.000000', noon - 60_000],
    ['a moment of 1970, which is a wrong clock', 17, noon],
    ['a moment of next year, which is a wrong clock', '2027-03-10T12:00:00Z', noon],
    ['nonsense', { a: 1 }, noon],
    ['nothing', undefined, noon],
  ])('is counted now and dated plausibly when its time is %s', async (name, timestamp, expected) => {
    const customer = `clock-${name.replace(/\W/g, '-')}`;
    await forewarn.know(aCustomer({ externalId: customer }));
    const exception = { type: 'ClockError', value: 'x' };
    const { outcomes } = await outcomesOf(() => store(aSentryEvent({ timestamp, user: { id: customer }, exception })));
    const issue = await issueWith(forewarn.api, 'ClockError');
    const hit = (await hitsOf(forewarn.api, issue)).find((one) => one.externalId === customer);

    expect(outcomes).toEqual({ accepted: 1 });
    expect(await forewarn.rows('SELECT DISTINCT minute FROM issue_minute')).toEqual([{ minute: new Date(noon) }]);
    expect([hit?.events, Date.parse(hit?.lastAt ?? '')]).toEqual([1, expected]);
  });

  it.each<[string, string]>([
    [
      'in the envelope header',
      `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}\n${item('event', aSentryEvent())}`,
    ],
    [
      'in an item header',
      `{}\n{"__proto__":{"type":"session"},"type":"event","constructor":1}\n${JSON.stringify(aSentryEvent())}`,
    ],
    ['in the payload', `{}\n{"type":"event"}\n${polluting(aSentryEvent())}`],
    [
      'in sessions and reports',
      `{}\n{"type":"client_report"}\n{"__proto__":{"polluted":1},"discarded_events":[{"reason":"__proto__","category":"constructor","quantity":1}]}`,
    ],
  ])('with a key that could change what objects are, %s, is taken and changes none', async (_name, body) => {
    const { answer } = await outcomesOf(() => post(body));

    expect(answer.status).toBe(200);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

function polluting(event: SentryEventBody): string {
  const evil =
    '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":1,"toString":null';
  const tags = `{${evil},"os":"ios"}`;
  return JSON.stringify({ ...event, tags: 'TAGS', user: 'USER', contexts: 'TAGS', extra: 'TAGS' })
    .replaceAll('"TAGS"', tags)
    .replace('"USER"', `{${evil},"id":"c-1"}`)
    .replace('{', `{${evil},`);
}

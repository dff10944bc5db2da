import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ForwardQueue, MOST_BODIES, MOST_BYTES } from '../../src/intake/forward/forward.queue.js';
import { type ForwardedBody } from '../../src/intake/forward/old-place.js';
import { anErrorEnvelope } from '../support/envelopes.js';
import { eventually } from '../support/eventually.js';
import { aConfig } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send } from '../support/wire.js';

interface Taken {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let old: Server;
let came: Taken[];
let answer: (response: ServerResponse) => void;
let port = 0;
const open = async (at: number) => {
  old = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      came.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      answer(response);
    });
  });
  await new Promise<void>((done) => old.listen(at, '127.0.0.1', done));
  port = (old.address() as AddressInfo).port;
};
const away = async () => {
  old.closeAllConnections();
  await new Promise((done) => old.close(done));
};
const dsn = () => `http://oldsecretkey@127.0.0.1:${port}/sentry/7`;
beforeEach(async () => {
  came = [];
  answer = (response) => response.end('{}');
  await open(0);
});
afterEach(away);

describe('a project that forwards', () => {
  let forewarn: TestDaemon | undefined;
  afterEach(async () => {
    await forewarn?.stop();
    forewarn = undefined;
  });
  const until = (count: number) =>
    eventually(
      'all were forwarded',
      () => Promise.resolve(came.length),
      (is) => is === count,
    );

  it('relays the bytes of what it accepts with the old key, once, and nothing that it refuses', async () => {
    forewarn = await TestDaemon.start({ config: { projects: [{ slug: 'shop', name: 'Shop', forward: dsn() }] } });
    const { id, key } = await forewarn.project();
    const post = (body: Buffer | string, headers: Record<string, string> = {}) =>
      send(`${forewarn?.url}/api/${id}/envelope/?sentry_key=${key}`, { body, headers });
    const packed = gzipSync(anErrorEnvelope());
    expect((await post(packed, { 'content-encoding': 'gzip', 'user-agent': 'shop/1' })).status).toBe(200);
    expect((await post('not an envelope')).status).toBe(400);
    expect((await post(anErrorEnvelope(), { 'x-forewarn-forwarded': '1' })).status).toBe(200);
    const plain = Buffer.from(anErrorEnvelope());
    expect((await post(plain)).status).toBe(200);
    await until(2);

    expect(came.map(({ body }) => body.toString('hex')).sort()).toEqual(
      [packed, plain].map((body) => body.toString('hex')).sort(),
    );
    const first = came.find(({ body }) => body.equals(packed));
    expect(first).toMatchObject({
      url: '/sentry/api/7/envelope/',
      headers: { 'content-encoding': 'gzip', 'user-agent': 'shop/1', 'x-forwarded-for': '127.0.0.1' },
    });
    expect(first?.headers['x-sentry-auth']).toMatch(/sentry_key=oldsecretkey$/);
    const metrics = async () => String((await forewarn?.anyone.get('/metrics'))?.body);
    await eventually('both count', metrics, (text) =>
      text.includes('forewarn_forward_bodies_total{project="shop",result="sent"} 2'),
    );
    expect(await metrics()).not.toContain('oldsecretkey');
  });

  it('answers its apps while the old place hangs', async () => {
    answer = () => undefined;
    forewarn = await TestDaemon.start({ config: { projects: [{ slug: 'shop', name: 'Shop', forward: dsn() }] } });
    const { id, key } = await forewarn.project();
    for (let at = 0; at < 40; at++) {
      const body = anErrorEnvelope();
      expect((await send(`${forewarn.url}/api/${id}/envelope/?sentry_key=${key}`, { body })).status).toBe(200);
    }
    expect(came.length).toBeLessThanOrEqual(32);
    expect(String((await forewarn.anyone.get('/metrics')).body)).toContain(
      'forewarn_forward_waiting_bodies{project="shop"} 40',
    );
    await away();
    await open(0);
  });

  it('needs a DSN, and shows none in a problem', () => {
    for (const forward of ['https://sentry.example/4', 'https://sesame@sentry.example/x', 'sesame'])
      expect(() => aConfig({ projects: [{ slug: 'shop', name: 'Shop', forward }] })).toThrow(
        /^(?![^]*sesame)[^]*projects\.0\.forward: must be a DSN like/,
      );
  });
});

describe('what waits to be forwarded', () => {
  const ends: string[] = [];
  const troubles: string[] = [];
  let queue: ForwardQueue;
  beforeEach(() => {
    ends.length = troubles.length = 0;
    queue = new ForwardQueue(
      { base: `http://127.0.0.1:${port}`, projectId: '7', key: 'k' },
      { ended: (result) => ends.push(result), troubled: (code) => troubles.push(code) },
    );
  });
  afterEach(async () => {
    await queue.close(0);
  });
  const body = (text: string | Buffer): ForwardedBody => ({
    operation: 'envelope',
    contentType: undefined,
    encoding: undefined,
    userAgent: undefined,
    address: '192.0.2.1',
    receivedAt: 0,
    body: Buffer.from(text),
  });
  const all = (count: number) => Array.from({ length: count }, (_, at) => String(at));
  const ended = (count: number) =>
    eventually(
      'all have ended',
      () => Promise.resolve(ends.length),
      (is) => is === count,
    );

  it('comes whole to a place that refuses for a while, goes away, and comes back', async () => {
    answer = (response) => response.writeHead(came.length % 2 === 0 ? 429 : 503).end();
    for (const text of all(100)) queue.add(body(text));
    await eventually(
      'it was refused',
      () => Promise.resolve(troubles),
      (is) => is.length > 0,
    );
    await away();
    for (const text of all(200).slice(100)) queue.add(body(text));
    came = [];
    answer = (response) => response.end();
    await open(port);

    await ended(200);

    expect(came.map((one) => Number(one.body.toString())).sort((a, b) => a - b)).toEqual(all(200).map(Number));
    expect(new Set(ends)).toEqual(new Set(['sent']));
    expect(queue).toMatchObject({ waiting: 0, bytes: 0, oldest: undefined });
  });

  it('is dropped and counted beyond its bounds, and nothing below them', async () => {
    const held: ServerResponse[] = [];
    answer = (response) => held.push(response);
    for (const text of all(MOST_BODIES + 7)) queue.add(body(text));
    expect(ends).toEqual(Array.from({ length: 7 }, () => 'dropped'));
    expect(queue.waiting).toBe(MOST_BODIES);
    await eventually(
      'as many as may are under way',
      () => Promise.resolve(held.length),
      (is) => is === 32,
    );
    answer = (response) => response.end();
    for (const response of held) response.end();
    await eventually(
      'more went',
      () => Promise.resolve(ends.length),
      (is) => is >= 107,
    );
    expect(ends.filter((one) => one === 'dropped')).toHaveLength(7);
    const left = await queue.close(0);
    expect(ends.filter((one) => one === 'dropped')).toHaveLength(7 + left);
    expect(ends).toHaveLength(MOST_BODIES + 7);
  });

  it('takes no more bytes than its bound', () => {
    answer = (response) => response.destroy();
    queue.add(body(Buffer.alloc(MOST_BYTES)));
    queue.add(body('one byte more'));
    expect(ends.at(-1)).toBe('dropped');
  });

  it('is let go when the place will never take it, and the next goes on', async () => {
    answer = (response) => response.writeHead(came.length === 1 ? 413 : 200).end();
    queue.add(body('too large'));
    queue.add(body('fits'));

    await ended(2);

    expect(ends.toSorted()).toEqual(['refused', 'sent']);
  });
});

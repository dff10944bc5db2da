import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { TestDaemon } from '../support/test-daemon.js';

const NUL = 'a\0b';
const HALF = '\ud800';

/** Sends the head of a request and no byte of its body; resolves with the status line of the answer. */
async function headOnly(port: number, head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(head);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString().split('\r\n')[0] ?? '';
}

describe('a request to the API', () => {
  let forewarn: TestDaemon;
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'ok' });
  });
  afterAll(() => forewarn.stop());

  it('without a token is refused before a byte of its body comes', async () => {
    const head =
      'POST /v1/incidents HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 48000000\r\n\r\n';
    expect(await headOnly(forewarn.daemon.port, head)).toBe('HTTP/1.1 401 Unauthorized');
  });

  it('to no route is answered before a byte of its body comes', async () => {
    const head =
      'POST /v1/nothing HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 48000000\r\n\r\n';
    expect(await headOnly(forewarn.daemon.port, head)).toBe('HTTP/1.1 404 Not Found');
  });

  it('with a body of more than 1 MB is refused by its length', async () => {
    const head = `POST /v1/incidents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer admin-token-of-the-tests\r\ncontent-type: application/json\r\ncontent-length: 1048577\r\n\r\n`;
    expect(await headOnly(forewarn.daemon.port, head)).toBe('HTTP/1.1 413 Payload Too Large');
  });

  it.each([
    ['GET', '/v1/customers/%00', undefined],
    ['DELETE', '/v1/customers/%00', undefined],
    ['GET', '/v1/bot/explanations?customer=%00', undefined],
    ['PUT', '/v1/customers/a', { name: NUL }],
    ['PUT', '/v1/customers/a', { attributes: { a: HALF } }],
    ['PUT', '/v1/customers/a', { attributes: { [NUL]: 'a' } }],
    ['POST', '/v1/incidents', { project: 'shop', title: NUL }],
    ['PATCH', '/v1/incidents/1', { title: NUL }],
    ['PUT', '/v1/incidents/1/explanations/en', { title: NUL, body: 'b' }],
    ['POST', '/v1/silences', { project: 'shop', to: '2099-01-01T00:00:00Z', reason: NUL }],
  ])('%s %s with a text that no table can hold is 400 and names where (%j)', async (method, path, body) => {
    const answer = await forewarn.api.raw(method, path, {
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });

    const { errors } = answer.body as { errors?: { path: string }[] };
    expect([answer.status, errors?.[0]?.path]).toEqual([400, expect.any(String)]);
  });

  it('that is nested thousands of levels deep is 400', async () => {
    const answer = await forewarn.api.raw('POST', '/v1/incidents', {
      body: `{"project":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      headers: { 'content-type': 'application/json' },
    });

    expect(answer.status).toBe(400);
  });

  it('from Alertmanager with a NUL in a label is taken, since a refused one would be dropped with all its alerts', async () => {
    const alert = { status: 'firing', labels: { a: '\0' }, startsAt: '2026-01-01T00:00:00Z', fingerprint: 'f' };
    const answer = await forewarn.api.post('/hooks/alertmanager', { version: '4', groupKey: 'g', alerts: [alert] });

    expect(answer.status).toBe(204);
  });

  it('about a message whose id is no UUID is 404', async () => {
    const answer = await forewarn.api.post(`/v1/messages/${'-'.repeat(36)}/settle`, { sent: true });
    expect(answer.status).toBe(404);
  });
});

describe('an answer of the API', () => {
  let forewarn: TestDaemon;
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
  });
  afterAll(() => forewarn.stop());

  it.each(['/outbox', '/i/abcdefghijklmnop', '/v1/incidents', '/v1/customers/nobody', '/nothing', '/metrics'])(
    'at %s stays out of frames, caches and the logs of other sites',
    async (path) => {
      const { headers } = await forewarn.api.get(path);

      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('content-security-policy')).not.toContain('unsafe-inline');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    },
  );

  it('that asks for a token offers both schemes, a header each', async () => {
    const response = await fetch(`${forewarn.url}/outbox`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer, Basic realm="Forewarn", charset="UTF-8"');
  });
});

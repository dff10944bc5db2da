import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Projects } from '../../src/projects/project.registry.js';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { ApiClient, type ApiAnswer } from '../support/api-client.js';
import { anEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

const KEYS = '/v1/projects/1/keys';

describe('a key of a project', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
  });
  afterEach(() => forewarn.stop());

  it('of a server is shown when it is made and never again, and only its hash is kept', async () => {
    const made = await make({ kind: 'server', name: 'checkout' });
    expect(made).toMatchObject({ kind: 'server', name: 'checkout', revokedAt: null });
    expect(made.dsn).toBe(`http://${made.key}@localhost:${forewarn.daemon.port}/1`);

    const { items } = (await forewarn.api.get(KEYS)).body as { items: MadeKey[] };
    expect(items.find(({ kind }) => kind === 'public')).toMatchObject({ key: (await forewarn.project()).key });
    expect(items.find(({ id }) => id === made.id)).toMatchObject({ kind: 'server', key: null, dsn: null });
    const rows = await forewarn.rows<{ text: string }>('SELECT k::text AS text FROM project_key k');
    expect(rows.map(({ text }) => text).join()).not.toContain(made.key);
    expect((await send(made.key)).status).toBe(200);
  });

  it('works in the DSN of a Sentry SDK and for OTLP, too', async () => {
    const { key } = await make({ kind: 'server' });
    const envelope = `{}\n{"type":"event"}\n${JSON.stringify({ message: 'x' })}\n`;
    const sentry = await forewarn.anyone.raw('POST', `/api/1/envelope/?sentry_key=${key}`, { body: envelope });
    const otlp = await forewarn.anyone.raw('POST', '/otlp/v1/logs', {
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect([sentry.status, otlp.status]).toEqual([200, 200]);
  });

  it('that was revoked by hand in the database is refused ten seconds later, in every process', async () => {
    const second = await TestDaemon.start({ beside: forewarn });
    const { key } = await forewarn.project();
    expect([(await send(key)).status, (await send(key, second)).status]).toEqual([200, 200]);

    await forewarn.rows('UPDATE project_key SET revoked_at = now() WHERE public_key = $1', [key]);
    forewarn.clock.advance('10s');

    expect([(await send(key)).status, (await send(key, second)).status]).toEqual([403, 403]);
    await second.stop();
  });

  it('that was revoked through the API is refused at once, and is not replaced at the next start', async () => {
    const { key } = await forewarn.project();
    expect((await forewarn.api.delete(`${KEYS}/1`)).status).toBe(204);
    expect((await send(key)).status).toBe(403);
    expect((await forewarn.api.delete(`${KEYS}/1`)).status).toBe(404);

    await forewarn.daemon.app.get(Projects).sync();

    expect((await forewarn.api.get('/v1/projects')).body).toMatchObject({
      items: [{ slug: 'shop', key: null, dsn: null }],
    });
  });

  it('of a project that left the configuration is refused, and works when it is back', async () => {
    const { key } = await forewarn.project();
    const second = await TestDaemon.start({ beside: forewarn, config: { projects: [{ slug: 'bank', name: 'Bank' }] } });
    await second.stop();
    forewarn.clock.advance('10s');
    expect((await send(key)).status).toBe(403);

    await forewarn.daemon.app.get(Projects).sync();
    expect((await send(key)).status).toBe(200);
  });

  it('with origins is refused to pages of other origins, and one for signing opens nothing', async () => {
    const { key } = await make({ kind: 'public', origins: ['https://shop.example', 'https://*.shop.example'] });
    const from = (origin: string) => send(key, forewarn, { origin });
    expect((await from('https://shop.example')).status).toBe(200);
    expect((await from('https://www.shop.example')).status).toBe(200);
    expect((await from('https://shop.example.evil.example')).status).toBe(403);
    expect((await from('https://evilshop.example')).status).toBe(403);

    const signing = await make({ kind: 'signing' });
    expect(signing.dsn).toBeNull();
    expect((await send(signing.key)).status).toBe(403);
  });

  it('for signing exists twice at most, while the old one is changed for the new', async () => {
    await make({ kind: 'signing' });
    const { id } = await make({ kind: 'signing' });
    const third = await forewarn.api.post(KEYS, { kind: 'signing' });
    expect(third.status).toBe(409);
    expect(third.body).toMatchObject({ detail: expect.stringContaining('revoke the old one first') });

    await forewarn.api.delete(`${KEYS}/${id}`);
    expect((await forewarn.api.post(KEYS, { kind: 'signing' })).status).toBe(201);
  });

  it('that brings more events than its limit is answered 429 until there is room again, and each refusal is counted', async () => {
    const { key, id } = await make({ kind: 'server' });
    expect((await forewarn.api.patch(`${KEYS}/${id}`, { limits: { eventsPerMinute: 6 } })).body).toMatchObject({
      limits: { eventsPerMinute: 6, newIssuesPerHour: 1_000_000 },
    });
    // Taken whole, since nobody knows before reading how many there are.
    expect((await send(key, forewarn, {}, 12)).status).toBe(200);
    const refused = await send(key);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(refused.headers.get('x-sentry-rate-limits')).toBe('60:error;default;log_item:key:forewarn_limit');
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('limit') });
    expect(await outcomes()).toEqual({ accepted: 12, limited: 1 });

    forewarn.clock.advance('90s');
    expect((await send(key)).status).toBe(200);
  });

  it('pays for every activity of a request, and for every user that a list of sessions names', async () => {
    const { key, id } = await make({ kind: 'server' });
    await forewarn.api.patch(`${KEYS}/${id}`, { limits: { eventsPerMinute: 6 } });
    const post = (body: string, path = '/v1/activity') =>
      forewarn.anyone.raw('POST', path, { headers: { authorization: `Bearer ${key}` }, body });
    const lines = Array.from({ length: 12 }, (_, at) => `{"customer":"c-${at}"}`).join('\n');
    expect((await post(lines)).status).toBe(200);
    expect((await post('{"customer":"c-1"}')).status).toBe(429);

    forewarn.clock.advance('90s');
    const aggregates = Array.from({ length: 12 }, (_, at) => ({ did: `c-${at}`, exited: 1 }));
    const sessions = ['{}', '{"type":"sessions"}', JSON.stringify({ aggregates, attrs: { release: '1' } })].join('\n');
    expect((await post(sessions, `/api/1/envelope/?sentry_key=${key}`)).status).toBe(200);
    expect((await post('{"customer":"c-1"}')).status).toBe(429);
  });

  it('that is public has limits for each source, of which X-Forwarded-For says what the trusted proxy heard', async () => {
    const behind = await TestDaemon.start({ beside: forewarn, env: { TRUST_PROXY: '1' } });
    const { key } = await make({ kind: 'public', limits: { sourceEventsPerMinute: 2 } });
    await behind.daemon.app.get(Projects).load();
    const from = async (address: string) =>
      (await send(key, behind, { 'x-forwarded-for': `1.2.3.4, ${address}` })).status;
    expect([await from('203.0.113.1'), await from('203.0.113.1'), await from('203.0.113.1')]).toEqual([200, 200, 429]);
    expect(await from('203.0.113.2')).toBe(200);
    await behind.stop();
  });

  it('is made, changed and revoked by an administrator, and what is wrong changes nothing', async () => {
    const ops = new ApiClient(
      forewarn.url,
      await forewarn.daemon.app.get(TokenStore).create({ name: 'ann', role: 'ops' }),
    );
    expect((await ops.get(KEYS)).status).toBe(200);
    expect((await ops.post(KEYS, { kind: 'server' })).status).toBe(403);
    const before: unknown = (await forewarn.api.get(KEYS)).body;
    for (const wrong of [
      {},
      { kind: 'root' },
      { kind: 'server', origins: ['https://shop.example'] },
      { kind: 'public', origins: ['javascript:alert(1)'] },
      { kind: 'public', limits: { eventsPerMinute: 0 } },
      { kind: 'public', limits: { eventsPerSecond: 1 } },
      { kind: 'public', name: 'a\u0000b' },
    ])
      expect([wrong, (await forewarn.api.post(KEYS, wrong)).status]).toEqual([wrong, 400]);
    for (const path of ['/v1/projects/9/keys', '/v1/projects/x/keys'])
      expect((await forewarn.api.get(path)).status).toBe(404);
    expect((await forewarn.api.patch(`${KEYS}/99`, { name: 'x' })).status).toBe(404);
    expect((await forewarn.api.patch(`${KEYS}/1e9`, { name: 'x' })).status).toBe(404);
    expect((await forewarn.api.get(KEYS)).body).toEqual(before);
  });

  interface MadeKey {
    id: string;
    kind: string;
    key: string;
    dsn: string | null;
  }

  async function make(body: object): Promise<MadeKey> {
    const answer = await forewarn.api.post(KEYS, body);
    expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
    return answer.body as MadeKey;
  }

  function send(
    key: string,
    to: TestDaemon = forewarn,
    headers: Record<string, string> = {},
    events = 1,
  ): Promise<ApiAnswer> {
    const body = JSON.stringify(Array.from({ length: events }, () => anEvent()));
    return to.anyone.raw('POST', '/v1/events', { headers: { authorization: `Bearer ${key}`, ...headers }, body });
  }

  async function outcomes(): Promise<Record<string, number>> {
    await forewarn.runStage('outcome-flush');
    const rows = await forewarn.rows<{ outcome: string; n: number }>(
      'SELECT outcome, sum(count)::int AS n FROM intake_outcome GROUP BY 1',
    );
    return Object.fromEntries(rows.map(({ outcome, n }) => [outcome, n]));
  }
});

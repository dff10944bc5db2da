import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { ApiClient } from '../support/api-client.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('the audit trail', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
  });
  afterEach(() => forewarn.stop());
  const entries = async () =>
    ((await forewarn.api.get('/v1/audit')).body as { items: Record<string, unknown>[] }).items;

  it('names who changed what before the change is answered', async () => {
    const { headers } = await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'slow' });

    expect(await entries()).toEqual([
      expect.objectContaining({
        caller: 'admin',
        role: 'admin',
        method: 'POST',
        route: '/v1/incidents',
        status: 201,
        request: headers.get('x-request-id'),
      }),
    ]);
  });

  it('leaves out what only looks, and what was wrong and changed nothing', async () => {
    await forewarn.api.get('/v1/incidents');
    await forewarn.api.post('/v1/incidents', { project: 'nowhere', title: 'slow' });

    expect(await entries()).toEqual([]);
  });

  it('counts refusals of one minute that are alike in one row', async () => {
    const bot = await forewarn.daemon.app.get(TokenStore).create({ name: 'helper', role: 'bot' });
    for (let i = 0; i < 5; i++) await forewarn.anyone.get('/v1/incidents');
    await new ApiClient(forewarn.url, bot).get('/v1/incidents');
    await forewarn.runStage('audit-flush');

    const refused = (await entries()).map(({ caller, status, count }) => ({ caller, status, count }));
    expect(refused).toHaveLength(2);
    expect(refused).toContainEqual({ caller: null, status: 401, count: 5 });
    expect(refused).toContainEqual({ caller: 'helper', status: 403, count: 1 });
  });

  it('names a customer by a hash, so that it holds nothing that an erasure would have to find', async () => {
    await forewarn.api.put('/v1/customers/ada@example.com', { name: 'Ada' });

    const [entry] = await entries();
    const hash = createHash('sha256').update('ada@example.com').digest('hex').slice(0, 16);
    expect(entry?.['params']).toEqual({ externalId: hash });
  });

  it('is kept for 400 days', async () => {
    await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'slow' });
    forewarn.clock.advance('399d');
    await forewarn.runStage('audit-flush');
    expect(await entries()).toHaveLength(1);

    forewarn.clock.advance('2d');
    await forewarn.runStage('audit-flush');

    expect(await entries()).toEqual([]);
  });
});

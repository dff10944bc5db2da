import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { ApiClient } from '../support/api-client.js';
import { ADMIN_TOKEN, TestDaemon } from '../support/test-daemon.js';

describe('a token', () => {
  let forewarn: TestDaemon;
  let tokens: TokenStore;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
    tokens = forewarn.daemon.app.get(TokenStore);
  });
  afterEach(() => forewarn.stop());

  it('allows what its role allows, until it is revoked', async () => {
    const token = await tokens.create({ name: 'ann', role: 'ops' });
    expect(await status(token)).toBe(200);

    expect(await tokens.revoke('ann')).toBe(true);

    expect(await status(token)).toBe(401);
    expect(await tokens.revoke('ann')).toBe(false);
  });

  it('is stored only as a hash', async () => {
    const token = await tokens.create({ name: 'ann', role: 'ops' });

    const rows = await forewarn.rows<{ text: string }>('SELECT t::text AS text FROM api_token t');

    expect(rows[0]?.text).toContain('ann');
    expect(rows[0]?.text).not.toContain(token.slice(3));
  });

  it('allows nothing after it has expired', async () => {
    const expiresAt = new Date(forewarn.clock.now().getTime() + 60_000);
    const token = await tokens.create({ name: 'ann', role: 'ops', expiresAt });
    expect(await status(token)).toBe(200);

    forewarn.clock.advance('60s');

    expect(await status(token)).toBe(401);
  });

  it('is not created for a project that does not exist', async () => {
    await expect(tokens.create({ name: 'ann', role: 'ops', project: 'nowhere' })).rejects.toThrow(
      'There is no project "nowhere".',
    );
  });

  it('is replaced by a new token of the same name', async () => {
    const first = await tokens.create({ name: 'ann', role: 'ops' });
    const second = await tokens.create({ name: 'ann', role: 'agent' });

    expect([await status(first), await status(second)]).toEqual([401, 403]);
    expect(await tokens.list()).toEqual([expect.objectContaining({ name: 'ann', role: 'agent' })]);
  });

  it('shows when it was last used, to the minute', async () => {
    const token = await tokens.create({ name: 'ann', role: 'ops' });
    await status(token);
    forewarn.clock.advance('30s');
    await status(token);
    expect(await tokens.list()).toEqual([expect.objectContaining({ last_used_at: new Date('2026-03-10T12:00:00Z') })]);

    forewarn.clock.advance('2m');
    await status(token);

    expect(await tokens.list()).toEqual([expect.objectContaining({ last_used_at: new Date('2026-03-10T12:02:30Z') })]);
  });

  it('works as a browser password for reading, and never for changes', async () => {
    const basic = { authorization: `Basic ${Buffer.from(`x:${ADMIN_TOKEN}`).toString('base64')}` };

    expect((await forewarn.anyone.raw('GET', '/outbox', { headers: basic })).status).toBe(200);
    expect((await forewarn.anyone.raw('DELETE', '/v1/customers/c1', { headers: basic })).status).toBe(401);
  });

  async function status(token: string): Promise<number> {
    return (await new ApiClient(forewarn.url, token).get('/v1/projects')).status;
  }
});

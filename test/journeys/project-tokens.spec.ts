import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Access } from '../../src/platform/auth/access.js';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { ApiClient } from '../support/api-client.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('a token of one project', () => {
  let forewarn: TestDaemon;
  let shop: ApiClient;
  let bankIncident: string;
  let shopIncident: string;
  beforeAll(async () => {
    forewarn = await TestDaemon.start({
      config: {
        projects: [
          { slug: 'shop', name: 'Shop' },
          { slug: 'bank', name: 'Bank' },
        ],
      },
    });
    const token = await forewarn.daemon.app.get(TokenStore).create({ name: 'shop ops', role: 'ops', project: 'shop' });
    shop = new ApiClient(forewarn.url, token);
    const open = async (project: string) =>
      ((await forewarn.api.post('/v1/incidents', { project, title: `of the ${project}` })).body as { id: string }).id;
    bankIncident = await open('bank');
    shopIncident = await open('shop');
  });
  afterAll(() => forewarn.stop());

  it('sees the incidents of its project, and of no other', async () => {
    const { items } = (await shop.get('/v1/incidents')).body as { items: { title: string }[] };
    expect(items.map(({ title }) => title)).toEqual(['of the shop']);
    expect((await shop.get(`/v1/incidents/${shopIncident}`)).status).toBe(200);
    expect((await shop.get(`/v1/incidents/${bankIncident}`)).status).toBe(404);
    expect((await shop.patch(`/v1/incidents/${bankIncident}`, { status: 'resolved' })).status).toBe(404);
    expect((await shop.get('/v1/incidents?project=bank')).status).toBe(403);
  });

  it('tells a bot what is wrong in its project alone', async () => {
    const { items } = (await shop.get('/v1/bot/explanations')).body as { items: { incidentId: string }[] };
    expect(items.map(({ incidentId }) => incidentId)).toEqual([shopIncident]);
  });

  it('is refused by every route that does not keep to one project', async () => {
    const open = forewarn.daemon.app
      .get(Access)
      .list()
      .filter(({ need, scope }) => need !== 'public' && scope === undefined);
    expect(open.length).toBeGreaterThan(10);
    for (const { method, path } of open)
      expect([path, (await shop.raw(method, path.replace(/:\w+/g, '999999'))).status]).toEqual([path, 403]);
  });
});

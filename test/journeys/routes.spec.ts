import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Access, type RouteAccess } from '../../src/platform/auth/access.js';
import { covers, TOKEN_ROLES, type TokenRole } from '../../src/platform/auth/role.js';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { ApiClient } from '../support/api-client.js';
import { TestDaemon } from '../support/test-daemon.js';

/** Routes that need no token: the front page, health and metrics, the customer's own page (its link is the key), and signed webhooks. */
const PUBLIC = [
  'GET /',
  'GET /.well-known/oauth-protected-resource',
  'GET /.well-known/oauth-protected-resource/mcp',
  'GET /healthz',
  'GET /i/:token',
  'GET /i/:token/unsubscribe',
  'GET /inapp.js',
  'GET /metrics',
  'GET /openapi.json',
  'GET /readyz',
  'GET /v1/inapp',
  'GET /verify',
  'POST /hooks/email',
  'POST /hooks/twilio/inbound',
  'POST /hooks/twilio/status',
  'POST /i/:token/help',
  'POST /i/:token/helped',
  'POST /i/:token/pause',
  'POST /i/:token/preferences',
  'POST /i/:token/undo',
  'POST /i/:token/unsubscribe',
];

/** Routes by which bots and agents say that a customer made contact, and agents what became of it. */
const BY_BOTS = [
  'DELETE /v1/campaigns/:id/customers/:externalId',
  'PATCH /v1/contacts/:id',
  'PATCH /v1/hand-overs/:id',
  'POST /hooks/chatwoot',
  'POST /hooks/dialogflow',
  'POST /hooks/rasa/webhook',
  'POST /mcp',
  'POST /v1/bot/match',
  'POST /v1/bot/outcomes',
  'POST /v1/contacts',
  'POST /v1/hand-overs',
];

describe('every route', () => {
  let forewarn: TestDaemon;
  let clients: [TokenRole, ApiClient][];
  let routes: RouteAccess[];
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    const tokens = forewarn.daemon.app.get(TokenStore);
    clients = [];
    for (const role of TOKEN_ROLES)
      clients.push([role, new ApiClient(forewarn.url, await tokens.create({ name: role, role }))]);
    routes = forewarn.daemon.app.get(Access).list();
  });
  afterAll(() => forewarn.stop());

  it('refuses a caller without a token, or is on the list of public ones', async () => {
    expect(routes.length).toBeGreaterThan(25);
    const open = [];
    for (const { method, path } of routes) {
      const { status } = await forewarn.anyone.raw(method, fill(path));
      if (status !== 401) open.push(`${method} ${path}`);
    }

    expect(open.sort()).toEqual(PUBLIC);
  });

  it('lets in the roles that cover what it needs, and refuses the others', async () => {
    for (const { method, path, need } of routes) {
      if (need === 'public') continue;
      const answers = await Promise.all(
        clients.map(async ([role, client]) => ({ role, status: (await client.raw(method, fill(path))).status })),
      );
      const refused = answers.filter(({ status }) => status === 403).map(({ role }) => role);
      expect([method, path, refused]).toEqual([method, path, TOKEN_ROLES.filter((role) => !covers(role, need))]);
    }
  });

  it('that changes something is closed to bots and agents, but for answers, contacts, hand-overs and leaving a customer out', () => {
    const open = routes.filter(
      ({ method, need }) => method !== 'GET' && need !== 'public' && (covers('bot', need) || covers('agent', need)),
    );

    expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(BY_BOTS);
  });

  it('of another kind is closed to the roles alerts and directory', () => {
    const open = (role: TokenRole) =>
      routes
        .filter(({ need }) => need !== 'public' && covers(role, need))
        .map(({ method, path }) => `${method} ${path}`);

    expect(open('alerts')).toEqual(['POST /hooks/alertmanager']);
    expect(open('directory').every((route) => route.includes(' /v1/customers'))).toBe(true);
  });

  it('refuses a token that does not exist, and one that only looks like a project key', async () => {
    for (const token of ['fw_nobody', 'f'.repeat(32), ''])
      expect((await new ApiClient(forewarn.url, token).get('/v1/incidents')).status).toBe(401);
  });
});

function fill(path: string): string {
  return path.replace(/:\w+/g, '999999');
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PATH_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { TOKEN_ROLES, type TokenRole } from '../../src/platform/auth/role.js';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { ApiClient } from '../support/api-client.js';
import { TestDaemon } from '../support/test-daemon.js';

/** Routes that need no token: health and metrics, the customer's own page (its link is the key), and signed webhooks. */
const PUBLIC = [
  'GET /healthz',
  'GET /i/:token',
  'GET /metrics',
  'GET /openapi.json',
  'GET /readyz',
  'POST /hooks/twilio/status',
  'POST /i/:token/unsubscribe',
];

interface Route {
  readonly method: string;
  readonly path: string;
}

describe('every route', () => {
  let forewarn: TestDaemon;
  let clients: [TokenRole, ApiClient][];
  let routes: Route[];
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    const tokens = forewarn.daemon.app.get(TokenStore);
    clients = [];
    for (const role of TOKEN_ROLES) clients.push([role, new ApiClient(forewarn.url, await tokens.create(role, role))]);
    routes = routesOf(forewarn);
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

  it('lets a role in, and every stronger one, and refuses every weaker one', async () => {
    for (const { method, path } of routes) {
      if (PUBLIC.includes(`${method} ${path}`)) continue;
      const refused = [];
      for (const [, client] of clients) refused.push((await client.raw(method, fill(path))).status === 403);
      const weakest = refused.indexOf(false);
      expect([method, path, weakest]).not.toEqual([method, path, -1]);
      expect([method, path, refused]).toEqual([method, path, TOKEN_ROLES.map((_, at) => at < weakest)]);
    }
  });

  it('that changes something needs at least the role ops, but for what bots and agents report', async () => {
    const bot = clients[0]?.[1];
    const agent = clients[1]?.[1];
    const allowed = [];
    for (const { method, path } of routes) {
      if (method === 'GET' || PUBLIC.includes(`${method} ${path}`)) continue;
      for (const client of [bot, agent])
        if ((await client?.raw(method, fill(path)))?.status !== 403) allowed.push(`${method} ${path}`);
    }

    expect(allowed).toEqual([]);
  });

  it('refuses a token that does not exist, and one that only looks like a project key', async () => {
    for (const token of ['fw_nobody', 'f'.repeat(32), ''])
      expect((await new ApiClient(forewarn.url, token).get('/v1/incidents')).status).toBe(401);
  });
});

/** All handlers of all controllers, as Nest knows them. */
function routesOf(forewarn: TestDaemon): Route[] {
  const discovery = new DiscoveryService(forewarn.daemon.app.get(ModulesContainer));
  const scanner = new MetadataScanner();
  return discovery.getControllers().flatMap(({ metatype }) => {
    const prototype = (metatype as { prototype: Record<string, object> }).prototype;
    const prefix = String(Reflect.getMetadata(PATH_METADATA, metatype as object) ?? '');
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name] as object;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (method === undefined) return [];
      const path = `/${prefix}/${String(Reflect.getMetadata(PATH_METADATA, handler))}`.replace(/\/+/g, '/');
      return [{ method: RequestMethod[method], path: path.length > 1 ? path.replace(/\/$/, '') : path }];
    });
  });
}

function fill(path: string): string {
  return path.replace(/:\w+/g, '999999');
}

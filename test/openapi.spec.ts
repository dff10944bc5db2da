import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FastifyInstance } from 'fastify';
import { IntakeRoutes } from '../src/intake/http/intake.routes.js';
import { TOKEN_ROLES } from '../src/platform/auth/role.js';
import { TestDaemon } from './support/test-daemon.js';

interface Operation {
  operationId: string;
  summary?: string;
  security?: unknown[];
  'x-forewarn-role'?: string;
}

type PathItem = Record<string, Operation>;

describe('GET /openapi.json', () => {
  let forewarn: TestDaemon;
  let operations: Map<string, Operation>;
  let routes: string[];
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    const document = (await forewarn.anyone.get('/openapi.json')).body as { paths: Record<string, PathItem> };
    operations = new Map(
      Object.entries(document.paths).flatMap(([path, item]) =>
        Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
      ),
    );
    const hot = forewarn.daemon.app.get(IntakeRoutes).paths.map((path) => `POST ${path}`);
    routes = [...routesOf(forewarn.daemon.app.getHttpAdapter().getInstance()), ...hot];
  });
  afterAll(() => forewarn.stop());

  it('describes every route and nothing else', () => {
    expect(routes.length).toBeGreaterThan(30);
    expect([...operations.keys()].sort()).toEqual(routes.sort());
  });

  it('gives every operation a name of its own, words, and the role that it needs', () => {
    expect(new Set([...operations.values()].map((one) => one.operationId)).size).toBe(operations.size);
    const roles = [...TOKEN_ROLES, 'ingest', 'public'];
    for (const [route, { summary, 'x-forewarn-role': role }] of operations) {
      expect([route, typeof summary, roles.includes(role ?? '')]).toEqual([route, 'string', true]);
    }
  });

  it('says of every operation with a role that it needs a token, and the server holds to it', async () => {
    const guarded = [...operations].filter(([, { security }]) => JSON.stringify(security) === '[{"token":[]}]');
    expect(guarded.length).toBeGreaterThan(20);
    for (const [route] of guarded) {
      const [method = '', path = ''] = route.split(' ');
      const { status } = await forewarn.anyone.raw(method, path.replaceAll(/\{\w+\}/g, '1'));
      expect([route, status]).toEqual([route, 401]);
    }
  });
});

/**
 * Method and path of every route in the server's own tree, with parameters as OpenAPI writes them. HEAD and OPTIONS come with
 * another route.
 */
function routesOf(fastify: FastifyInstance): string[] {
  const parents: string[] = [];
  return fastify
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', path = '', methods = ''] = /^([^\w/]*)(\/\S*) \((.+)\)$/.exec(line) ?? [];
      if (path === '') return [];
      const depth = indent.length / 4;
      parents[depth] = (parents[depth - 1] ?? '') + path;
      const whole = (parents[depth] ?? '').replaceAll(/:(\w+)/g, '{$1}');
      return methods
        .split(', ')
        .filter((method) => method !== 'HEAD' && method !== 'OPTIONS')
        .map((method) => `${method} ${whole}`);
    });
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FastifyInstance } from 'fastify';
import { TestDaemon } from './support/test-daemon.js';

interface Operation {
  operationId: string;
  summary?: string;
  security?: unknown[];
  'x-forewarn-role'?: string;
}

describe('GET /openapi.json', () => {
  let forewarn: TestDaemon;
  let operations: Map<string, Operation>;
  let routes: string[];
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
    const { body } = await forewarn.anyone.get('/openapi.json');
    const paths = (body as { paths: Record<string, Record<string, Operation>> }).paths;
    operations = new Map(
      Object.entries(paths).flatMap(([path, item]) =>
        Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
      ),
    );
    routes = routesOf(forewarn.daemon.app.getHttpAdapter().getInstance<FastifyInstance>());
    console.log(JSON.stringify(body, null, 1).slice(0, 12000));
  });
  afterAll(() => forewarn.stop());

  it('describes every route', () => {
    expect(routes.length).toBeGreaterThan(30);
    expect([...operations.keys()].sort()).toEqual(routes.sort());
  });
});

/** Method and path of every route, with parameters as OpenAPI writes them; HEAD and OPTIONS come with another route. */
function routesOf(fastify: FastifyInstance): string[] {
  console.log(fastify.printRoutes({ commonPrefix: false }));
  return [];
}

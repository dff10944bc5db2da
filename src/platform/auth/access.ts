import { Injectable, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { notFound, Problem } from '../errors.js';
import { BASIC_TOO, type CheckedRequest, METADATA_AT, type Need, NEEDS } from './needs.js';
import { PublicUrl } from '../http/public-url.js';
import { ProjectScopes, SCOPE, type ScopeBy } from './project.scope.js';
import { covers } from './role.js';
import { TokenStore } from './token.store.js';

/** Who may call one route. */
export interface RouteAccess {
  readonly method: string;
  /** As registered, such as `/v1/incidents/:id`. */
  readonly path: string;
  readonly need: Need;
  /** True where basic auth may carry the token for writing, too. */
  readonly basicToo: boolean;
  /** How it keeps to the project of a token; undefined where a token of one project may not call it. */
  readonly scope: ScopeBy | undefined;
  /** Path that says how it is protected; undefined for most. */
  readonly metadataAt: string | undefined;
}

/** The other scheme by which a token may come, in a header of its own: Chrome takes no `Basic` out of a list. */
const BASIC = 'Basic realm="Forewarn", charset="UTF-8"';

/**
 * Checks each request before a byte of its body is read: `Authorization: Bearer TOKEN`, or for reading in a browser HTTP Basic with the
 * token as password. Knows every route from the decorators at its handler.
 */
@Injectable()
export class Access {
  private routes: ReadonlyMap<string, RouteAccess> | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly tokens: TokenStore,
    private readonly scopes: ProjectScopes,
    private readonly publicUrl: PublicUrl,
  ) {}

  /**
   * Every route of every controller.
   * @throws for a route that says neither `@Needs` nor `@Public`, so that none is open by oversight
   */
  list(): RouteAccess[] {
    const scanner = new MetadataScanner();
    return this.discovery.getControllers().flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const prototype = metatype.prototype as Record<string, object>;
      return scanner
        .getAllMethodNames(prototype)
        .flatMap((name) => routesOf(metatype, name, prototype[name] as object));
    });
  }

  /**
   * Lets a request pass, and notes who makes it.
   * @throws Problem 404 for a route that is not there, 401 without a working token, 403 where its role is not enough
   */
  async check(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const route = this.find(request);
    if (!route) throw new Problem(404, 'not-found', `There is nothing at ${request.method} ${pathOf(request)}.`);
    if (route.need === 'public') return;
    const token = tokenOf(request, route.basicToo);
    const caller = token === undefined ? undefined : await this.tokens.find(token);
    if (!caller) {
      void reply.header('www-authenticate', this.challenges(route));
      throw new Problem(
        401,
        'unauthorized',
        'This needs a token: send "Authorization: Bearer TOKEN". Make one with "forewarn token create".',
      );
    }
    (request as CheckedRequest).caller = caller;
    if (!covers(caller.role, route.need))
      throw new Problem(403, 'forbidden', `This needs a token with role ${route.need}; this one has ${caller.role}.`);
    if (caller.projectId !== null) await this.keepTo(caller.projectId, route, request);
  }

  private challenges({ metadataAt }: RouteAccess): string[] {
    const bearer =
      metadataAt === undefined ? 'Bearer' : `Bearer resource_metadata="${this.publicUrl.base}${metadataAt}"`;
    return [bearer, BASIC];
  }

  /** Keeps a token of one project to what belongs to it. What belongs to another is not there for it. */
  private async keepTo(projectId: number, { scope }: RouteAccess, request: FastifyRequest): Promise<void> {
    if (scope === undefined)
      throw new Problem(403, 'forbidden', 'This concerns all projects; this token is for one of them.');
    if (scope === 'query') {
      const query = request.query as { project?: unknown };
      const slug = this.scopes.slugOf(projectId);
      query.project ??= slug;
      if (query.project !== slug) throw new Problem(403, 'forbidden', `This token is for the project ${slug} alone.`);
      return;
    }
    const { id = '' } = request.params as { id?: string };
    if ((await this.scopes.projectOf(scope, id)) !== projectId) throw notFound(scope, id.slice(0, 40));
  }

  /** The route that a request is for; undefined when there is none. */
  find({ method, routeOptions }: FastifyRequest): RouteAccess | undefined {
    this.routes ??= new Map(this.list().map((route) => [`${route.method} ${route.path}`, route]));
    return this.routes.get(`${method === 'HEAD' ? 'GET' : method} ${routeOptions.url ?? ''}`);
  }
}

function routesOf(controller: object, name: string, handler: object): RouteAccess[] {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined) return [];
  const prefix = String(Reflect.getMetadata(PATH_METADATA, controller) ?? '');
  const path = `/${prefix}/${String(Reflect.getMetadata(PATH_METADATA, handler))}`.replace(/\/+/g, '/');
  const need = (Reflect.getMetadata(NEEDS, handler) ?? Reflect.getMetadata(NEEDS, controller)) as Need | undefined;
  if (need === undefined) throw new Error(`route ${name} at ${path} states no role`);
  return [
    {
      method: RequestMethod[method],
      path: path.length > 1 ? path.replace(/\/$/, '') : path,
      need,
      basicToo: Reflect.getMetadata(BASIC_TOO, handler) === true,
      scope: Reflect.getMetadata(SCOPE, handler) as ScopeBy | undefined,
      metadataAt: Reflect.getMetadata(METADATA_AT, controller) as string | undefined,
    },
  ];
}

function pathOf(request: FastifyRequest): string {
  return (request.url.split('?')[0] ?? '').slice(0, 200);
}

/** Basic is for reading only: a browser would send it along with a forged form, too. */
function tokenOf(request: FastifyRequest, basicToo: boolean): string | undefined {
  const header = request.headers.authorization ?? '';
  const space = header.indexOf(' ');
  const scheme = header.slice(0, space).toLowerCase();
  const value = header.slice(space + 1).trim();
  if (scheme === 'bearer') return value;
  if (scheme !== 'basic' || (!basicToo && request.method !== 'GET' && request.method !== 'HEAD')) return undefined;
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  return decoded.slice(decoded.indexOf(':') + 1);
}

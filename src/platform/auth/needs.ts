import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type Caller, type TokenRole } from './role.js';

/** The need of a route: a role of token, or nothing that we check before it runs. */
export type Need = TokenRole | 'public';

/** Metadata keys that `Access` reads off a handler or its controller. */
export const NEEDS = 'forewarn:needs';
export const BASIC_TOO = 'forewarn:basic-too';

export const METADATA_AT = 'forewarn:metadata-at';

/** A request whose token was checked. */
export type CheckedRequest = FastifyRequest & { caller?: Caller };

/** The extension by which the API description says what a route needs: a role of token, or `public`. */
export const ROLE_EXTENSION = 'x-forewarn-role';

/** The role of token that a route needs; `covers` says which roles include it. */
export const Needs = (role: TokenRole) => needs(role);

/**
 * Lets a route take the token as password of basic auth for writing, too: for senders that know nothing else. The route must take JSON
 * alone, which a forged form cannot send.
 */
export const BasicToo = () => SetMetadata(BASIC_TOO, true);

/** Names the path that says to clients how a route is protected (RFC 9728); a caller without a token is pointed to it. */
export const MetadataAt = (path: string) => SetMetadata(METADATA_AT, path);

/** A route without a token: it checks its own key, signature or link, or shows nothing that needs one. */
export const Public = () => needs('public');

function needs(need: Need) {
  return SetMetadata(NEEDS, need);
}

/** The caller of a route that has `@Needs`. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<CheckedRequest>().caller,
);

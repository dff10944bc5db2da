import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Problem } from '../errors.js';
import { type Caller, covers, type TokenRole } from './role.js';
import { TokenStore } from './token.store.js';

const NEEDS = 'forewarn:needs';
const BASIC_TOO = 'forewarn:basic-too';
type Need = TokenRole | 'public';
type AuthedRequest = FastifyRequest & { caller?: Caller };

/** The extension by which the API description says what a route needs: a role of token, or `public`. */
export const ROLE_EXTENSION = 'x-forewarn-role';

/** The weakest role of token that may call a route. */
export const Needs = (role: TokenRole) => needs(role);

/**
 * Lets a route take the token as password of basic auth for writing, too: for senders that know nothing else. The route must take JSON
 * alone, which a forged form cannot send.
 */
export const BasicToo = () => SetMetadata(BASIC_TOO, true);

/** A route without a token: it checks its own key, signature or link, or shows nothing that needs one. */
export const Public = () => needs('public');

function needs(need: Need) {
  return applyDecorators(SetMetadata(NEEDS, need), ApiExtension(ROLE_EXTENSION, need));
}

/** The caller of a route that has `@Needs`. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<AuthedRequest>().caller,
);

/**
 * Checks every route: `Authorization: Bearer TOKEN`, or for reading in a browser HTTP Basic with the token as password.
 * A route that says neither `@Needs` nor `@Public` is refused, so none is open by oversight.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenStore,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const need = this.reflector.getAllAndOverride<Need | undefined>(NEEDS, [context.getHandler(), context.getClass()]);
    if (need === 'public') return true;
    if (need === undefined)
      throw new Error(`route ${context.getClass().name}.${context.getHandler().name} states no role`);
    const request = context.switchToHttp().getRequest<AuthedRequest>();
    const basicToo = this.reflector.get<boolean | undefined>(BASIC_TOO, context.getHandler()) === true;
    const token = tokenOf(request, basicToo);
    const caller = token === undefined ? undefined : await this.tokens.find(token);
    if (!caller) {
      void context
        .switchToHttp()
        .getResponse<FastifyReply>()
        .header('www-authenticate', 'Basic realm="Forewarn", Bearer');
      throw new Problem(
        401,
        'unauthorized',
        'This needs a token: send "Authorization: Bearer TOKEN". Make one with "forewarn token create".',
      );
    }
    if (!covers(caller.role, need))
      throw new Problem(403, 'forbidden', `This needs a token with role ${need}; this one has ${caller.role}.`);
    request.caller = caller;
    return true;
  }
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

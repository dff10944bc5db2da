import { type ServerResponse } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { Problem } from '../errors.js';

/**
 * Hands a handler an AbortSignal that aborts when the client hangs up before it has its answer. For requests that may take seconds: with
 * `database.until(signal)` their statements end with it.
 */
export const HungUp = createParamDecorator((_: unknown, context: ExecutionContext) =>
  hangUpOf(context.switchToHttp().getResponse<FastifyReply>().raw),
);

function hangUpOf(response: ServerResponse): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort(new Problem(499, 'client-gone', 'The client hung up.'));
  });
  return abort.signal;
}

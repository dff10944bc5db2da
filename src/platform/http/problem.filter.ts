import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { isDatabaseAway } from '../db/pg-error.js';
import { Problem } from '../errors.js';
import { LOGGER, type Logger } from '../logging/logger.js';

/** Answers every error as RFC 9457 problem details. Only faults of ours are logged as errors. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = this.problemOf(error, request);
    if (problem.status === 503) void reply.header('retry-after', '5');
    void reply
      .status(problem.status)
      .header('content-type', 'application/problem+json')
      .send({
        type: `urn:forewarn:problem:${problem.code}`,
        title: titleOf(problem.code),
        status: problem.status,
        detail: problem.message,
        ...(problem.errors.length > 0 && { errors: problem.errors }),
        ...problem.members,
      });
  }

  private problemOf(error: unknown, request: FastifyRequest): Problem {
    if (error instanceof Problem) return error;
    const status = error instanceof HttpException ? error.getStatus() : statusOfFastify(error);
    if (status !== undefined && status < 500)
      return new Problem(status, codeOf(status), clientText(error, status, request));
    if (isDatabaseAway(error)) {
      this.logger.warn({ err: error, request: request.id }, 'the database is away');
      return new Problem(503, 'unavailable', 'The database cannot be reached right now. Try again in a few seconds.');
    }
    this.logger.error({ err: error, request: request.id, route: request.routeOptions?.url }, 'a request failed');
    return new Problem(500, 'internal', 'Something went wrong on our side. The log has the details.');
  }
}

/** Fastify's own errors (bad JSON, body too large, wrong content type) carry `statusCode` and a code `FST_…`. */
function statusOfFastify(error: unknown): number | undefined {
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  return typeof statusCode === 'number' && typeof code === 'string' ? statusCode : undefined;
}

function clientText(error: unknown, status: number, request: FastifyRequest): string {
  if (status === 404) return `There is nothing at ${request.method} ${request.url.split('?')[0]}.`;
  return error instanceof Error ? error.message : 'The request was refused.';
}

function codeOf(status: number): string {
  const known: Record<number, string> = {
    400: 'bad-request',
    404: 'not-found',
    405: 'method-not-allowed',
    413: 'too-large',
    415: 'unsupported-media-type',
  };
  return known[status] ?? 'refused';
}

function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

import { Inject, Injectable } from '@nestjs/common';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Clock } from '../platform/clock.js';
import { isDatabaseAway } from '../platform/db/database.js';
import { Problem } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { type IntakeReply, type IntakeRequest, Refusal } from './intake-reply.js';
import { NativeIntake } from './native.intake.js';
import { OtlpIntake } from './otlp.intake.js';
import { OutcomeCounter } from './outcome.counter.js';
import { refused, SentryIntake } from './sentry.intake.js';

/** Largest body on the wire, bytes, as Sentry's own limit for a compressed envelope. */
const MAX_WIRE_BODY = 20 * 1024 * 1024;
/** What browser SDKs need to post across origins and to read the limits in the answer (Sentry Relay, middlewares/cors.rs). */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-sentry-error, x-sentry-rate-limits, retry-after',
} as const;
const PREFLIGHT = {
  ...CORS,
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers':
    'x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, authorization, content-encoding, transfer-encoding, sentry-trace, baggage',
  'access-control-max-age': '3600',
} as const;

/** Where a request keeps the content type that it came with. */
const SENT_TYPE = 'sentContentType';

type Handler = (request: IntakeRequest) => Promise<IntakeReply>;
/** How a protocol words a refusal. */
type Wording = (request: IntakeRequest, reply: IntakeReply) => IntakeReply;

/**
 * The hot paths, straight on Fastify in a scope of their own, where every content type (and none) is raw bytes.
 * They check project keys instead of tokens.
 */
@Injectable()
export class IntakeRoutes {
  constructor(
    private readonly sentry: SentryIntake,
    private readonly native: NativeIntake,
    private readonly otlp: OtlpIntake,
    private readonly outcomes: OutcomeCounter,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Adds the routes to the server; call before it listens. */
  async mount(fastify: FastifyInstance): Promise<void> {
    await fastify.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.decorateRequest(SENT_TYPE, '');
      scope.addHook('onRequest', (request, _reply, done) => {
        keepSentType(request);
        done();
      });
      scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_WIRE_BODY }, (_request, body, done) =>
        done(null, body),
      );
      scope.setErrorHandler((error, _request, reply) => this.fail(error, reply));
      this.post(scope, '/api/:projectId/envelope', (request) => this.sentry.envelope(request));
      this.post(scope, '/api/:projectId/store', (request) => this.sentry.store(request));
      this.post(scope, '/v1/events', (request) => this.native.events(request));
      for (const signal of ['logs', 'traces'] as const) {
        const worded: Wording = (request, reply) => this.otlp.refusal(request, reply);
        this.post(scope, `/otlp/v1/${signal}`, (request) => this.otlp.export(signal, request), worded);
      }
    });
  }

  private post(
    scope: FastifyInstance,
    path: string,
    handle: Handler,
    word: Wording = (_request, reply) => reply,
  ): void {
    scope.post(path, { bodyLimit: MAX_WIRE_BODY }, async (request, reply) =>
      this.answer(reply, await this.run(handle, word, request)),
    );
    scope.options(path, async (_request, reply) => reply.status(204).headers(PREFLIGHT).send());
  }

  private async run(handle: Handler, word: Wording, request: FastifyRequest): Promise<IntakeReply> {
    const read = this.read(request);
    try {
      return await handle(read);
    } catch (error) {
      return word(read, this.refuse(error));
    }
  }

  private read(request: FastifyRequest): IntakeRequest {
    const { projectId } = request.params as { projectId?: string };
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const query = request.query as Record<string, unknown>;
    const sentType = (request as unknown as Record<typeof SENT_TYPE, string>)[SENT_TYPE];
    const headers = { ...request.headers, 'content-type': sentType };
    return { projectId, query, headers, body, receivedAt: this.clock.now().getTime() };
  }

  /** A refusal is counted once and answered; a fault of ours is 503, so that nobody takes it for accepted. */
  private refuse(error: unknown): IntakeReply {
    if (error instanceof Refusal) {
      this.outcomes.count(error.projectId, error.outcome);
      return refused(error.status, error.message);
    }
    this.outcomes.count(0, 'unavailable');
    // While the database is away the buffer has said so, once a batch.
    if (!(error instanceof Problem) && !isDatabaseAway(error))
      this.logger.error({ err: error }, 'intake could not commit');
    return {
      ...refused(503, 'the events could not be stored; send them again later'),
      headers: { 'retry-after': '5' },
    };
  }

  private answer(reply: FastifyReply, { status, body, headers }: IntakeReply): FastifyReply {
    return reply
      .status(status)
      .headers(CORS)
      .type('application/json')
      .headers(headers ?? {})
      .send(body);
  }

  /** What Fastify refuses before a handler runs: a body over the limit, or one that breaks off. */
  private fail(error: unknown, reply: FastifyReply): void {
    const { statusCode = 500, message = '' } = error as { statusCode?: number; message?: string };
    if (statusCode >= 500) return void this.answer(reply, this.refuse(error));
    this.outcomes.count(0, statusCode === 413 ? 'too_large' : 'malformed');
    void this.answer(reply, refused(statusCode, message));
  }
}

/** Fastify refuses content types that it cannot read, and SDKs send none, empty and odd ones: it gets to see one type only. */
function keepSentType(request: FastifyRequest): void {
  (request as unknown as Record<typeof SENT_TYPE, string>)[SENT_TYPE] = request.headers['content-type'] ?? '';
  request.headers['content-type'] = 'application/octet-stream';
}

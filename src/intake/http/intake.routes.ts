import { type IncomingMessage, type ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Settings } from '../../platform/config/settings.js';
import { isDatabaseAway } from '../../platform/db/pg-error.js';
import { Problem } from '../../platform/errors.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { BodyReaders } from '../reader/body.readers.js';
import { type SentBody } from '../reader/body-summary.js';
import { headerText, type IntakeReply, type IntakeRequest, Refusal } from './intake-reply.js';
import { NativeIntake } from './native.intake.js';
import { OtlpIntake } from './otlp.intake.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';
import { RequestBodies } from './request.bodies.js';
import { RequestTurns } from './request.turns.js';
import { refused, SentryIntake } from './sentry.intake.js';
import { sourceAddress } from './source-address.js';

/** What browser SDKs need to post across origins and to read the limits in the answer (Sentry Relay, middlewares/cors.rs). */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-sentry-error, x-sentry-rate-limits, retry-after',
} as const;
/** The headers of an answer that has no others, but for the length that follows. */
const PLAIN = [...Object.entries(CORS).flat(), 'content-type', 'application/json', 'content-length'];
const PREFLIGHT = {
  ...CORS,
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers':
    'x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, authorization, content-encoding, transfer-encoding, sentry-trace, baggage',
  'access-control-max-age': '3600',
} as const;

const RETRY = { 'retry-after': '5' } as const;

/** `/api/{projectId}/envelope/` and `/store/`; a DSN may carry a path prefix, which a reverse proxy may leave in place. */
const SENTRY = /^(?:\/.*)?\/api\/([^/]+)\/(envelope|store)\/?$/;

type Handler = (request: IntakeRequest) => Promise<IntakeReply>;
/** How a protocol words a refusal. */
type Wording = (request: IntakeRequest, reply: IntakeReply) => IntakeReply;

/** What takes the requests of one path. */
interface Route {
  readonly handle: Handler;
  readonly word?: Wording;
  readonly projectId?: string;
  /** Of the Sentry protocol. */
  readonly kind?: SentBody['kind'];
}

/**
 * The hot paths, straight on `node:http` before the web framework, whose parsing, hooks and replies every event would pay for: every content type, and none, is raw bytes. They check project keys instead of tokens.
 */
@Injectable()
export class IntakeRoutes {
  private readonly sentryPaths: Readonly<Record<SentBody['kind'], Handler>>;
  private readonly otherPaths: Readonly<Record<string, Route | undefined>>;

  constructor(
    sentry: SentryIntake,
    native: NativeIntake,
    otlp: OtlpIntake,
    private readonly outcomes: OutcomeCounter,
    private readonly bodies: RequestBodies,
    private readonly turns: RequestTurns,
    private readonly readers: BodyReaders,
    private readonly clock: Clock,
    private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const word: Wording = (request, reply) => otlp.refusal(request, reply);
    this.sentryPaths = {
      envelope: (request) => sentry.envelope(request),
      store: (request) => sentry.store(request),
    };
    this.otherPaths = {
      '/v1/events': { handle: (request) => native.events(request) },
      '/otlp/v1/logs': { handle: (request) => otlp.export('logs', request), word },
      '/otlp/v1/traces': { handle: (request) => otlp.export('traces', request), word },
    };
  }

  /** All paths, as OpenAPI writes them; each takes POST, and OPTIONS from browsers. */
  get paths(): string[] {
    return [
      ...Object.keys(this.sentryPaths).map((kind) => `/api/{projectId}/${kind}`),
      ...Object.keys(this.otherPaths),
    ];
  }

  /** Takes a request of intake; false leaves any other to the framework. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'POST' && request.method !== 'OPTIONS') return false;
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    const route = this.routeOf(mark < 0 ? url : url.slice(0, mark));
    if (!route) return false;
    if (request.method === 'OPTIONS') {
      request.resume();
      response.writeHead(204, PREFLIGHT).end();
    } else {
      this.answer(request, response, route, mark < 0 ? '' : url.slice(mark + 1)).catch((error: unknown) => {
        this.logger.error({ err: error }, 'a request of intake could not be answered');
        response.destroy();
      });
    }
    return true;
  }

  private routeOf(path: string): Route | undefined {
    const sentry = SENTRY.exec(path);
    if (sentry) {
      const kind = sentry[2] as SentBody['kind'];
      return { handle: this.sentryPaths[kind], projectId: sentry[1], kind };
    }
    return this.otherPaths[path.endsWith('/') ? path.slice(0, -1) : path];
  }

  private async answer(request: IncomingMessage, response: ServerResponse, route: Route, query: string): Promise<void> {
    const { headers } = request;
    const read = await this.bodies.read(request);
    const receivedAt = this.clock.now().getTime();
    const summary =
      read.ok && route.kind
        ? await this.readers.summary({
            kind: route.kind,
            encoding: headerText(headers['content-encoding']),
            receivedAt,
            body: read.body,
          })
        : undefined;
    const parameters = query === '' ? {} : parse(query);
    if (!summary) {
      const sender =
        route.projectId ?? senderOf(parameters.sentry_key ?? headers['x-sentry-auth'] ?? headers.authorization);
      await this.turns.next(read.ok ? read.body.length : 0, sender);
    }
    if (read.ok) this.bodies.release(read.body);
    const taken: IntakeRequest = {
      projectId: route.projectId,
      query: parameters,
      headers,
      body: read.ok ? read.body : Buffer.alloc(0),
      address: sourceAddress(
        request.socket.remoteAddress,
        headerText(headers['x-forwarded-for']),
        this.settings.trustProxy,
      ),
      receivedAt,
      summary,
    };
    const reply = await this.run(
      route,
      taken,
      read.ok ? undefined : new Refusal(read.status, read.outcome, read.reason),
    );
    // What a client goes on sending nobody reads.
    send(response, read.ok ? reply : { ...reply, headers: { ...reply.headers, connection: 'close' } });
  }

  private async run({ handle, word }: Route, request: IntakeRequest, refusal?: Refusal): Promise<IntakeReply> {
    try {
      if (refusal) throw refusal;
      return await handle(request);
    } catch (error) {
      const reply = this.refuse(error);
      return word ? word(request, reply) : reply;
    }
  }

  /** A refusal is counted once and answered; a fault of ours is 503, so that nobody takes it for accepted. */
  private refuse(error: unknown): IntakeReply {
    if (error instanceof Refusal) {
      this.outcomes.count(error.projectId, error.outcome);
      const reply = refused(error.status, error.message);
      if (error.status === 429) return { ...reply, headers: { ...reply.headers, ...later(error.retryAfter) } };
      return error.status === 503 ? { ...reply, headers: RETRY } : reply;
    }
    this.outcomes.count(0, 'unavailable');
    // While the database is away the buffer has said so, once a batch.
    if (!(error instanceof Problem) && !isDatabaseAway(error))
      this.logger.error({ err: error }, 'intake could not commit');
    return {
      ...refused(503, 'the events could not be stored; send them again later'),
      headers: RETRY,
    };
  }
}

/** What SDKs heed: the first keeps errors back and lets sessions pass (Sentry Relay, X-Sentry-Rate-Limits), the second is HTTP's own. */
function later(seconds: number): Record<string, string> {
  return {
    'x-sentry-rate-limits': `${seconds}:error;default;log_item:key:forewarn_limit`,
    'retry-after': String(seconds),
  };
}

/** Whom a request is from as far as it says, before its key is checked: enough to let senders take turns. */
function senderOf(key: string | string[] | undefined): string {
  return headerText(key) ?? '';
}

function send(response: ServerResponse, { status, body, headers }: IntakeReply): void {
  const payload = Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const length = String(Buffer.byteLength(payload));
  // As a list, names and values in turn, they go out without being copied into an object first.
  const list = headers
    ? Object.entries({ ...CORS, 'content-type': 'application/json', 'content-length': length, ...headers }).flat()
    : [...PLAIN, length];
  response.writeHead(status, list).end(payload);
}

import { type IncomingMessage, type ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { Inject, Injectable } from '@nestjs/common';
import { type Reply } from '../../events/protocol.js';
import { type ProtocolRoute, ROUTES } from '../../events/protocols.js';
import { Clock } from '../../platform/clock.js';
import { Settings } from '../../platform/config/settings.js';
import { isDatabaseAway } from '../../platform/db/pg-error.js';
import { Problem } from '../../platform/errors.js';
import { RequestMeter } from '../../platform/http/request-meter.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';
import { headerText, type IntakeRequest, Refusal } from './intake-request.js';
import { Intake } from './intake.service.js';
import { RequestBodies } from './request.bodies.js';
import { type Queued } from './request.turns.js';
import { sourceAddress } from './source-address.js';

/** Headers that browser SDKs need to post across origins and to read the limits in the answer (Sentry Relay, middlewares/cors.rs). */
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

/** How a route is told from its path: fixed paths by a look-up, those with a project id by a pattern. */
interface Pattern {
  readonly route: ProtocolRoute;
  readonly pattern: RegExp;
}

/** A request's route with what its path says. */
interface Found {
  readonly route: ProtocolRoute;
  readonly projectId?: string;
}

/**
 * The hot paths, straight on `node:http` before the web framework, whose parsing, hooks and replies every event would pay for: every content
 * type, and none, is raw bytes. They check project keys instead of tokens.
 */
@Injectable()
export class IntakeRoutes {
  private readonly fixed = new Map(ROUTES.filter(isFixed).map((route) => [route.path, route]));
  private readonly patterns = ROUTES.filter((route) => !isFixed(route)).map(patternOf);

  constructor(
    private readonly intake: Intake,
    private readonly outcomes: OutcomeCounter,
    private readonly bodies: RequestBodies,
    private readonly clock: Clock,
    private readonly settings: Settings,
    private readonly meter: RequestMeter,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** All paths, as OpenAPI writes them; each takes POST, and OPTIONS from browsers. */
  get paths(): string[] {
    return ROUTES.map(({ path }) => path);
  }

  /** Takes a request of intake; false leaves any other to the framework. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'POST' && request.method !== 'OPTIONS') return false;
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    const found = this.find(mark < 0 ? url : url.slice(0, mark));
    if (!found) return false;
    const began = performance.now();
    if (request.method === 'OPTIONS') {
      request.resume();
      response.writeHead(204, PREFLIGHT).end();
      this.note(request, found, 204, began);
    } else {
      this.answer(request, response, found, mark < 0 ? '' : url.slice(mark + 1), began).catch((error: unknown) => {
        this.logger.error({ err: error }, 'a request of intake could not be answered');
        response.destroy();
      });
    }
    return true;
  }

  private note({ method = '' }: IncomingMessage, { route }: Found, status: number, began: number): void {
    this.meter.note({ method, route: route.path, status, seconds: (performance.now() - began) / 1000 });
  }

  private find(path: string): Found | undefined {
    for (const { route, pattern } of this.patterns) {
      const match = pattern.exec(path);
      if (match) return { route, projectId: match[1] };
    }
    const route = this.fixed.get(path.endsWith('/') ? path.slice(0, -1) : path);
    return route && { route };
  }

  /** Answers a request; the key is looked at before the body is read, where it does not stand in the body. */
  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    found: Found,
    query: string,
    began: number,
  ): Promise<void> {
    const { headers } = request;
    const forwarded = headerText(headers['x-forwarded-for']);
    const address = sourceAddress(request.socket.remoteAddress, forwarded, this.settings.trustProxy);
    const { route, projectId } = found;
    const taken = { route, projectId, query: query === '' ? {} : parse(query), headers, address, receivedAt: 0 };
    let reply: Reply;
    try {
      const admitted = this.intake.admit(taken);
      const sender = admitted instanceof Promise ? await admitted : admitted;
      const body = await this.bodies.read(request);
      reply = body.ok
        ? await this.intake.take(
            { ...taken, receivedAt: this.clock.now().getTime() },
            sender,
            body.body,
            queuedAs(taken),
          )
        : closing(this.refuse(taken, new Refusal(body.status, body.outcome, body.reason, sender?.id)));
    } catch (error) {
      // Of a request that is refused before its body is there, the body is let go as it comes.
      request.resume();
      reply = this.refuse(taken, error);
    }
    send(response, reply);
    this.note(request, found, reply.status, began);
  }

  /** A refusal is counted once and answered; a fault of ours is 503, so that nobody takes it for accepted. */
  private refuse({ route, headers }: IntakeRequest, error: unknown): Reply {
    // An id that leads from the answer to the line in the log; no other answer of intake needs one.
    const id = error instanceof Refusal ? undefined : this.clock.token(12);
    const refusal = error instanceof Refusal ? error : this.unavailable(error, id ?? '');
    const { status, outcome, projectId, message, retryAfter } = refusal;
    this.outcomes.count(projectId, outcome);
    const reply = route.protocol.refuse(headerText(headers['content-type']), status, message);
    if (status === 429) return { ...reply, headers: { ...reply.headers, ...later(retryAfter) } };
    const traced = id !== undefined && { 'x-request-id': id };
    return status === 503 ? { ...reply, headers: { ...reply.headers, ...RETRY, ...traced } } : reply;
  }

  private unavailable(error: unknown, request: string): Refusal {
    // While the database is away the buffer has said so, once a batch.
    if (!(error instanceof Problem) && !isDatabaseAway(error))
      this.logger.error({ err: error, request }, 'intake could not commit');
    return new Refusal(503, 'unavailable', 'the events could not be stored; send them again later');
  }
}

/** Headers that SDKs heed: the first keeps errors back and lets sessions pass (Sentry Relay, X-Sentry-Rate-Limits), the second is HTTP's own. */
function later(seconds: number): Record<string, string> {
  return {
    'x-sentry-rate-limits': `${seconds}:error;default;log_item:key:forewarn_limit`,
    'retry-after': String(seconds),
  };
}

/** An answer to a request of which nobody reads the rest. */
function closing(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, connection: 'close' } };
}

function isFixed({ path, prefixed }: ProtocolRoute): boolean {
  return !prefixed && !path.includes('{');
}

function patternOf(route: ProtocolRoute): Pattern {
  const path = route.path.replace('{projectId}', '([^/]+)');
  return { route, pattern: new RegExp(`^${route.prefixed ? '(?:/.*)?' : ''}${path}/?$`) };
}

/** Whom a request is from as far as it says, before its key is checked: enough to let senders take turns. */
function queuedAs({ projectId, query, headers, address }: IntakeRequest): Queued {
  const key = (query.sentry_key as string | string[] | undefined) ?? headers['x-sentry-auth'] ?? headers.authorization;
  return { lane: projectId ?? headerText(key) ?? '', sender: address };
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  const payload = Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const length = String(Buffer.byteLength(payload));
  // As a list, names and values in turn, they go out without being copied into an object first.
  const list = headers
    ? Object.entries({ ...CORS, 'content-type': 'application/json', 'content-length': length, ...headers }).flat()
    : [...PLAIN, length];
  response.writeHead(status, list).end(payload);
}

import { METHODS } from 'node:http';
import { type FastifyInstance } from 'fastify';
import { type Metrics } from '../metrics.js';

/** Bounds of the histogram, seconds: a hot path answers within the first, a person waits no longer than the last but one. */
const SECONDS = [0.01, 0.05, 0.25, 1, 5, 30];
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** An answered request. */
export interface Answered {
  readonly method: string;
  /** Pattern of the route, such as `/v1/incidents/:id`; undefined where there is none. Never a path, which strangers choose. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

/** Counts every request and how long it took until its answer was out, by labels that nobody outside can make more of. */
export class RequestMeter {
  private readonly seconds;

  constructor(metrics: Metrics) {
    this.seconds = metrics.histogram(
      'http_request_seconds',
      'Requests by route, method and class of the status, and the time until their answer was out.',
      ['route', 'method', 'status'],
      SECONDS,
    );
  }

  /** Counts one. */
  note({ method, route = 'none', status, seconds }: Answered): void {
    const known = KNOWN_METHODS.has(method) && route !== 'none' ? method : 'other';
    this.seconds.observe({ route, method: known, status: `${Math.floor(status / 100)}xx` }, seconds);
  }

  /** Counts every request that the framework answers. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onResponse', (request, reply, done) => {
      const { method, is404, routeOptions } = request;
      const route = is404 ? undefined : routeOptions.url;
      this.note({ method, route, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
      done();
    });
  }
}

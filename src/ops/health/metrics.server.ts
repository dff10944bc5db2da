import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { StartError } from '../../platform/errors.js';
import { Metrics } from '../../platform/metrics.js';

/** Serves `/metrics`, and nothing else, on a port of its own where `METRICS_PORT` names one. */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnModuleDestroy {
  private server: Server | undefined;

  constructor(
    private readonly metrics: Metrics,
    @Inject(Settings) private readonly settings: Settings,
  ) {}

  /** @throws StartError when the port is taken */
  async onApplicationBootstrap(): Promise<void> {
    const { metricsPort, host } = this.settings;
    if (metricsPort === undefined) return;
    this.server = createServer((request, response) => this.answer(request, response)).listen(metricsPort, host);
    await once(this.server, 'listening').catch(() => {
      throw new StartError(`METRICS_PORT is ${metricsPort}, which is taken or not to be had. Set it to a free one.`);
    });
  }

  onModuleDestroy(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  /** The port that it got; undefined when it does not listen. */
  get port(): number | undefined {
    const address = this.server?.address();
    return typeof address === 'object' ? address?.port : undefined;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const { registry } = this.metrics;
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  }
}

import { Controller, Get, Header, HttpCode, Inject } from '@nestjs/common';
import { z } from 'zod';
import { Public } from '../../platform/auth/needs.js';
import { Settings } from '../../platform/config/settings.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { Answers, AnswersText } from '../../platform/http/answers.js';
import { Metrics } from '../../platform/metrics.js';

const alive = z.object({ status: z.literal('ok') });
const ready = z.object({ status: z.literal('ready') });

/** `GET /healthz`, `/readyz`, `/metrics`. */
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    @Inject(Settings) private readonly settings: Settings,
  ) {
    metrics.gauge('database_up', 'Whether PostgreSQL answers.', [], async (gauge) =>
      gauge.set((await this.answers()) ? 1 : 0),
    );
  }

  /** The process lives; says nothing about what it depends on, so that a database restart does not restart it too. */
  @Get('healthz')
  @Answers('Say whether the process runs', alive)
  @Public()
  @HttpCode(200)
  healthz(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The process can do its work now. */
  @Get('readyz')
  @Answers('Say whether it can take work now', ready)
  @Public()
  async readyz(): Promise<{ status: 'ready' }> {
    if (await this.answers()) return { status: 'ready' };
    throw new Problem(503, 'unavailable', 'The database does not answer.');
  }

  @Get('metrics')
  @AnswersText('Give the metrics to Prometheus', 'text/plain')
  @Public()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async scrape(): Promise<string> {
    if (this.settings.metricsPort !== undefined)
      throw new Problem(404, 'not-found', 'Metrics have a port of their own.');
    return this.metrics.registry.metrics();
  }

  private async answers(): Promise<boolean> {
    try {
      await this.database.ping();
      return true;
    } catch {
      return false; // what is asked here is just whether it answers
    }
  }
}

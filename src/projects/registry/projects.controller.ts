import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/auth.guard.js';
import { Clock } from '../../platform/clock.js';
import { duration } from '../../platform/config/schema.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { rowId } from '../../platform/http/page.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { Projects } from '../project.registry.js';
import { TelemetryStore } from '../../intake/telemetry/telemetry.store.js';

const releasesQuery = z.object({ within: duration.prefault('1d') });

/** A project as an app needs it to send events. */
interface ProjectView {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** For Sentry SDKs. */
  readonly dsn: string;
  /** For OpenTelemetry exporters: `OTEL_EXPORTER_OTLP_ENDPOINT`, with `key` as bearer token. */
  readonly otlpEndpoint: string;
  readonly key: string;
}

/** `GET /v1/projects`, `/v1/projects/{id}/releases`. */
@Controller('v1/projects')
export class ProjectsController {
  constructor(
    private readonly projects: Projects,
    private readonly publicUrl: PublicUrl,
    private readonly telemetry: TelemetryStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('ops')
  list(): { items: ProjectView[] } {
    const base = new URL(this.publicUrl.base);
    const items = this.projects.list().map(({ id, slug, name, keys: [key = ''] }) => ({
      id: String(id),
      slug,
      name,
      dsn: `${base.protocol}//${key}@${base.host}${base.pathname.replace(/\/$/, '')}/${id}`,
      otlpEndpoint: `${this.publicUrl.base}/otlp`,
      key,
    }));
    return { items };
  }

  /** How stable each release is: sessions, how many crashed, the crash-free share. */
  @Get(':id/releases')
  @Needs('agent')
  async releases(
    @Param('id') id: string,
    @Query({ schema: releasesQuery }) query: z.output<typeof releasesQuery>,
  ): Promise<{ items: unknown[] }> {
    const project = this.projects.find(rowId('project', id));
    if (!project) throw notFound('project', id);
    const since = new Date(this.clock.now().getTime() - query.within);
    const rows = await this.telemetry.releases(this.database, project.id, since);
    const crashFree = (sessions: number, crashed: number) =>
      sessions > 0 ? Math.max(0, 1 - crashed / sessions) : null;
    return { items: rows.map((row) => ({ ...row, crashFreeSessions: crashFree(row.sessions, row.crashed) })) };
  }
}

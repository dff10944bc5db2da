import { Controller, Get } from '@nestjs/common';
import { Needs } from '../../platform/auth/needs.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { Projects } from '../project.registry.js';

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

/** `GET /v1/projects`. */
@Controller('v1/projects')
export class ProjectsController {
  constructor(
    private readonly projects: Projects,
    private readonly publicUrl: PublicUrl,
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
}

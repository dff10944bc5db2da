import { Controller, Get } from '@nestjs/common';
import { Needs } from '../../platform/auth/needs.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { Projects } from '../project.registry.js';
import { dsnOf } from '../dsn.js';

/** A project as an app needs it to send events. */
interface ProjectView {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** For Sentry SDKs, with the oldest public key; null when there is none. */
  readonly dsn: string | null;
  /** For OpenTelemetry exporters: `OTEL_EXPORTER_OTLP_ENDPOINT`, with a key as bearer token. */
  readonly otlpEndpoint: string;
  /** The oldest public key that works. */
  readonly key: string | null;
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
    const { base } = this.publicUrl;
    const items = this.projects.list().map(({ id, slug, name, keys: [key = null] }) => ({
      id: String(id),
      slug,
      name,
      dsn: key && dsnOf(base, key, id),
      otlpEndpoint: `${base}/otlp`,
      key,
    }));
    return { items };
  }
}

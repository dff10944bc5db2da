import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { type Answer, Answers, listAnswer } from '../../platform/http/answers.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { Projects } from '../project.registry.js';
import { dsnOf } from '../dsn.js';

const projectAnswer = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    dsn: z.string().nullable().describe('For Sentry SDKs, with the oldest public key; null when there is none.'),
    otlpEndpoint: z
      .string()
      .describe('For OpenTelemetry exporters: `OTEL_EXPORTER_OTLP_ENDPOINT`, with a key as bearer token.'),
    key: z.string().nullable().describe('The oldest public key that works.'),
  })
  .meta({ id: 'Project' });
const projectList = listAnswer(projectAnswer);

/** `GET /v1/projects`. */
@Controller('v1/projects')
export class ProjectsController {
  constructor(
    private readonly projects: Projects,
    private readonly publicUrl: PublicUrl,
  ) {}

  @Get()
  @Needs('ops')
  @Answers('List the projects with what an app needs to send events', projectList)
  list(): Answer<typeof projectList> {
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

import { type INestApplication, Injectable } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { completeDocument } from './openapi.js';
import { INTAKE_PATHS } from './openapi-intake.js';

/** The description of the HTTP API, made from the controllers and the schemas at their parameters. */
@Injectable()
export class ApiDescription {
  private app: INestApplication | undefined;
  private made: OpenAPIObject | undefined;

  /** Names the application to describe; call when its routes are mounted. */
  describe(app: INestApplication): void {
    this.app = app;
  }

  /** The OpenAPI document; made when it is first asked for. */
  document(): OpenAPIObject {
    if (!this.app) throw new Error('no application to describe');
    return (this.made ??= build(this.app));
  }
}

function build(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Forewarn')
    .setDescription('Tells customers about a fault before they have to ask. docs/api.md has examples.')
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .build();
  const document = SwaggerModule.createDocument(app, base, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
    autoTagControllers: false,
  });
  return completeDocument({ ...document, paths: { ...INTAKE_PATHS, ...document.paths } });
}

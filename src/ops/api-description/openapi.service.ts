import { type INestApplication, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { type OpenAPIObject } from '@nestjs/swagger';
import { type Need, NEEDS } from '../../platform/auth/needs.js';
import { ANSWERS, type Answering } from '../../platform/http/answers.js';
import { type Answerings, completeDocument, type Described } from './openapi.js';
import { INTAKE_PATHS } from './openapi-intake.js';

/** The description of the HTTP API, made from the controllers and the schemas at their parameters. */
@Injectable()
export class ApiDescription {
  private app: INestApplication | undefined;
  private made: Promise<OpenAPIObject> | undefined;

  /** Names the application to describe; call when its routes are mounted. */
  describe(app: INestApplication): void {
    this.app = app;
  }

  /** The OpenAPI document; made when it is first asked for. */
  async document(): Promise<OpenAPIObject> {
    if (!this.app) throw new Error('no application to describe');
    return (this.made ??= build(this.app));
  }
}

/** Loads what describes routes only here: few processes are ever asked. */
async function build(app: INestApplication): Promise<OpenAPIObject> {
  const { DocumentBuilder, SwaggerModule } = await import('@nestjs/swagger');
  const base = new DocumentBuilder()
    .setTitle('Forewarn')
    .setDescription('Tells customers about a fault before they have to ask. docs/api.md has examples.')
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .build();
  const document = SwaggerModule.createDocument(app, base, {
    operationIdFactory: idOf,
    autoTagControllers: false,
  });
  const paths = { ...INTAKE_PATHS, ...document.paths };
  return completeDocument({ ...document, paths }, answeringsOf(app));
}

function idOf(controller: string, method: string): string {
  return `${controller.replace(/Controller$/, '')}.${method}`;
}

/** Collects the descriptions at the methods of all controllers, and what each route needs, by operation id. */
function answeringsOf(app: INestApplication): Answerings {
  const found = new Map<string, Described>();
  for (const module of app.get(ModulesContainer).values())
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(metatype.prototype as object))) {
        if (typeof value !== 'function') continue;
        const said = Reflect.getMetadata(ANSWERS, value as object) as Answering | undefined;
        const need: unknown = Reflect.getMetadata(NEEDS, value as object) ?? Reflect.getMetadata(NEEDS, metatype);
        if (said) found.set(idOf(metatype.name, name), { ...said, need: need as Need | undefined });
      }
    }
  return found;
}

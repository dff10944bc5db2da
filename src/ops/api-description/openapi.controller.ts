import { Controller, Get } from '@nestjs/common';
import { type OpenAPIObject } from '@nestjs/swagger';
import { Public } from '../../platform/auth/needs.js';
import { ApiDescription } from './openapi.service.js';

/** `GET /openapi.json`. */
@Controller()
export class OpenApiController {
  constructor(private readonly description: ApiDescription) {}

  @Get('openapi.json')
  @Public()
  document(): OpenAPIObject {
    return this.description.document();
  }
}

import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { Public } from '../../platform/auth/needs.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { ApiDescription } from './openapi.service.js';

const documentAnswer = z.looseObject({
  openapi: z.string(),
  paths: z.looseObject({}),
  components: z.unknown().optional(),
});

/** `GET /openapi.json`. */
@Controller()
export class OpenApiController {
  constructor(private readonly description: ApiDescription) {}

  @Get('openapi.json')
  @Public()
  @Answers('Describe the API: this document', documentAnswer)
  async document(): Promise<Answer<typeof documentAnswer>> {
    return { ...(await this.description.document()) };
  }
}

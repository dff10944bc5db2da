import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { Public } from '../../platform/auth/needs.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { PublicUrl } from '../../platform/http/public-url.js';

const resourceAnswer = z.object({
  resource: z.string(),
  resource_name: z.string(),
  bearer_methods_supported: z.array(z.string()),
});

/**
 * `GET /.well-known/oauth-protected-resource/mcp`: says to agents how `/mcp` is protected (RFC 9728). Tokens are made by the operator, so no server is
 * named that would give any.
 */
@Controller('.well-known/oauth-protected-resource')
export class ResourceController {
  constructor(private readonly publicUrl: PublicUrl) {}

  @Get('mcp')
  @Public()
  @Answers('Say how /mcp is protected', resourceAnswer)
  forMcp(): Answer<typeof resourceAnswer> {
    return this.metadata();
  }

  /** At the root, where clients look next. */
  @Get()
  @Public()
  @Answers('Say how /mcp is protected, for clients that look at the root', resourceAnswer)
  atRoot(): Answer<typeof resourceAnswer> {
    return this.metadata();
  }

  private metadata(): Answer<typeof resourceAnswer> {
    return {
      resource: `${this.publicUrl.base}/mcp`,
      resource_name: 'Forewarn',
      bearer_methods_supported: ['header'],
    };
  }
}

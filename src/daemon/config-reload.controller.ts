import { Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../platform/auth/needs.js';
import { Problem } from '../platform/errors.js';
import { type Answer, Answers } from '../platform/http/answers.js';
import { ConfigReload } from './config-reload.service.js';

const reloadAnswer = z.object({
  changed: z.array(z.string()).describe('Sections that changed and are in force now, in this process.'),
  needsRestart: z.array(z.string()).describe('Sections that changed and wait for a restart.'),
});

/** The file was refused; every problem stands in the answer. */
class RefusedConfig extends Problem {
  override readonly members;

  constructor(problems: readonly string[]) {
    super(409, 'conflict', 'The configuration file has problems, so the one before stays in force.');
    this.members = { problems };
  }
}

/** `POST /v1/config/reload`: reads the configuration file again, as SIGHUP does. */
@Controller('v1/config')
export class ConfigReloadController {
  constructor(private readonly reloads: ConfigReload) {}

  @Post('reload')
  @Needs('admin')
  @HttpCode(200)
  @Answers('Read the configuration file again', reloadAnswer)
  reload(): Answer<typeof reloadAnswer> {
    const result = this.reloads.reload();
    if (result.kind === 'refused') throw new RefusedConfig(result.problems);
    return { changed: result.changed, needsRestart: result.needsRestart };
  }
}

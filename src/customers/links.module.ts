import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { messageOf } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { CustomersModule } from './customers.module.js';
import { LinkStore } from './links/link.store.js';
import { LinksController } from './links/links.controller.js';
import { Links } from './links/links.service.js';
import { LoginRecorder } from './links/login.recorder.js';
import { CustomerLogins } from './logins.service.js';

/** KNOW: which names are one customer. */
@Module({
  imports: [ProjectsModule, CustomersModule],
  controllers: [LinksController],
  providers: [LinkStore, Links, LoginRecorder, CustomerLogins],
  exports: [CustomerLogins],
})
export class LinksModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly runner: StageRunner,
    private readonly recorder: LoginRecorder,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.recorder);
  }

  /** Judges what was gathered since the last run. */
  async onModuleDestroy(): Promise<void> {
    try {
      await this.recorder.runOnce(this.clock.now());
    } catch (error) {
      this.logger.error({ err: error }, `logins gathered in memory were lost: ${messageOf(error)}`);
    }
  }
}

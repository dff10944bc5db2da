import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { messageOf } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { CustomersModule } from './customers.module.js';
import { CustomerTraits } from './traits.service.js';
import { TraitRecorder } from './traits/trait.recorder.js';
import { TraitStore } from './traits/trait.store.js';

/** KNOW: what customers use. */
@Module({
  imports: [CustomersModule],
  providers: [TraitStore, TraitRecorder, CustomerTraits],
  exports: [CustomerTraits],
})
export class TraitsModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly runner: StageRunner,
    private readonly recorder: TraitRecorder,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.recorder);
  }

  /** Writes what was gathered since the last run. */
  async onModuleDestroy(): Promise<void> {
    try {
      await this.recorder.writeAll();
    } catch (error) {
      this.logger.error({ err: error }, `traits gathered in memory were lost: ${messageOf(error)}`);
    }
  }
}

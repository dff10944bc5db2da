import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { AudienceController } from './affected/audience.controller.js';
import { AudienceStage } from './affected/audience.stage.js';
import { AudienceStore } from './affected/audience.store.js';
import { CausesController } from './causes/causes.controller.js';
import { CausesStage } from './causes/causes.stage.js';
import { CausesStore } from './causes/causes.store.js';
import { CustomerHealth } from './health.service.js';
import { HealthOfCustomersController } from './health/health.controller.js';
import { HealthStage } from './health/health.stage.js';
import { HealthStore } from './health/health.store.js';
import { Audiences } from './public.js';

/** WHO: finds the customers whom an incident concerns. */
@Module({
  imports: [CustomersModule, IssuesModule, IncidentsModule],
  controllers: [AudienceController, CausesController, HealthOfCustomersController],
  providers: [
    AudienceStore,
    Audiences,
    AudienceStage,
    CausesStore,
    CausesStage,
    HealthStore,
    HealthStage,
    CustomerHealth,
  ],
  exports: [Audiences, CustomerHealth],
})
export class AudienceModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly stage: AudienceStage,
    private readonly causes: CausesStage,
    private readonly health: HealthStage,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.stage);
    this.runner.register(this.causes);
    this.runner.register(this.health);
  }
}

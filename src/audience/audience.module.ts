import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { IntakeModule } from '../intake/intake.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { AccountsController } from './affected/accounts.controller.js';
import { AccountsReadModel } from './affected/accounts.read-model.js';
import { AudienceController } from './affected/audience.controller.js';
import { AudienceStage } from './affected/audience.stage.js';
import { AudienceStore } from './affected/audience.store.js';
import { CalibrationController } from './calibration/calibration.controller.js';
import { CalibrationReadModel } from './calibration/calibration.read-model.js';
import { expectationGauges } from './calibration/expectation-gauges.js';
import { CausesController } from './causes/causes.controller.js';
import { CausesStage } from './causes/causes.stage.js';
import { CausesStore } from './causes/causes.store.js';
import { CustomerHealth } from './health.service.js';
import { HealthOfCustomersController } from './health/health.controller.js';
import { HealthStage } from './health/health.stage.js';
import { HealthStore } from './health/health.store.js';
import { HoldOutStore } from './hold-out/hold-out.store.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { Audiences } from './public.js';

/** WHO: finds the customers whom an incident concerns. */
@Module({
  imports: [ProjectsModule, CustomersModule, IntakeModule, IssuesModule, IncidentsModule],
  controllers: [
    AudienceController,
    AccountsController,
    CausesController,
    CalibrationController,
    HealthOfCustomersController,
  ],
  providers: [
    AccountsReadModel,
    AudienceStore,
    Audiences,
    AudienceStage,
    CausesStore,
    CausesStage,
    HoldOutStore,
    CalibrationReadModel,
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
    readModel: CalibrationReadModel,
    metrics: Metrics,
    database: Database,
    clock: Clock,
  ) {
    expectationGauges(metrics, clock, (now) => readModel.rates(database, now));
  }

  onApplicationBootstrap(): void {
    this.runner.register(this.stage);
    this.runner.register(this.causes);
    this.runner.register(this.health);
  }
}

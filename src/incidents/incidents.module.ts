import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { DetectionModule } from '../detection/detection.module.js';
import { IntakeModule } from '../intake/intake.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { IncidentCloseStage } from './close.stage.js';
import { IncidentStore } from './incident.store.js';
import { IncidentsController } from './incidents.controller.js';
import { IncidentOpenStage } from './open.stage.js';
import { Incidents } from './public.js';

/** CALL: what people are told about. */
@Module({
  imports: [IntakeModule, IssuesModule, DetectionModule],
  controllers: [IncidentsController],
  providers: [IncidentStore, Incidents, IncidentOpenStage, IncidentCloseStage],
  exports: [Incidents],
})
export class IncidentsModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly open: IncidentOpenStage,
    private readonly close: IncidentCloseStage,
    incidents: Incidents,
    database: Database,
    metrics: Metrics,
  ) {
    metrics.gauge('incidents_open', 'Incidents that are not resolved.', ['project', 'severity'], async (gauge) => {
      gauge.reset();
      for (const { project, severity, count } of await incidents.countOpen(database))
        gauge.set({ project, severity }, count);
    });
  }

  onApplicationBootstrap(): void {
    this.runner.register(this.open);
    this.runner.register(this.close);
  }
}

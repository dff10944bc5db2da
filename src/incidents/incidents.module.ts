import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { DetectionModule } from '../detection/detection.module.js';
import { IntakeModule } from '../intake/intake.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { AlertPushStore } from './alert-push.store.js';
import { AlertStore } from './alert.store.js';
import { AlertmanagerPushStage } from './alertmanager-push.stage.js';
import { AlertmanagerController } from './alertmanager.controller.js';
import { Alerts } from './alerts.service.js';
import { BacktestController } from './backtest.controller.js';
import { Backtest } from './backtest.service.js';
import { IncidentCloseStage } from './close.stage.js';
import { Findings } from './findings.service.js';
import { ForgetStopsStage } from './forget-stops.stage.js';
import { HarmReadModel } from './harm.read-model.js';
import { IncidentStore } from './incident.store.js';
import { IncidentsController } from './incidents.controller.js';
import { IncidentOpenStage } from './open.stage.js';
import { Incidents } from './public.js';
import { SeverityJudge } from './severity.service.js';
import { SilenceStore } from './silence.store.js';
import { SilencesController } from './silences.controller.js';
import { Silences } from './silences.service.js';

/** CALL: what people are told about. */
@Module({
  imports: [IntakeModule, IssuesModule, DetectionModule],
  controllers: [IncidentsController, SilencesController, AlertmanagerController, BacktestController],
  providers: [
    IncidentStore,
    AlertStore,
    AlertPushStore,
    SilenceStore,
    HarmReadModel,
    Silences,
    Findings,
    SeverityJudge,
    Alerts,
    Backtest,
    Incidents,
    IncidentOpenStage,
    IncidentCloseStage,
    AlertmanagerPushStage,
    ForgetStopsStage,
  ],
  exports: [Incidents, Backtest],
})
export class IncidentsModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly open: IncidentOpenStage,
    private readonly close: IncidentCloseStage,
    private readonly push: AlertmanagerPushStage,
    private readonly forgetStops: ForgetStopsStage,
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
    this.runner.register(this.push);
    this.runner.register(this.forgetStops);
  }
}

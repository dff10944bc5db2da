import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { DetectionModule } from '../detection/detection.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { ProjectScopes } from '../platform/auth/project.scope.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { AlertPushStore } from './alerts/alert-push.store.js';
import { AlertStore } from './alerts/alert.store.js';
import { AlertmanagerPushStage } from './alerts/alertmanager-push.stage.js';
import { AlertmanagerController } from './alerts/alertmanager.controller.js';
import { Alerts } from './alerts/alerts.service.js';
import { BacktestController } from './backtest/backtest.controller.js';
import { Backtest } from './backtest/backtest.service.js';
import { IncidentCloseStage } from './lifecycle/close.stage.js';
import { Findings } from './lifecycle/findings.service.js';
import { ForgetStopsStage } from './silences/forget-stops.stage.js';
import { HarmReadModel } from './lifecycle/harm.read-model.js';
import { IncidentStore } from './lifecycle/incident.store.js';
import { IncidentsController } from './lifecycle/incidents.controller.js';
import { IncidentOpenStage } from './lifecycle/open.stage.js';
import { Outlooks } from './outlook.registry.js';
import { Incidents } from './public.js';
import { SeverityJudge } from './lifecycle/severity.service.js';
import { SilenceStore } from './silences/silence.store.js';
import { SilencesController } from './silences/silences.controller.js';
import { Silences } from './silences/silences.service.js';

/** CALL: turns verdicts into the incidents that people are told about. */
@Module({
  imports: [ProjectsModule, IssuesModule, DetectionModule],
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
    Outlooks,
    IncidentOpenStage,
    IncidentCloseStage,
    AlertmanagerPushStage,
    ForgetStopsStage,
  ],
  exports: [Incidents, Outlooks, Backtest],
})
export class IncidentsModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly open: IncidentOpenStage,
    private readonly close: IncidentCloseStage,
    private readonly push: AlertmanagerPushStage,
    private readonly forgetStops: ForgetStopsStage,
    incidents: Incidents,
    scopes: ProjectScopes,
    database: Database,
    metrics: Metrics,
  ) {
    scopes.register('incident', async (id) => (await incidents.find(database, id))?.projectId);
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

import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { EventBuffer } from '../intake/accepted-event.js';
import { IntakeModule } from '../intake/intake.module.js';
import { Projects } from '../intake/public.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { IssueActions } from './action.service.js';
import { ActionStore } from './action.store.js';
import { CatchAllStore } from './catch-all.store.js';
import { CellStore } from './cell.store.js';
import { Digest } from './digest.service.js';
import { DigestStore } from './digest.store.js';
import { Fingerprinter } from './fingerprinter.service.js';
import { FINGERPRINTS, FINGERPRINTS_IN_USE } from './fingerprints.js';
import { ForgetHitsStage } from './forget.stage.js';
import { GroupingController } from './grouping.controller.js';
import { IgnoreEndStage } from './ignore.stage.js';
import { IgnoreStore } from './ignore.store.js';
import { IssueOpener } from './issue.opener.js';
import { IssueStore } from './issue.store.js';
import { IssueViews } from './issue.views.service.js';
import { IssuesController } from './issues.controller.js';
import { LinkStage } from './link.stage.js';
import { LinkStore } from './link.store.js';
import { Issues } from './public.js';
import { RegressionKeeper } from './regression.keeper.js';
import { RegressionStore } from './regression.store.js';
import { RuleViews } from './rule.views.service.js';
import { RuleTrials } from './rule-trial.service.js';
import { SampleKeeper } from './sample.keeper.js';
import { TemplateMemory } from './template.memory.js';

/** GROUP: digest and the known issues. */
@Module({
  imports: [CustomersModule, IntakeModule],
  controllers: [GroupingController, IssuesController],
  providers: [
    { provide: FINGERPRINTS, useValue: FINGERPRINTS_IN_USE },
    Fingerprinter,
    CellStore,
    CatchAllStore,
    TemplateMemory,
    IssueOpener,
    DigestStore,
    RegressionStore,
    RegressionKeeper,
    SampleKeeper,
    Digest,
    IssueStore,
    IssueViews,
    ActionStore,
    IssueActions,
    LinkStore,
    LinkStage,
    RuleTrials,
    RuleViews,
    Issues,
    ForgetHitsStage,
    IgnoreStore,
    IgnoreEndStage,
  ],
  exports: [Issues],
})
export class IssuesModule implements OnApplicationBootstrap {
  constructor(
    private readonly buffer: EventBuffer,
    private readonly digest: Digest,
    private readonly runner: StageRunner,
    private readonly forget: ForgetHitsStage,
    private readonly ignoreEnd: IgnoreEndStage,
    private readonly link: LinkStage,
    catchAll: CatchAllStore,
    projects: Projects,
    database: Database,
    metrics: Metrics,
  ) {
    const help =
      'Events counted in the catch-all issues of a project: unknown faults beyond grouping.maxNewIssuesPerHour.';
    metrics.gauge('gathered_events', help, ['project'], async (gauge) => {
      gauge.reset();
      for (const { projectId, events } of await catchAll.gathered(database))
        gauge.set({ project: projects.find(projectId)?.slug ?? 'unknown' }, events);
    });
  }

  onApplicationBootstrap(): void {
    this.buffer.connect(this.digest);
    this.runner.register(this.forget);
    this.runner.register(this.ignoreEnd);
    this.runner.register(this.link);
  }
}

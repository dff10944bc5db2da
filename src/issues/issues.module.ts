import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { LinksModule } from '../customers/links.module.js';
import { TraitsModule } from '../customers/traits.module.js';
import { EventBuffer } from '../intake/event-buffer.js';
import { IntakeModule } from '../intake/intake.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { Projects } from '../projects/project.registry.js';
import { ProjectScopes } from '../platform/auth/project.scope.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { IssueActions } from './triage/action.service.js';
import { ActionStore } from './triage/action.store.js';
import { CatchAllStore } from './digest/catch-all.store.js';
import { CellStore } from './digest/cell.store.js';
import { Digest } from './digest/digest.service.js';
import { DigestStore } from './digest/digest.store.js';
import { TracesStore } from './triage/traces.store.js';
import { ForgetHitsStage } from './triage/forget.stage.js';
import { GroupingController } from './triage/grouping.controller.js';
import { IgnoreEndStage } from './triage/ignore.stage.js';
import { IgnoreStore } from './triage/ignore.store.js';
import { IssueOpener } from './digest/issue.opener.js';
import { IssueStore } from './triage/issue.store.js';
import { IssueViews } from './triage/issue.views.service.js';
import { IssuesController } from './triage/issues.controller.js';
import { LateNames } from './digest/late-names.stage.js';
import { LinkStage } from './links/link.stage.js';
import { LinkStore } from './links/link.store.js';
import { Issues } from './public.js';
import { Newcomers } from './digest/newcomers.service.js';
import { RegressionKeeper } from './digest/regression.keeper.js';
import { RegressionStore } from './digest/regression.store.js';
import { RuleViews } from './triage/rule.views.service.js';
import { RuleTrials } from './triage/rule-trial.service.js';
import { SampleKeeper } from './digest/sample.keeper.js';
import { TemplateMemory } from './digest/template.memory.js';

/** GROUP: digest and the known issues. */
@Module({
  imports: [ProjectsModule, CustomersModule, LinksModule, TraitsModule, IntakeModule],
  controllers: [GroupingController, IssuesController],
  providers: [
    CellStore,
    CatchAllStore,
    TemplateMemory,
    IssueOpener,
    DigestStore,
    RegressionStore,
    Newcomers,
    LateNames,
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
    TracesStore,
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
    private readonly lateNames: LateNames,
    issues: Issues,
    scopes: ProjectScopes,
    catchAll: CatchAllStore,
    projects: Projects,
    database: Database,
    metrics: Metrics,
  ) {
    scopes.register('issue', async (id) => (await issues.find(database, [id]))[0]?.projectId);
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
    this.runner.register(this.lateNames);
  }
}

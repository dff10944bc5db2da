import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { DraftStage } from './texts/draft.stage.js';
import { ExplanationStore } from './texts/explanation.store.js';
import { ExplanationsController } from './texts/explanations.controller.js';
import { Explanations } from './public.js';

/** ANSWER: what customers, bots and agents are told. */
@Module({
  imports: [CustomersModule, ProjectsModule, IssuesModule, IncidentsModule],
  controllers: [ExplanationsController],
  providers: [ExplanationStore, Explanations, DraftStage],
  exports: [Explanations],
})
export class ExplanationsModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly draft: DraftStage,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.draft);
  }
}

import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { Answers } from './answers/answers.service.js';
import { AskerReadModel } from './answers/asker.read-model.js';
import { BoardReadModel } from './answers/board.read-model.js';
import { Boards } from './answers/boards.service.js';
import { BotController } from './answers/bot.controller.js';
import { DraftStage } from './texts/draft.stage.js';
import { ExplanationStore } from './texts/explanation.store.js';
import { ExplanationsController } from './texts/explanations.controller.js';
import { Explanations } from './public.js';
import { ToldRecord } from './told.service.js';

/** ANSWER: what customers, bots and agents are told. */
@Module({
  imports: [CustomersModule, ProjectsModule, IssuesModule, IncidentsModule],
  controllers: [ExplanationsController, BotController],
  providers: [ExplanationStore, Explanations, DraftStage, ToldRecord, BoardReadModel, AskerReadModel, Boards, Answers],
  exports: [Explanations, ToldRecord],
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

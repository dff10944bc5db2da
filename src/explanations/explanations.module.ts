import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AudienceModule } from '../audience/audience.module.js';
import { CustomersModule } from '../customers/customers.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { IssuesModule } from '../issues/issues.module.js';
import { Settings } from '../platform/config/settings.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { AdaptersController } from './adapters/adapters.controller.js';
import { ChatwootGateway } from './adapters/chatwoot.gateway.js';
import { Answers } from './answers/answers.service.js';
import { AskerReadModel } from './answers/asker.read-model.js';
import { BoardReadModel } from './answers/board.read-model.js';
import { Boards } from './answers/boards.service.js';
import { BotController } from './answers/bot.controller.js';
import { InAppController } from './inapp/inapp.controller.js';
import { createMatcher } from './matching/create-matcher.js';
import { ResourceController } from './mcp/resource.controller.js';
import { McpController } from './mcp/mcp.controller.js';
import { McpTools } from './mcp/tools.service.js';
import { Examples } from './outcomes/examples.service.js';
import { Matching } from './outcomes/matching.service.js';
import { OutcomeStore } from './outcomes/outcome.store.js';
import { OutcomesController } from './outcomes/outcomes.controller.js';
import { Outcomes } from './outcomes/outcomes.service.js';
import { ChangeReadModel } from './stream/change.read-model.js';
import { Snapshots } from './stream/snapshots.service.js';
import { StreamController } from './stream/stream.controller.js';
import { Streams } from './stream/streams.service.js';
import { DraftStage } from './texts/draft.stage.js';
import { NamedPersons } from './texts/named-persons.read-model.js';
import { Writer } from './texts/writer.service.js';
import { ExplanationStore } from './texts/explanation.store.js';
import { DraftingController } from './texts/drafting.controller.js';
import { ExplanationsController } from './texts/explanations.controller.js';
import { EXPLANATIONS_CONFIG, type ExplanationsConfig } from './explanations-config.js';
import { MATCHER } from './matcher.js';
import { Meaning } from './meaning.service.js';
import { Explanations } from './public.js';
import { HandOverDesk } from './hand-over-desk.service.js';
import { PageOutcomes } from './page-outcomes.service.js';
import { ApprovalRecord } from './approval-record.service.js';
import { ToldRecord } from './told.service.js';

/** ANSWER: what customers, bots and agents are told. */
@Module({
  imports: [CustomersModule, ProjectsModule, IssuesModule, IncidentsModule, AudienceModule],
  controllers: [
    ExplanationsController,
    DraftingController,
    BotController,
    OutcomesController,
    StreamController,
    McpController,
    ResourceController,
    AdaptersController,
    InAppController,
  ],
  providers: [
    ExplanationStore,
    Explanations,
    DraftStage,
    Writer,
    NamedPersons,
    ToldRecord,
    ApprovalRecord,
    HandOverDesk,
    PageOutcomes,
    BoardReadModel,
    AskerReadModel,
    Boards,
    Answers,
    {
      provide: MATCHER,
      useFactory: ({ matching }: ExplanationsConfig, { embeddingsKey }: Settings) =>
        createMatcher({ config: matching, key: embeddingsKey }),
      inject: [EXPLANATIONS_CONFIG, Settings],
    },
    Examples,
    OutcomeStore,
    Matching,
    Meaning,
    Outcomes,
    ChangeReadModel,
    Snapshots,
    Streams,
    McpTools,
    ChatwootGateway,
  ],
  exports: [Explanations, Meaning, ToldRecord, ApprovalRecord, HandOverDesk, PageOutcomes],
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

import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { EventBuffer } from '../intake/accepted-event.js';
import { IntakeModule } from '../intake/intake.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { Digest } from './digest.service.js';
import { DigestStore } from './digest.store.js';
import { ForgetHitsStage } from './forget.stage.js';
import { IssueOpener } from './issue.opener.js';
import { IssueStore } from './issue.store.js';
import { IssuesController } from './issues.controller.js';
import { Issues } from './public.js';
import { SampleKeeper } from './sample.keeper.js';

/** GROUP: digest and the known issues. */
@Module({
  imports: [CustomersModule, IntakeModule],
  controllers: [IssuesController],
  providers: [DigestStore, IssueOpener, SampleKeeper, Digest, IssueStore, Issues, ForgetHitsStage],
  exports: [Issues],
})
export class IssuesModule implements OnApplicationBootstrap {
  constructor(
    private readonly buffer: EventBuffer,
    private readonly digest: Digest,
    private readonly runner: StageRunner,
    private readonly forget: ForgetHitsStage,
  ) {}

  onApplicationBootstrap(): void {
    this.buffer.connect(this.digest);
    this.runner.register(this.forget);
  }
}

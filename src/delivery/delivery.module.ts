import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { OutreachModule } from '../outreach/outreach.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { AttemptStore } from './dispatch/attempt.store.js';
import { DispatchStage } from './dispatch/dispatch.stage.js';
import { Gateways } from './dispatch/gateways.service.js';
import { OutboxController } from './outbox/outbox.controller.js';
import { ReconcileStage } from './dispatch/reconcile.stage.js';
import { WaysOut } from './dispatch/ways-out.service.js';
import { TwilioStatusController } from './twilio/twilio-status.controller.js';

/** SEND: the ways out, at most once each. */
@Module({
  imports: [OutreachModule],
  controllers: [OutboxController, TwilioStatusController],
  providers: [AttemptStore, Gateways, WaysOut, DispatchStage, ReconcileStage],
})
export class DeliveryModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly dispatch: DispatchStage,
    private readonly reconcile: ReconcileStage,
    private readonly waysOut: WaysOut,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.waysOut.atStart();
    this.runner.register(this.dispatch);
    this.runner.register(this.reconcile);
  }
}

import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ExplanationsModule } from '../explanations/explanations.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { OutreachModule } from '../outreach/outreach.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { CustomersModule } from '../customers/customers.module.js';
import { BounceListener } from './bounces/bounce-listener.service.js';
import { ReturnedMails } from './bounces/returned-mails.service.js';
import { EmailHookController } from './bounces/email-hook.controller.js';
import { DoubtsController } from './doubt/doubts.controller.js';
import { DoubtsReadModel } from './doubt/doubts.read-model.js';
import { HistoryController } from './history/history.controller.js';
import { HistoryReadModel } from './history/history.read-model.js';
import { ReceiptStore } from './receipts/receipt.store.js';
import { Receipts } from './receipts/receipts.service.js';
import { Replies } from './replies/replies.service.js';
import { WishReader } from './replies/wish-reader.service.js';
import { ReplyStore } from './replies/reply.store.js';
import { ReturnAddresses } from './dispatch/return-addresses.service.js';
import { TwilioInboundController } from './twilio/twilio-inbound.controller.js';
import { TwilioSignatures } from './twilio/twilio-signatures.service.js';
import { AttemptStore } from './dispatch/attempt.store.js';
import { DispatchStage } from './dispatch/dispatch.stage.js';
import { LeasesStage } from './dispatch/leases.stage.js';
import { Leases } from './dispatch/leases.service.js';
import { Sender } from './dispatch/sender.service.js';
import { FirstMessages } from './dispatch/first-messages.service.js';
import { GATEWAYS } from './dispatch/gateways.service.js';
import { OutboxController } from './outbox/outbox.controller.js';
import { ReconcileStage } from './dispatch/reconcile.stage.js';
import { TestMessagesController } from './dispatch/test-messages.controller.js';
import { WaysOut } from './dispatch/ways-out.service.js';
import { TwilioStatusController } from './twilio/twilio-status.controller.js';

/** SEND: the ways out, at most once each. */
@Module({
  imports: [OutreachModule, CustomersModule, IncidentsModule, ProjectsModule, ExplanationsModule],
  controllers: [
    OutboxController,
    TwilioStatusController,
    TwilioInboundController,
    EmailHookController,
    DoubtsController,
    HistoryController,
    TestMessagesController,
  ],
  providers: [
    AttemptStore,
    ReceiptStore,
    ReplyStore,
    DoubtsReadModel,
    HistoryReadModel,
    TwilioSignatures,
    ReturnAddresses,
    ReturnedMails,
    BounceListener,
    Receipts,
    Replies,
    WishReader,
    GATEWAYS,
    FirstMessages,
    WaysOut,
    Leases,
    Sender,
    DispatchStage,
    LeasesStage,
    ReconcileStage,
  ],
})
export class DeliveryModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly dispatch: DispatchStage,
    private readonly leases: LeasesStage,
    private readonly reconcile: ReconcileStage,
    private readonly waysOut: WaysOut,
    private readonly bounces: BounceListener,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.waysOut.atStart();
    await this.bounces.start();
    this.runner.register(this.dispatch);
    this.runner.register(this.leases);
    this.runner.register(this.reconcile);
  }
}

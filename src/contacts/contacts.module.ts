import { Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AudienceModule } from '../audience/audience.module.js';
import { CustomersModule } from '../customers/customers.module.js';
import { DetectionModule } from '../detection/detection.module.js';
import { ExplanationsModule } from '../explanations/explanations.module.js';
import { type Asked, HandOverDesk } from '../explanations/hand-over-desk.service.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { OpenContacts } from '../outreach/open-contacts.registry.js';
import { OutreachModule } from '../outreach/outreach.module.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { handoverFor, lineFor, wantsPerson } from './algorithm/wants-person.js';
import { HAND_OVER_DELIVERIES } from './contact.js';
import { ContextController } from './context/context.controller.js';
import { ContextReadModel } from './context/context.read-model.js';
import { CustomerContexts } from './context/context.service.js';
import { ContactFaultStage } from './fault/contact-fault.stage.js';
import { ContactFaultStore } from './fault/contact-fault.store.js';
import { HAND_OVERS_CONFIG, type HandOversConfig, hasDesk } from './hand-overs-config.js';
import { HandOverStage } from './hand-overs/hand-over.stage.js';
import { HandOverStore } from './hand-overs/hand-over.store.js';
import { HandOversController } from './hand-overs/hand-overs.controller.js';
import { HandOvers } from './hand-overs/hand-overs.service.js';
import { Attributions } from './record/attribution.service.js';
import { ConcernReadModel } from './record/concern.read-model.js';
import { ContactStore } from './record/contact.store.js';
import { ContactsController } from './record/contacts.controller.js';
import { ContactRecorder } from './record/contacts.service.js';
import { Senders } from './record/senders.service.js';
import { ReportReadModel } from './reports/report.read-model.js';
import { ProductFeedback } from './product-feedback.service.js';
import { ReportsController } from './reports/reports.controller.js';

/** LISTEN: customers reaching us on any channel, and contacts given to a person. */
@Module({
  imports: [
    ProjectsModule,
    CustomersModule,
    DetectionModule,
    IncidentsModule,
    AudienceModule,
    ExplanationsModule,
    OutreachModule,
  ],
  controllers: [ContactsController, ContextController, HandOversController, ReportsController],
  providers: [
    ContactStore,
    ConcernReadModel,
    Senders,
    Attributions,
    ContactRecorder,
    ContextReadModel,
    CustomerContexts,
    HandOverStore,
    HandOvers,
    HandOverStage,
    ContactFaultStore,
    ContactFaultStage,
    ReportReadModel,
    ProductFeedback,
  ],
  exports: [ProductFeedback],
})
export class ContactsModule implements OnApplicationBootstrap {
  constructor(
    @Inject(HAND_OVERS_CONFIG) private readonly config: HandOversConfig,
    private readonly handOvers: HandOverStore,
    private readonly stage: HandOverStage,
    private readonly faults: ContactFaultStage,
    private readonly runner: StageRunner,
    private readonly database: Database,
    metrics: Metrics,
    contacts: ContactStore,
    openContacts: OpenContacts,
    desk: HandOverDesk,
    taking: HandOvers,
    clock: Clock,
  ) {
    const advise = ({ text, matched, locale }: Asked) => {
      const handover = handoverFor({ wantsPerson: wantsPerson(text), asked: 1, stillOpen: false, matched });
      return { handover, line: handover && lineFor(handover, locale) };
    };
    desk.register(async ({ by, about, channel = 'chat', ...passed }) => {
      const asked = { ...passed, ...about, channel, reason: 'asked' as const };
      const { handOver, repeated } = await taking.ask(asked, by, clock.now());
      const line = lineFor('handedOver', passed.locale ?? handOver.locale);
      return { id: String(handOver.id), state: handOver.state, line, repeated };
    }, advise);
    openContacts.readBy((sql, customerIds) => contacts.open(sql, customerIds, clock.now()));
    metrics.gauge(
      'hand_overs',
      'Hand-overs that are not closed, by state and whether the desk has them.',
      ['state', 'delivery'],
      async (gauge) => {
        gauge.reset();
        for (const state of ['open', 'taken'])
          for (const delivery of HAND_OVER_DELIVERIES) gauge.set({ state, delivery }, 0);
        for (const { state, delivery, count } of await handOvers.countOpen(database))
          gauge.set({ state, delivery }, count);
      },
    );
  }

  /** Hand-overs that came while there was no desk are told once there is one. */
  async onApplicationBootstrap(): Promise<void> {
    const [from, to] = hasDesk(this.config) ? (['none', 'pending'] as const) : (['pending', 'none'] as const);
    await this.handOvers.setDelivery(this.database, from, to);
    this.runner.register(this.stage);
    this.runner.register(this.faults);
  }
}

import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AudienceModule } from '../audience/audience.module.js';
import { CHANNELS } from '../customers/customer.js';
import { CustomersModule } from '../customers/customers.module.js';
import { ExplanationsModule } from '../explanations/explanations.module.js';
import { ApprovalRecord } from '../explanations/approval-record.service.js';
import { ToldRecord } from '../explanations/told.service.js';
import { SEVERITIES } from '../incidents/incident.js';
import { Incidents } from '../incidents/public.js';
import { IssuesModule } from '../issues/issues.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { ProjectScopes } from '../platform/auth/project.scope.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config/settings.js';
import { Database } from '../platform/db/database.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { CAMPAIGN_KINDS } from './campaign.js';
import { CampaignStage } from './campaigns/campaign.stage.js';
import { Approvals } from './campaigns/approvals.service.js';
import { DryRuns } from './campaigns/dry-run.service.js';
import { GrantStore } from './campaigns/grant.store.js';
import { OutcomeReadModel } from './campaigns/outcome.read-model.js';
import { NewsForTold } from './campaigns/news.service.js';
import { NoticeWaves } from './campaigns/notices.service.js';
import { Ramps } from './campaigns/ramp.service.js';
import { OutreachOutlooks } from './campaigns/outlook.service.js';
import { CampaignStore } from './campaigns/campaign.store.js';
import { CampaignsController } from './campaigns/campaigns.controller.js';
import { ApprovedTexts } from './messages/approved-texts.service.js';
import { Composer } from './messages/composer.service.js';
import { CustomerPageController } from './page/customer-page.controller.js';
import { CustomerPages } from './page/customer-page.service.js';
import { VerifyController } from './page/verify.controller.js';
import { VerifyReadModel } from './page/verify.read-model.js';
import { ErasureStage } from './messages/erasure.stage.js';
import { MailWriter } from './messages/mail-writer.service.js';
import { NeighbourReadModel } from './messages/neighbour.read-model.js';
import { LeaseStore } from './messages/lease.store.js';
import { MessageReadModel } from './messages/message.read-model.js';
import { MessageStore } from './messages/message.store.js';
import { ToldStore } from './messages/told.store.js';
import { AccountContacts } from './campaigns/account-contacts.service.js';
import { AccountStore } from './messages/account.store.js';
import { Planner } from './campaigns/planner.service.js';
import { BudgetStore } from './limits/budget.store.js';
import { SendCeilings } from './limits/ceilings.service.js';
import { CompanionReadModel } from './campaigns/companion.read-model.js';
import { CampaignPreviews } from './campaigns/preview.service.js';
import { TrustReadModel } from './campaigns/trust.read-model.js';
import { SendingSwitch } from './brakes/sending-switch.service.js';
import { SwitchController } from './brakes/switch.controller.js';
import { SwitchStore } from './brakes/switch.store.js';
import { BatchStore } from './messages/batch.store.js';
import { ToldReadModel } from './messages/told.read-model.js';
import { OpenContacts } from './open-contacts.registry.js';
import { MessageQueue } from './public.js';

/** DECIDE: who is written to, when, on which channel, with which words. Plans; never sends. */
@Module({
  imports: [CustomersModule, ProjectsModule, IncidentsModule, IssuesModule, AudienceModule, ExplanationsModule],
  controllers: [CampaignsController, SwitchController, CustomerPageController, VerifyController],
  providers: [
    CampaignStore,
    GrantStore,
    DryRuns,
    OutcomeReadModel,
    NewsForTold,
    NoticeWaves,
    Ramps,
    Approvals,
    OutreachOutlooks,
    MessageStore,
    MessageReadModel,
    ToldStore,
    BatchStore,
    ToldReadModel,
    LeaseStore,
    BudgetStore,
    SendCeilings,
    SwitchStore,
    SendingSwitch,
    TrustReadModel,
    CampaignPreviews,
    CompanionReadModel,
    Planner,
    AccountContacts,
    AccountStore,
    NeighbourReadModel,
    MailWriter,
    CustomerPages,
    VerifyReadModel,
    ApprovedTexts,
    Composer,
    CampaignStage,
    ErasureStage,
    OpenContacts,
    MessageQueue,
  ],
  exports: [MessageQueue, OpenContacts],
})
export class OutreachModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly campaigns: CampaignStage,
    private readonly erasure: ErasureStage,
    private readonly switches: SendingSwitch,
    private readonly settings: Settings,
    private readonly clock: Clock,
    campaignStore: CampaignStore,
    messages: MessageReadModel,
    switchStore: SwitchStore,
    incidents: Incidents,
    scopes: ProjectScopes,
    told: ToldRecord,
    approvals: ApprovalRecord,
    sent: ToldReadModel,
    database: Database,
    metrics: Metrics,
  ) {
    told.register((sql, customerId, incidentIds) => sent.of(sql, customerId, incidentIds));
    approvals.register((sql, incidentIds) => sent.approved(sql, incidentIds));
    scopes.register('campaign', async (id) => {
      const campaign = await campaignStore.find(database, id);
      return campaign && (await incidents.find(database, campaign.incidentId))?.projectId;
    });
    metrics.gauge('campaigns', 'Campaigns by state.', ['state'], async (gauge) => {
      gauge.reset();
      for (const { state, count } of await campaignStore.countByState(database)) gauge.set({ state }, count);
    });
    metrics.gauge(
      'approvals_waiting',
      'Campaigns that wait for a person, by kind and severity of the incident.',
      ['kind', 'severity'],
      async (gauge) => {
        for (const kind of CAMPAIGN_KINDS) for (const severity of SEVERITIES) gauge.set({ kind, severity }, 0);
        for (const { kind, severity, count } of await campaignStore.countWaiting(database))
          gauge.set({ kind, severity }, count);
      },
    );
    metrics.gauge('sending_held', 'Whether all sending is held: 1 held, 0 live.', [], async (gauge) => {
      gauge.set((await switchStore.read(database)).sending === 'held' ? 1 : 0);
    });
    metrics.gauge('messages', 'Messages by channel and state.', ['channel', 'state'], async (gauge) => {
      gauge.reset();
      for (const { channel, state, count } of await messages.countByState(database))
        gauge.set({ channel: channel ?? 'none', state }, count);
    });
    metrics.gauge(
      'messages_over_ceiling',
      'Messages that wait because a ceiling is reached, by channel.',
      ['channel'],
      async (gauge) => {
        gauge.reset();
        for (const channel of CHANNELS) gauge.set({ channel }, 0);
        for (const { channel, count } of await messages.countHeld(database)) gauge.set({ channel }, count);
      },
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.settings.sending === 'held')
      await this.switches.set('held', 'started with FOREWARN_SENDING=held', 'forewarn', this.clock.now());
    this.runner.register(this.campaigns);
    this.runner.register(this.erasure);
  }
}

import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { OpenApiController } from './api-description/openapi.controller.js';
import { ApiDescription } from './api-description/openapi.service.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditStore } from './audit/audit.store.js';
import { AuditTrail } from './audit/audit.trail.js';
import { ContactsModule } from '../contacts/contacts.module.js';
import { CustomersModule } from '../customers/customers.module.js';
import { PlainMailer } from '../delivery/plain-mailer.service.js';
import { ExportController } from './export/export.controller.js';
import { ExportReadModel } from './export/export.read-model.js';
import { NewsStore } from './team/news.store.js';
import { TeamStage } from './team/team.stage.js';
import { WeeklyStage } from './weekly/weekly.stage.js';
import { WeeklyStore } from './weekly/weekly.store.js';
import { RetentionStage } from './retention/retention.stage.js';
import { RetentionStore } from './retention/retention.store.js';
import { HealthController } from './health/health.controller.js';
import { HomeController } from './health/home.controller.js';
import { MetricsServer } from './health/metrics.server.js';

/** WATCH: health, metrics, retention, the team's news, export, the audit trail, and the description of the API. */
@Module({
  imports: [CustomersModule, ContactsModule],
  controllers: [HomeController, HealthController, OpenApiController, AuditController, ExportController],
  providers: [
    ApiDescription,
    AuditStore,
    AuditTrail,
    MetricsServer,
    ExportReadModel,
    RetentionStage,
    RetentionStore,
    NewsStore,
    PlainMailer,
    TeamStage,
    WeeklyStore,
    WeeklyStage,
  ],
})
export class OpsModule implements OnApplicationBootstrap {
  constructor(
    private readonly trail: AuditTrail,
    private readonly retention: RetentionStage,
    private readonly team: TeamStage,
    private readonly weekly: WeeklyStage,
    private readonly runner: StageRunner,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.trail);
    this.runner.register(this.retention);
    this.runner.register(this.team);
    this.runner.register(this.weekly);
  }
}

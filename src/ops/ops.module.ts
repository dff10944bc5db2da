import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { OpenApiController } from './api-description/openapi.controller.js';
import { ApiDescription } from './api-description/openapi.service.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditStore } from './audit/audit.store.js';
import { AuditTrail } from './audit/audit.trail.js';
import { HealthController } from './health/health.controller.js';
import { MetricsServer } from './health/metrics.server.js';

/** WATCH: health, metrics, the audit trail, and the description of the API. */
@Module({
  controllers: [HealthController, OpenApiController, AuditController],
  providers: [ApiDescription, AuditStore, AuditTrail, MetricsServer],
})
export class OpsModule implements OnApplicationBootstrap {
  constructor(
    private readonly trail: AuditTrail,
    private readonly runner: StageRunner,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.trail);
  }
}

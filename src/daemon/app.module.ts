import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, DiscoveryModule } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { ConfigReloadController } from './config-reload.controller.js';
import { ConfigReload, RUNNING_CONFIG } from './config-reload.service.js';
import { AudienceModule } from '../audience/audience.module.js';
import { IDENTITY_CONFIG } from '../customers/identity-config.js';
import { CustomersModule } from '../customers/customers.module.js';
import { DELIVERY_CONFIG } from '../delivery/delivery-config.js';
import { channelsAvailable } from '../delivery/gateway.factories.js';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { DETECTION_CONFIG } from '../detection/detection-config.js';
import { DetectionModule } from '../detection/detection.module.js';
import { AREAS_CONFIG, EXPLANATIONS_CONFIG } from '../explanations/explanations-config.js';
import { ExplanationsModule } from '../explanations/explanations.module.js';
import { TEXTS_CONFIG } from '../explanations/texts-config.js';
import { type ForewarnConfig } from '../forewarn-config.js';
import { ALERTMANAGER_CONFIG, INCIDENTS_CONFIG, MAINTENANCE_CONFIG } from '../incidents/incidents-config.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { Scrubber } from '../events/scrubber.js';
import { PROJECTS_CONFIG } from '../projects/projects-config.js';
import { IntakeModule } from '../intake/intake.module.js';
import { Fingerprinter } from '../grouping/fingerprinter.js';
import { FINGERPRINTS_IN_USE } from '../grouping/fingerprints.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { GROUPING_CONFIG } from '../grouping/grouping-config.js';
import { IssuesModule } from '../issues/issues.module.js';
import { RETENTION_CONFIG } from '../ops/retention-config.js';
import { ContactsModule } from '../contacts/contacts.module.js';
import { HAND_OVERS_CONFIG } from '../contacts/hand-overs-config.js';
import { TEAM_CONFIG } from '../ops/team-config.js';
import { OpsModule } from '../ops/ops.module.js';
import { OutreachModule } from '../outreach/outreach.module.js';
import { OUTREACH_CONFIG } from '../outreach/outreach-config.js';
import { CHANNELS_AVAILABLE, POLICIES_CONFIG } from '../outreach/policy.js';
import { Access } from '../platform/auth/access.js';
import { ProjectScopes } from '../platform/auth/project.scope.js';
import { TokenStore } from '../platform/auth/token.store.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config/settings.js';
import { Database } from '../platform/db/database.js';
import { EventLoopWatch } from '../platform/event-loop.js';
import { ProblemFilter } from '../platform/http/problem.filter.js';
import { PublicUrl } from '../platform/http/public-url.js';
import { RequestMeter } from '../platform/http/request-meter.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { Metrics } from '../platform/metrics.js';
import { StageClock } from '../platform/stages/stage-clock.js';
import { StageRunner } from '../platform/stages/stage-runner.js';

/** Values that exist before the application and are handed to it. */
export interface Runtime {
  readonly settings: Settings;
  readonly config: ForewarnConfig;
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The features in the order in which an event passes them. */
const FLOW = [
  ProjectsModule,
  CustomersModule,
  IntakeModule,
  IssuesModule,
  DetectionModule,
  IncidentsModule,
  AudienceModule,
  ExplanationsModule,
  OutreachModule,
  DeliveryModule,
  ContactsModule,
  OpsModule,
];

/** Services that every feature may ask for. */
@Module({})
class PlatformModule {
  static forRuntime({ settings, config, database, clock, logger }: Runtime): DynamicModule {
    const metrics = new Metrics();
    const values = [
      { provide: Settings, useValue: settings },
      { provide: Database, useValue: database },
      { provide: Clock, useValue: clock },
      { provide: LOGGER, useValue: logger },
      { provide: Metrics, useValue: metrics },
      { provide: RequestMeter, useValue: new RequestMeter(metrics) },
      { provide: EventLoopWatch, useValue: new EventLoopWatch(metrics) },
      { provide: PublicUrl, useValue: new PublicUrl(settings.publicUrl) },
      { provide: TokenStore, useValue: new TokenStore(database, clock, settings.adminToken) },
      { provide: PROJECTS_CONFIG, useValue: config.projects },
      { provide: Scrubber, useValue: new Scrubber(config.scrubbing) },
      { provide: GROUPING_CONFIG, useValue: config.grouping },
      { provide: Fingerprinter, useValue: new Fingerprinter(FINGERPRINTS_IN_USE, config.grouping) },
      { provide: DETECTION_CONFIG, useValue: config.detection },
      { provide: INCIDENTS_CONFIG, useValue: config.incidents },
      { provide: ALERTMANAGER_CONFIG, useValue: config.alertmanager },
      { provide: MAINTENANCE_CONFIG, useValue: config.maintenance },
      { provide: RETENTION_CONFIG, useValue: config.retention },
      { provide: TEXTS_CONFIG, useValue: config.texts },
      { provide: IDENTITY_CONFIG, useValue: config.identity },
      { provide: AREAS_CONFIG, useValue: config.areas },
      { provide: EXPLANATIONS_CONFIG, useValue: config.explanations },
      { provide: HAND_OVERS_CONFIG, useValue: config.handOvers },
      { provide: OUTREACH_CONFIG, useValue: config.outreach },
      { provide: POLICIES_CONFIG, useValue: config.policies },
      { provide: CHANNELS_AVAILABLE, useValue: channelsAvailable(settings, config.delivery) },
      { provide: DELIVERY_CONFIG, useValue: config.delivery },
      { provide: TEAM_CONFIG, useValue: config.team },
    ];
    return {
      module: PlatformModule,
      global: true,
      imports: [ScheduleModule.forRoot(), DiscoveryModule],
      providers: [...values, StageRunner, StageClock, Access, ProjectScopes],
      exports: [...values.map((value) => value.provide), StageRunner, Access, ProjectScopes],
    };
  }
}

/** The whole application. */
@Module({})
export class AppModule {
  static forRuntime(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRuntime(runtime), ...FLOW],
      controllers: [ConfigReloadController],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: RUNNING_CONFIG, useValue: runtime.config },
        ConfigReload,
      ],
    };
  }
}

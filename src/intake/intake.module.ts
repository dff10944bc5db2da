import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { EventBuffer } from './accepted-event.js';
import { IntakeGate } from './intake.gate.js';
import { IntakeRoutes } from './intake.routes.js';
import { LedgerStore } from './ledger.store.js';
import { MemoryBuffer } from './memory.buffer.js';
import { NativeIntake } from './native.intake.js';
import { OtlpIntake } from './otlp.intake.js';
import { OutcomeCounter } from './outcome.counter.js';
import { Projects } from './project.registry.js';
import { ProjectStore } from './project.store.js';
import { ProjectsController } from './projects.controller.js';
import { IntakeLedger } from './public.js';
import { SentryIntake } from './sentry.intake.js';
import { TelemetryRecorder } from './telemetry.recorder.js';
import { TelemetryStore } from './telemetry.store.js';

/** ACCEPT: what apps send, up to the buffer. */
@Module({
  imports: [CustomersModule],
  controllers: [ProjectsController],
  providers: [
    ProjectStore,
    Projects,
    LedgerStore,
    OutcomeCounter,
    IntakeLedger,
    IntakeGate,
    SentryIntake,
    NativeIntake,
    OtlpIntake,
    TelemetryStore,
    TelemetryRecorder,
    IntakeRoutes,
    { provide: EventBuffer, useClass: MemoryBuffer },
  ],
  exports: [Projects, IntakeLedger, EventBuffer, IntakeRoutes],
})
export class IntakeModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly outcomes: OutcomeCounter,
    private readonly telemetry: TelemetryRecorder,
    private readonly projects: Projects,
    buffer: EventBuffer,
    metrics: Metrics,
  ) {
    metrics.gauge('intake_buffer_events', 'Events accepted from the wire that wait for their commit.', [], (gauge) =>
      gauge.set(buffer.depth().events),
    );
    metrics.gauge('intake_buffer_oldest_seconds', 'Age of the oldest waiting event.', [], (gauge) =>
      gauge.set(buffer.depth().oldestMs / 1000),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    this.runner.register(this.outcomes);
    this.runner.register(this.telemetry);
    await this.projects.sync();
  }
}

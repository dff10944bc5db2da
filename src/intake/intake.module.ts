import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CustomersModule } from '../customers/customers.module.js';
import { TraitsModule } from '../customers/traits.module.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config/settings.js';
import { Database } from '../platform/db/database.js';
import { messageOf } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { Metrics } from '../platform/metrics.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { Acceptor } from './buffer/acceptor.service.js';
import { EventBuffer } from './event-buffer.js';
import { BodyReaders } from './reader/body.readers.js';
import { BufferOutlet } from './buffer/buffer-outlet.service.js';
import { BufferParts } from './buffer/buffer.parts.js';
import { IntakeGate } from './http/intake.gate.js';
import { Intake } from './http/intake.service.js';
import { IntakeRoutes } from './http/intake.routes.js';
import { JetStreamBuffer } from './buffer/jetstream.buffer.js';
import { JetStreamLog } from './buffer/jetstream.log.js';
import { KeyLimiter } from './http/key.limiter.js';
import { Forwarder } from './forward/forwarder.service.js';
import { LedgerStore } from './ledger/ledger.store.js';
import { MemoryBuffer } from './buffer/memory.buffer.js';
import { OutcomeCounter } from './ledger/outcome.counter.js';
import { PoisonController } from './ledger/poison.controller.js';
import { PoisonStore } from './ledger/poison.store.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { IntakeLedger } from './public.js';
import { MemoryRoom } from './http/memory.room.js';
import { RequestBodies } from './http/request.bodies.js';
import { RequestTurns } from './http/request.turns.js';
import { ProjectErrorsController } from './ledger/project-errors.controller.js';
import { ReleasesController } from './telemetry/releases.controller.js';
import { TelemetryRecorder } from './telemetry/telemetry.recorder.js';
import { TraceNames } from './trace-names.service.js';
import { TrustKeeper } from './buffer/trust.keeper.js';
import { TelemetryStore } from './telemetry/telemetry.store.js';

/** JetStream where `NATS_URL` names one, memory otherwise. */
async function chooseBuffer(
  settings: Settings,
  database: Database,
  poison: PoisonStore,
  parts: BufferParts,
): Promise<EventBuffer> {
  if (settings.natsUrl === undefined) return new MemoryBuffer(parts);
  const { outlet, outcomes, clock, logger } = parts;
  const log = await JetStreamLog.open(settings.natsUrl, await poison.installation(database), logger);
  return new JetStreamBuffer({ log, outlet, outcomes, clock, logger, digests: settings.roles.has('digest') });
}

/** ACCEPT: what apps send, up to the buffer. */
@Module({
  imports: [CustomersModule, TraitsModule, ProjectsModule],
  controllers: [PoisonController, ReleasesController, ProjectErrorsController],
  providers: [
    LedgerStore,
    OutcomeCounter,
    IntakeLedger,
    KeyLimiter,
    IntakeGate,
    TrustKeeper,
    TraceNames,
    Acceptor,
    TelemetryStore,
    TelemetryRecorder,
    MemoryRoom,
    RequestBodies,
    RequestTurns,
    BodyReaders,
    Forwarder,
    Intake,
    IntakeRoutes,
    PoisonStore,
    BufferOutlet,
    BufferParts,
    {
      provide: EventBuffer,
      useFactory: chooseBuffer,
      inject: [Settings, Database, PoisonStore, BufferParts],
    },
  ],
  exports: [IntakeLedger, TraceNames, EventBuffer, BodyReaders, IntakeRoutes],
})
export class IntakeModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly runner: StageRunner,
    private readonly outcomes: OutcomeCounter,
    private readonly telemetry: TelemetryRecorder,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    buffer: EventBuffer,
    room: MemoryRoom,
    metrics: Metrics,
  ) {
    const held = 'Memory set aside for bodies that are being read or committed; requests wait beyond a bound.';
    metrics.gauge('intake_held_bytes', held, [], (gauge) => gauge.set(room.used));
    metrics.gauge('intake_buffer_events', 'Events accepted from the wire that wait for their commit.', [], (gauge) =>
      gauge.set(buffer.depth().events),
    );
    metrics.gauge('intake_buffer_oldest_seconds', 'Age of the oldest waiting event.', [], (gauge) =>
      gauge.set(buffer.depth().oldestMs / 1000),
    );
  }

  onApplicationBootstrap(): void {
    this.runner.register(this.outcomes);
    this.runner.register(this.telemetry);
  }

  /** Writes what was gathered since the last run of these stages. */
  async onModuleDestroy(): Promise<void> {
    try {
      await this.outcomes.runOnce();
      await this.telemetry.runOnce(this.clock.now());
    } catch (error) {
      this.logger.error({ err: error }, `counts gathered in memory were lost: ${messageOf(error)}`);
    }
  }
}

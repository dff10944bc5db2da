import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Clock } from '../clock.js';
import { Database } from '../db/database.js';
import { messageOf } from '../errors.js';
import { LOGGER, type Logger } from '../logging/logger.js';
import { Metrics } from '../metrics.js';
import { OWN_STAGES, type Stage, type StageName, STAGE_NAMES } from './stage.js';
import { WAKE_CHANNEL } from './wake.js';

/** How long to wait before the wake-up session is opened again. */
const RELISTEN_MS = 2000;

/** A stage rests at least this many times as long as its last run took, so that work in the background leaves room for intake. */
const REST = 9;
const LONGEST_REST_MS = 30_000;

interface Running {
  readonly stage: Stage;
  busy: Promise<void> | undefined;
  again: boolean;
}

/**
 * The one place that touches @nestjs/schedule. Its `@Interval` is a bare setInterval, so runs could overlap; here the
 * next run starts after the last one ended. Wakes a stage early on NOTIFY, and on stop lets each finish its batch.
 */
@Injectable()
export class StageRunner {
  private readonly stages = new Map<StageName, Running>();
  private stopping = false;
  private started: ReadonlySet<StageName> = new Set();
  private listening: { end: () => void } | undefined;
  private readonly runs;
  private readonly seconds;
  private readonly lastSuccess;

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly clock: Clock,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.runs = metrics.counter('stage_runs_total', 'Runs of background stages by result.', ['stage', 'result']);
    this.seconds = metrics.histogram(
      'stage_run_seconds',
      'Duration of one stage run.',
      ['stage'],
      [0.005, 0.02, 0.1, 0.5, 2, 10],
    );
    this.lastSuccess = metrics.gauge(
      'stage_last_success_timestamp_seconds',
      'When a stage last ended without a fault.',
      ['stage'],
    );
  }

  /**
   * Adds a stage.
   * @throws when the name is taken: each stage is registered exactly once
   */
  register(stage: Stage): void {
    if (this.stages.has(stage.name)) throw new Error(`stage ${stage.name} is registered twice`);
    this.stages.set(stage.name, { stage, busy: undefined, again: false });
    if (this.started.has(stage.name)) this.schedule(stage.name, 0);
  }

  /**
   * The stage of this name.
   * @throws when nobody registered it
   */
  stage(name: StageName): Stage {
    const running = this.stages.get(name);
    if (!running) throw new Error(`stage ${name} is not registered`);
    return running.stage;
  }

  /**
   * Starts all stages and the wake-up session.
   * @throws when one of the names has no stage
   */
  async start(): Promise<void> {
    this.begin(STAGE_NAMES);
    await this.listen();
  }

  /** Starts only what every process needs, whatever its roles. */
  startOwn(): void {
    this.begin(OWN_STAGES);
  }

  /** Runs a stage as soon as it can; without effect on one that is not registered. */
  wake(name: string): void {
    const running = this.stages.get(name as StageName);
    if (!running || this.stopping || !this.started.has(running.stage.name)) return;
    if (running.busy) running.again = true;
    else this.schedule(running.stage.name, 0);
  }

  /** No further runs; waits for those under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.listening?.end();
    for (const name of this.stages.keys()) this.unschedule(name);
    await Promise.all([...this.stages.values()].map(async (running) => running.busy));
  }

  private begin(names: readonly StageName[]): void {
    for (const name of names) this.stage(name);
    this.started = new Set(names);
    for (const name of names) this.schedule(name, 0);
  }

  private schedule(name: StageName, delayMs: number): void {
    if (this.stopping) return;
    this.unschedule(name);
    this.scheduler.addTimeout(
      name,
      setTimeout(() => this.run(name), delayMs),
    );
  }

  private unschedule(name: StageName): void {
    if (this.scheduler.doesExist('timeout', name)) this.scheduler.deleteTimeout(name);
  }

  private run(name: StageName): void {
    const running = this.stages.get(name);
    if (!running || running.busy || this.stopping) return;
    running.again = false;
    running.busy = this.runAndCount(running.stage).then(({ more, tookMs }) => {
      running.busy = undefined;
      const pause = Math.max(running.stage.pauseMs, Math.min(tookMs * REST, LONGEST_REST_MS));
      this.schedule(name, more || running.again ? 0 : pause);
    });
  }

  private async runAndCount(stage: Stage): Promise<{ more: boolean; tookMs: number }> {
    const began = this.clock.now();
    const more = await this.attempt(stage, began);
    const tookMs = this.clock.now().getTime() - began.getTime();
    this.seconds.observe({ stage: stage.name }, tookMs / 1000);
    return { more, tookMs };
  }

  private async attempt(stage: Stage, now: Date): Promise<boolean> {
    try {
      const result = await stage.runOnce(now);
      this.runs.inc({ stage: stage.name, result: 'ok' });
      this.lastSuccess.set({ stage: stage.name }, this.clock.now().getTime() / 1000);
      if (result.worked > 0) this.logger.debug({ stage: stage.name, worked: result.worked }, 'stage ran');
      return result.more;
    } catch (error) {
      this.runs.inc({ stage: stage.name, result: 'error' });
      this.logger.error({ stage: stage.name, err: error }, `stage failed: ${messageOf(error)}`);
      return false;
    }
  }

  /** A lost session is opened again; until then the stages' own pauses keep everything moving. */
  private async listen(): Promise<void> {
    if (this.stopping) return;
    try {
      const client = await this.database.session();
      this.listening = { end: () => client.release(true) };
      client.on('notification', (message) => this.wake(message.payload ?? ''));
      client.on('error', (error) => {
        this.logger.warn({ err: error }, 'the wake-up session was lost');
        client.release(true);
        this.listening = undefined;
        setTimeout(() => void this.listen(), RELISTEN_MS).unref();
      });
      await client.query(`LISTEN ${WAKE_CHANNEL}`);
    } catch (error) {
      this.logger.warn({ err: error }, 'no wake-up session; stages run by their pauses alone');
      setTimeout(() => void this.listen(), RELISTEN_MS).unref();
    }
  }
}

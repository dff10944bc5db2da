import { Inject, Injectable } from '@nestjs/common';
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

/**
 * How long `stop` waits for runs under way, milliseconds: first to finish their batch, then, aborted, to end. Together less than the 30 s
 * that Kubernetes gives a pod by default. Half would abort a dispatch that waits for a slow provider; double would be killed.
 */
const STOP_MS = 10_000;

interface Running {
  readonly stage: Stage;
  busy: Promise<void> | undefined;
  again: boolean;
  timer: NodeJS.Timeout | undefined;
  /** Ends the run under way. */
  abort: AbortController | undefined;
}

/**
 * Runs every stage by itself: the next run starts a pause after the last one has ended, or early on NOTIFY, so runs of one stage never
 * overlap. A run that takes longer than its stage's limit is aborted and counted. On stop each run may finish its batch.
 */
@Injectable()
export class StageRunner {
  private readonly stages = new Map<StageName, Running>();
  private stopping = false;
  private started: ReadonlySet<StageName> = new Set();
  private listening: { end: () => void } | undefined;
  private readonly runs;
  private readonly limits;
  private readonly seconds;
  private readonly lastSuccess;

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    const cuts = metrics.counter(
      'database_cuts_total',
      'Statements that were ended by a limit of the database pool, or aborted with the stage or request that asked.',
      ['limit'],
    );
    database.reportCuts((limit) => cuts.inc({ limit }));
    this.limits = metrics.gauge('stage_limit_seconds', 'Duration after which a stage run is aborted.', ['stage']);
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
    const idle = { busy: undefined, again: false, timer: undefined, abort: undefined };
    this.stages.set(stage.name, { stage, ...idle });
    this.limits.set({ stage: stage.name }, stage.limitMs / 1000);
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

  /**
   * Starts no further run and waits for those under way, but not for ever: after `waitMs` they are aborted, and after as long again the
   * daemon ends without them. What they had not committed is done by the next process.
   */
  async stop(waitMs = STOP_MS): Promise<void> {
    this.stopping = true;
    this.listening?.end();
    for (const running of this.stages.values()) clearTimeout(running.timer);
    if (await this.endWithin(waitMs)) return;
    for (const { abort } of this.stages.values()) abort?.abort(new Error('the daemon stops'));
    if (await this.endWithin(waitMs)) return;
    const stages = [...this.stages.values()].filter(({ busy }) => busy !== undefined).map(({ stage }) => stage.name);
    this.logger.error({ stages }, `the daemon ends without stages that do not end: ${stages.join(', ')}`);
  }

  private async endWithin(ms: number): Promise<boolean> {
    const ended = Promise.all([...this.stages.values()].map(async ({ busy }) => busy)).then(() => true);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((done) => (timer = setTimeout(() => done(false), ms)));
    return Promise.race([ended, late]).finally(() => clearTimeout(timer));
  }

  private begin(names: readonly StageName[]): void {
    for (const name of names) this.stage(name);
    this.started = new Set(names);
    for (const name of names) this.schedule(name, 0);
  }

  private schedule(name: StageName, delayMs: number): void {
    const running = this.stages.get(name);
    if (!running || this.stopping) return;
    clearTimeout(running.timer);
    running.timer = setTimeout(() => this.run(running), delayMs);
  }

  private run(running: Running): void {
    if (running.busy || this.stopping) return;
    const { stage } = running;
    running.again = false;
    running.busy = this.runAndCount(running).then(({ more, tookMs }) => {
      running.busy = undefined;
      running.abort = undefined;
      if (more || running.again) this.schedule(stage.name, 0);
      else if (stage.pauseMs !== 'hourly')
        this.schedule(stage.name, Math.max(stage.pauseMs, Math.min(tookMs * REST, LONGEST_REST_MS)));
    });
  }

  private async runAndCount(running: Running): Promise<{ more: boolean; tookMs: number }> {
    const { stage } = running;
    const abort = (running.abort = new AbortController());
    const limit = setTimeout(() => this.abort(stage, abort), stage.limitMs).unref();
    const began = this.clock.now();
    const more = await this.attempt(stage, began, abort.signal).finally(() => clearTimeout(limit));
    const tookMs = this.clock.now().getTime() - began.getTime();
    this.seconds.observe({ stage: stage.name }, tookMs / 1000);
    return { more, tookMs };
  }

  /** Counts at once, since a run that does not heed its signal may never end. */
  private abort(stage: Stage, abort: AbortController): void {
    this.runs.inc({ stage: stage.name, result: 'aborted' });
    const message = `stage ran longer than its limit of ${stage.limitMs / 1000} s and is aborted`;
    this.logger.error({ stage: stage.name }, message);
    abort.abort(new Error(message));
  }

  private async attempt(stage: Stage, now: Date, signal: AbortSignal): Promise<boolean> {
    try {
      const result = await stage.runOnce(now, signal);
      if (signal.aborted) return false;
      this.runs.inc({ stage: stage.name, result: 'ok' });
      this.lastSuccess.set({ stage: stage.name }, this.clock.now().getTime() / 1000);
      if (result.worked > 0) this.logger.debug({ stage: stage.name, worked: result.worked }, 'stage ran');
      return result.more;
    } catch (error) {
      if (signal.aborted) return false; // counted when it was aborted
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
      let isHeld = true;
      const end = () => {
        if (isHeld) client.release(true);
        isHeld = false;
      };
      if (this.stopping) return end();
      this.listening = { end };
      client.on('notification', (message) => this.wake(message.payload ?? ''));
      client.on('error', (error) => {
        if (!isHeld) return; // we had ended it, and the server's farewell came late
        this.logger.warn({ err: error }, 'the wake-up session was lost');
        end();
        this.listening = undefined;
        setTimeout(() => void this.listen(), RELISTEN_MS).unref();
      });
      await client.query(`LISTEN ${WAKE_CHANNEL}`).catch((error: unknown) => {
        if (!isHeld) return; // that it was lost is said already
        end();
        throw error;
      });
    } catch (error) {
      this.logger.warn({ err: error }, 'no wake-up session; stages run by their pauses alone');
      setTimeout(() => void this.listen(), RELISTEN_MS).unref();
    }
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { Projects } from '../../projects/project.registry.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { wake } from '../../platform/stages/wake.js';
import { DETECTION_CONFIG, type DetectionConfig, thresholdsOf } from '../detection-config.js';
import { DetectionStore } from './detection.store.js';
import { type Called, ProjectWatch } from './project-watch.js';
import { type IssueMinute, issueSeries, partsOf, sumsOf, WHOLE_PROJECT, YOUNG_ISSUES } from '../series.js';
import { SeriesReadModel } from '../read/series.read-model.js';
import { ShareReader, type ShareRows } from './share.reader.js';
import { StateStore } from './state.store.js';
import { VerdictWriter } from './verdict.writer.js';

const MINUTE = 60_000;
/**
 * Delay after which we close a minute: by then running batches have committed and the sessions of that minute have
 * arrived.
 */
const CLOSE_AFTER_MS = 90_000;
/** Minutes that we catch up after a stop; earlier ones become a gap in the data. A first start learns from as many. */
const CATCH_UP_MINUTES = 24 * 60;
/**
 * Delay in minutes up to which we know that we were there to receive, so that silence is the app's. After a longer
 * absence only minutes with events count.
 */
const WATCHED_MINUTES = 5;
/** Looks in one run, about two seconds of work; the next run does the rest. */
const EFFORT = 100_000;
const CHUNK_MINUTES = 120;
const NOTHING: { open: readonly IssueMinute[]; busy: ReadonlySet<number> } = { open: [], busy: new Set() };
/** Customers in two minutes below which nothing can be called (the least on which watch.v1 acts). */
const FEWEST = 2;
/** Customers who show that a fix does not hold: fewer than a new fault needs. */
const REGRESSION_CUSTOMERS = 3;

/**
 * NOTICE: follows each series minute by minute and stores what is out of the ordinary. Verdicts and states commit
 * together, and one process at a time works on a project. States depend on closed minutes only, so a restart or a
 * second process changes no verdict.
 */
@Injectable()
export class DetectStage implements Stage {
  readonly name = 'detect';
  readonly pauseMs = 900; // together with the run itself, one look a second
  readonly limitMs = 120_000;

  constructor(
    @Inject(DETECTION_CONFIG) private readonly config: DetectionConfig,
    private readonly projects: Projects,
    private readonly series: SeriesReadModel,
    private readonly shares: ShareReader,
    private readonly states: StateStore,
    private readonly writer: VerdictWriter,
    private readonly store: DetectionStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    let worked = 0;
    let more = false;
    for (const { id } of this.projects.list()) {
      const result = await this.database
        .until(signal)
        .transaction(async (tx) => ((await tx.tryLock(`detect:${id}`)) ? this.watch(tx, id, now) : undefined));
      worked += result?.worked ?? 0;
      more ||= result?.more ?? false;
    }
    return { worked, more };
  }

  private async watch(tx: Tx, projectId: number, now: Date): Promise<StageResult> {
    const closed = Math.floor((now.getTime() - CLOSE_AFTER_MS) / MINUTE);
    const running = Math.floor(now.getTime() / MINUTE);
    const from = await this.start(tx, projectId, running);
    if (from === undefined) return { worked: await this.regressions(tx, projectId, now), more: false };
    const first = Math.max(from, running - CATCH_UP_MINUTES);
    const until = Math.min(closed, first + CHUNK_MINUTES);
    const rows = await this.series.rows(tx, projectId, first, Math.max(until, first));
    const behind = until < closed;
    const { open, busy } = behind ? NOTHING : await this.openRows(tx, projectId, Math.max(until, first), running);
    if (until <= first && open.length === 0) return { worked: await this.regressions(tx, projectId, now), more: false };
    const shares = await this.shares.read(tx, projectId, first, until);
    const counted = [...rows, ...open.filter((row) => busy.has(row.issueId))];
    const watch = await this.loaded(tx, projectId, first, counted, shares.names, now);
    const called: Called[] = [];
    let reached = first;
    const watchedSince = closed - first > WATCHED_MINUTES ? Infinity : first;
    for (const minute of await this.series.activity(tx, projectId, first, until, watchedSince)) {
      const its = rows.filter((row) => row.minute === minute.minute);
      called.push(...watch.close(minute, its, shares.of(minute, its)));
      reached = minute.minute + 1;
      if (watch.effort > EFFORT) break;
    }
    const caughtUp = reached >= closed;
    if (caughtUp) called.push(...watch.peek(open, busy, now.getTime()));
    const written = await this.writer.write(tx, projectId, called, watch);
    if (until > first || called.length > 0) await this.save(tx, projectId, watch, now);
    const regressions = await this.regressions(tx, projectId, now);
    if (written + regressions > 0) await wake(tx, 'incident-open');
    return { worked: written + regressions, more: !caughtUp };
  }

  /** Finds the first minute to close. The watch of a project begins with its first count. */
  private async start(tx: Tx, projectId: number, running: number): Promise<number | undefined> {
    const next = await this.states.nextMinute(tx, projectId);
    return next ?? this.series.firstMinute(tx, projectId, running - CATCH_UP_MINUTES);
  }

  /**
   * Reads the rows of minutes that are still being counted. Looks only at issues with enough customers to call
   * something now; the sums take all rows.
   */
  private async openRows(tx: Tx, projectId: number, from: number, running: number): Promise<typeof NOTHING> {
    const { newFault } = thresholdsOf(this.config);
    const window = Math.max(newFault.withinMinutes, 2);
    const rows = await this.series.rows(tx, projectId, from, running + 1);
    const fewest = Math.min(FEWEST, newFault.customers);
    if (rows.reduce((sum, { arrivals }) => sum + arrivals, 0) === 0) return NOTHING;
    const busy = new Set(await this.series.busy(tx, projectId, running - window + 1, from, fewest));
    const abnormal = await this.states.abnormal(tx, projectId, [...busy].map(issueSeries));
    for (const id of busy) if (abnormal.has(issueSeries(id))) busy.delete(id);
    return busy.size === 0 && rows.length < fewest ? NOTHING : { open: rows, busy };
  }

  private async loaded(
    tx: Tx,
    projectId: number,
    first: number,
    rows: readonly IssueMinute[],
    shares: ShareRows['names'],
    now: Date,
  ): Promise<ProjectWatch> {
    const names = new Set(rows.flatMap((row) => [issueSeries(row.issueId), ...sumsOf(row, -Infinity)]));
    const states =
      (await this.states.load(tx, projectId, [WHOLE_PROJECT, YOUNG_ISSUES, ...names, ...shares])) ??
      ProjectWatch.statesFrom(first);
    return new ProjectWatch(states, thresholdsOf(this.config), await this.series.deployedAt(tx, projectId, now));
  }

  /** Saves the states. Keeps as many releases, services and areas as we watch. */
  private async save(tx: Tx, projectId: number, watch: ProjectWatch, now: Date): Promise<void> {
    await this.states.save(tx, projectId, watch, now);
    const isNamedSum = (series: string) => partsOf(series).name !== null && partsOf(series).kind !== 'issue';
    if (watch.started.some(isNamedSum)) await this.states.forgetMost(tx, projectId);
  }

  /** Writes a verdict on each issue that digest opened again because it hit a release that should hold the fix. */
  private async regressions(tx: Tx, projectId: number, now: Date): Promise<number> {
    const needed = Math.min(REGRESSION_CUSTOMERS, this.config.newFault.customers);
    let written = 0;
    for (const { issueId, regressedAt, customers } of await this.series.regressed(
      tx,
      projectId,
      new Date(now.getTime() - CATCH_UP_MINUTES * MINUTE),
    )) {
      const series = issueSeries(issueId);
      const said = await this.store.lastOf(tx, projectId, series, 'regression');
      if (customers < needed || (said && said >= regressedAt)) continue;
      const words = `${customers} ${customers === 1 ? 'customer' : 'customers'} since it came back after it was resolved`;
      const evidence = { expected: 0, seen: customers, customers, unit: 'customers' as const, unlikeliness: 0, words };
      await this.store.insert(tx, {
        projectId,
        issueId,
        series,
        kind: 'regression',
        since: regressedAt,
        detectedAt: now,
        evidence,
      });
      written += 1;
    }
    return written;
  }
}

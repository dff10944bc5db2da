import { Inject, Injectable } from '@nestjs/common';
import { Projects } from '../intake/public.js';
import { Database, type Tx } from '../platform/db/database.js';
import { type Stage, type StageResult } from '../platform/stages/stage.js';
import { wake } from '../platform/stages/wake.js';
import { DETECTION_CONFIG, type DetectionConfig, thresholdsOf } from './detection-config.js';
import { DetectionStore } from './detection.store.js';
import { type Called, ProjectWatch } from './project-watch.js';
import { type IssueMinute, issueOf, issueSeries, sumsOf, WHOLE_PROJECT, YOUNG_ISSUES } from './series.js';
import { outageCustomers } from './algorithm/watch.v1.js';
import { SeriesReadModel } from './series.read-model.js';
import { StateStore } from './state.store.js';

const MINUTE = 60_000;
/** A minute is closed this long after its end: batches under way commit, and sessions of that minute arrive. */
const CLOSE_AFTER_MS = 90_000;
/** After a longer stop, minutes before this are a gap in the data; a first start learns from this much. */
const CATCH_UP_MINUTES = 24 * 60;
/** Silent minutes not older than this were watched by us; older ones only if something came. */
const WATCHED_MINUTES = 5;
/** Looks in one run, about two seconds; the rest is for the next. */
const EFFORT = 100_000;
const CHUNK_MINUTES = 120;
const NOTHING: { open: readonly IssueMinute[]; busy: ReadonlySet<number> } = { open: [], busy: new Set() };
/** Fewer customers than this in two minutes say nothing (the least that watch.v1 acts on). */
const FEWEST = 2;
/** A fix is doubted by fewer customers than a new fault needs. */
const REGRESSION_CUSTOMERS = 3;

/**
 * NOTICE: follows each series minute by minute and writes down what is out of the ordinary. Verdicts and states commit together, one
 * process at a time a project, and states depend on closed minutes only, so a restart or a second process changes no verdict.
 */
@Injectable()
export class DetectStage implements Stage {
  readonly name = 'detect';
  readonly pauseMs = 1000;

  constructor(
    @Inject(DETECTION_CONFIG) private readonly config: DetectionConfig,
    private readonly projects: Projects,
    private readonly series: SeriesReadModel,
    private readonly states: StateStore,
    private readonly store: DetectionStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date): Promise<StageResult> {
    let worked = 0;
    let more = false;
    for (const { id } of this.projects.list()) {
      const result = await this.database.transaction(async (tx) =>
        (await tx.tryLock(`detect:${id}`)) ? this.watch(tx, id, now) : undefined,
      );
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
    const watch = await this.loaded(
      tx,
      projectId,
      first,
      [...rows, ...open.filter((row) => busy.has(row.issueId))],
      now,
    );
    const called: Called[] = [];
    let reached = first;
    for (const minute of await this.series.activity(tx, projectId, first, until, closed - WATCHED_MINUTES)) {
      called.push(
        ...watch.close(
          minute,
          rows.filter((row) => row.minute === minute.minute),
        ),
      );
      reached = minute.minute + 1;
      if (watch.effort > EFFORT) break;
    }
    const caughtUp = reached >= closed;
    if (caughtUp) called.push(...watch.peek(open, busy, now.getTime()));
    const written = await this.write(tx, projectId, called, [...rows, ...open], watch);
    if (until > first || written > 0 || called.length > 0) await this.states.save(tx, projectId, watch, now);
    const regressions = await this.regressions(tx, projectId, now);
    if (written + regressions > 0) await wake(tx, 'incident-open');
    return { worked: written + regressions, more: !caughtUp };
  }

  /** The first minute to close; a project is watched from its first count on. */
  private async start(tx: Tx, projectId: number, running: number): Promise<number | undefined> {
    const next = await this.states.nextMinute(tx, projectId);
    return next ?? this.series.firstMinute(tx, projectId, running - CATCH_UP_MINUTES);
  }

  /** Rows of minutes still being counted, of issues that reached enough customers to say something now, and for the sums all. */
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
    now: Date,
  ): Promise<ProjectWatch> {
    const names = new Set(rows.flatMap((row) => [issueSeries(row.issueId), ...sumsOf(row, -Infinity)]));
    const states =
      (await this.states.load(tx, projectId, [WHOLE_PROJECT, YOUNG_ISSUES, ...names])) ??
      ProjectWatch.statesFrom(first);
    return new ProjectWatch(states, thresholdsOf(this.config), await this.series.deployedAt(tx, projectId, now));
  }

  /** Writes verdicts down. A sum counts a customer of two issues twice, so its customers are counted anew. */
  private async write(
    tx: Tx,
    projectId: number,
    called: readonly Called[],
    rows: readonly IssueMinute[],
    watch: ProjectWatch,
  ): Promise<number> {
    let written = 0;
    const refused = new Set<string>();
    for (const { series, verdict } of called) {
      const { kind, since, at, ...evidence } = verdict;
      if (kind === 'recovered' && refused.delete(series)) continue;
      const issueId = issueOf(series);
      const isSum = issueId === undefined && (kind === 'spike' || kind === 'slow_burn');
      const needed =
        series === YOUNG_ISSUES ? outageCustomers(thresholdsOf(this.config)) : this.config.newFault.customers;
      const issues = isSum ? issuesOf(series, rows, watch.since) : [];
      const customers = isSum ? await this.series.customersSince(tx, issues, new Date(since)) : evidence.seen;
      if (isSum && customers < needed) {
        watch.takeBack(series, since);
        refused.add(series);
        continue;
      }
      const row = {
        projectId,
        issueId: issueId ?? null,
        series,
        kind,
        since: new Date(since),
        detectedAt: new Date(at),
      };
      await this.store.insert(tx, {
        ...row,
        evidence: { ...evidence, customers, ...(isSum && { issues: issues.map(String) }) },
      });
      written += 1;
    }
    return written;
  }

  /** An issue that digest opened again, since it hit a release that was to hold the fix. */
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
      const evidence = { expected: 0, seen: customers, customers, unit: 'customers', unlikeliness: 0, words };
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

function issuesOf(series: string, rows: readonly IssueMinute[], projectSince: number): number[] {
  return [...new Set(rows.filter((row) => sumsOf(row, projectSince).includes(series)).map((row) => row.issueId))];
}

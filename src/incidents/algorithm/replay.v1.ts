import type { DetectionThresholds, MinuteRow, Verdict } from '../../detection/detection.js';
import { beat, newPulse } from '../../detection/algorithm/pulse.v1.js';
import { isAtRest, newWatch, observe, type WatchState } from '../../detection/algorithm/detectors/watch.v1.js';
import {
  areaOf,
  bySeries,
  type IssueMinute,
  issueOf,
  issueSeries,
  leastBehind,
  partsOf,
  sumsOf,
} from '../../detection/series.js';
import { BORN_BEFORE_MS, type Finding, groupFindings, type IssueLink } from './cluster.v1.js';
import { DEFAULT_LIFECYCLE, type LifecycleSettings } from './lifecycle.v1.js';

/** Stored history of one project, rows in order of time. */
export interface History {
  /** Every minute to replay; `active` is null if the app does not tell, `received` false in gaps of the data. */
  readonly minutes: readonly { readonly minute: number; readonly active: number | null; readonly received: boolean }[];
  /** Minutes with hits, of all issues. */
  readonly hits: readonly IssueMinute[];
  readonly links: readonly IssueLink[];
  /** Deploys and restarts, epoch milliseconds, in order. */
  readonly deploys: readonly number[];
  /** First minute whose verdicts count; the history before only teaches. */
  readonly from: number;
}

/** Incident that would have opened. */
export interface ReplayedIncident {
  readonly issueIds: readonly number[];
  /**
   * Issues of the incident, and those that a sum (the project, a service, an area) adds up. An incident of sums alone
   * has only the latter.
   */
  readonly behind: readonly number[];
  /**
   * Distinct customers that an incident of sums alone must have hit to count, since sums count a customer of two issues
   * twice; else 0.
   */
  readonly least: number;
  /** First minute in which the incident hit a customer, epoch minutes. */
  readonly firstCustomerMinute: number;
  /** Minute in which it would have opened. */
  readonly firstAlertMinute: number;
  /** Last minute with a hit before it would have closed. */
  readonly lastCustomerMinute: number;
  /** Most customers who would have been told; one may be hit through several issues. */
  readonly customers: number;
  readonly reasons: readonly string[];
}

/** Verdict ready for clustering, with the issues and customers that it brings to its incident. */
interface Called {
  readonly finding: Finding;
  readonly issueIds: readonly number[];
  readonly behind: readonly number[];
  readonly least: number;
}

interface Draft {
  readonly id: string;
  readonly findings: Finding[];
  readonly issueIds: Set<number>;
  /** Issues behind the verdict, each with the minute in which it joined. */
  readonly behind: Map<number, number>;
  least: number;
  readonly reasons: Set<string>;
  readonly alert: number;
  first: number;
  last: number;
  customers: number;
}

/**
 * Tells what would have happened with these thresholds. Replays the history minute by minute through the detector and
 * the clustering that run live, each issue and each sum; does not replay shares (of releases, sessions, active
 * customers). An incident closes after `quietForMs` without a hit on its issues.
 */
export function replay(
  history: History,
  thresholds: DetectionThresholds,
  settings: LifecycleSettings = DEFAULT_LIFECYCLE,
): ReplayedIncident[] {
  const [start] = history.minutes;
  if (!start) return [];
  const run = new Replay(history, thresholds, settings, start.minute);
  for (const minute of history.minutes) run.step(minute);
  return run.finish();
}

class Replay {
  private readonly pulse;
  private readonly watches = new Map<string, WatchState>();
  private readonly restless = new Set<string>();
  private open: Draft[] = [];
  private readonly closed: Draft[] = [];
  private next = 0;
  private deploy = 0;

  constructor(
    private readonly history: History,
    private readonly thresholds: DetectionThresholds,
    private readonly settings: LifecycleSettings,
    private readonly start: number,
  ) {
    this.pulse = newPulse(start);
  }

  step(at: History['minutes'][number]): void {
    beat(this.pulse, at);
    const rows = this.rowsOf(at.minute);
    const fresh = bySeries(rows, this.start);
    const called: Called[] = [];
    for (const series of new Set([...fresh.keys(), ...this.restless])) {
      const verdict = this.look(series, fresh.get(series) ?? [], at.minute).find(({ kind }) => kind !== 'recovered');
      if (verdict && at.minute >= this.history.from) called.push(this.called(series, verdict));
    }
    this.place(called, at.minute);
    this.countHits(rows, at.minute);
  }

  finish(): ReplayedIncident[] {
    return [...this.closed, ...this.open].sort((a, b) => a.alert - b.alert).map(reportOf);
  }

  private rowsOf(minute: number): IssueMinute[] {
    const { hits } = this.history;
    const first = this.next;
    while ((hits[this.next]?.minute ?? Infinity) <= minute) this.next += 1;
    return hits.slice(first, this.next);
  }

  private look(series: string, rows: readonly MinuteRow[], minute: number): Verdict[] {
    const watch = this.watches.get(series) ?? newWatch(minute, issueOf(series) !== undefined);
    this.watches.set(series, watch);
    const now = (minute + 1) * 60_000;
    const context = { now, pulse: this.pulse, deployedAt: this.deployedAt(now), thresholds: this.thresholds };
    const verdicts = observe(watch, rows, context);
    if (isAtRest(watch)) this.restless.delete(series);
    else this.restless.add(series);
    return verdicts;
  }

  private deployedAt(now: number): number | undefined {
    while ((this.history.deploys[this.deploy] ?? Infinity) <= now) this.deploy += 1;
    return this.history.deploys[this.deploy - 1];
  }

  private called(series: string, { kind, since, seen, at }: Verdict): Called {
    const minute = Math.floor(since / 60_000);
    const behind = this.behind(series, minute);
    const issueId = issueOf(series);
    const { kind: of, name } = partsOf(series);
    const isSum = issueId === undefined;
    const service = isSum ? (of === 'service' ? name : null) : behind[0]?.service;
    const finding: Finding = {
      id: `${series}@${at}`,
      issueId: isSum ? null : String(issueId),
      kind,
      since,
      services: service ? [service] : [],
      firstRelease: null,
      area: isSum ? areaOf(series) : behind[0]?.area,
      ...(isSum && { issues: behind.map((one) => String(one.issueId)) }),
      customers: [],
      customersHit: seen,
    };
    const born = behind.filter((one) => one.since * 60_000 >= since - BORN_BEFORE_MS);
    return {
      finding,
      issueIds: isSum ? born.map((one) => one.issueId) : [issueId],
      behind: isSum ? behind.map((one) => one.issueId) : [issueId],
      least: isSum ? leastBehind(series, this.thresholds) : 0,
    };
  }

  /** Finds the newest row of each issue that counted in a series since a minute. */
  private behind(series: string, since: number): IssueMinute[] {
    const newest = new Map<number, IssueMinute>();
    for (let at = this.next - 1; (this.history.hits[at]?.minute ?? -1) >= since; at -= 1) {
      const row = this.history.hits[at]!;
      if (newest.has(row.issueId)) continue;
      if (issueSeries(row.issueId) === series || sumsOf(row, this.start).includes(series)) newest.set(row.issueId, row);
    }
    return [...newest.values()];
  }

  private place(called: readonly Called[], minute: number): void {
    const quiet = this.settings.quietForMs / 60_000;
    this.closed.push(...this.open.filter(({ last }) => minute - last >= quiet));
    this.open = this.open.filter(({ last }) => minute - last < quiet);
    const byId = new Map(called.map((one) => [one.finding.id, one]));
    const findings = called.map(({ finding }) => finding);
    for (const group of groupFindings(findings, this.open, this.history.links)) {
      const held = this.open.find(({ id }) => id === group.incidentId) ?? this.draft(group.findings, minute);
      for (const { id } of group.findings) join(held, byId.get(id)!, minute);
      for (const reason of group.reasons) held.reasons.add(reason);
    }
  }

  private draft([first]: readonly Finding[], minute: number): Draft {
    const id = first?.id ?? '';
    const draft: Draft = {
      id,
      findings: [],
      issueIds: new Set(),
      behind: new Map(),
      least: Infinity,
      reasons: new Set(),
      alert: minute,
      first: minute,
      last: minute,
      customers: 0,
    };
    this.open.push(draft);
    return draft;
  }

  /**
   * Adds arrivals to open incidents. Those of an issue's first minute came with its verdict, so they count from the
   * next minute on.
   */
  private countHits(rows: readonly IssueMinute[], minute: number): void {
    for (const draft of this.open) {
      for (const row of rows) {
        const joined = draft.behind.get(row.issueId);
        const isPart = draft.issueIds.size === 0 || draft.issueIds.has(row.issueId);
        if (joined === undefined || !isPart || row.customers === 0) continue;
        draft.last = minute;
        if (joined < minute) draft.customers += row.arrivals;
      }
    }
  }
}

/** Adds a verdict to an incident. A sum repeats the counts of its issues, so it brings only the difference. */
function join(draft: Draft, { finding, issueIds, behind, least }: Called, minute: number): void {
  draft.findings.push(finding);
  draft.first = Math.min(draft.first, Math.floor(finding.since / 60_000));
  draft.customers =
    finding.issueId === null
      ? Math.max(draft.customers, finding.customersHit)
      : draft.customers + (draft.behind.has(issueIds[0] ?? 0) ? 0 : finding.customersHit);
  draft.least = Math.min(draft.least, least);
  for (const issueId of issueIds) draft.issueIds.add(issueId);
  for (const issueId of behind) if (!draft.behind.has(issueId)) draft.behind.set(issueId, minute);
}

function reportOf(draft: Draft): ReplayedIncident {
  return {
    issueIds: [...draft.issueIds],
    behind: [...draft.behind.keys()],
    least: draft.least,
    firstCustomerMinute: draft.first,
    firstAlertMinute: draft.alert,
    lastCustomerMinute: draft.last,
    customers: draft.customers,
    reasons: [...draft.reasons],
  };
}

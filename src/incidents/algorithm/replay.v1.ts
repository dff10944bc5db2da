import type { DetectionThresholds, MinuteRow, Verdict } from '../../detection/detection.js';
import { beat, newPulse } from '../../detection/algorithm/pulse.v1.js';
import { isAtRest, newWatch, observe, type WatchState } from '../../detection/algorithm/watch.v1.js';
import { type Finding, groupFindings, type IssueLink } from './cluster.v1.js';
import { DEFAULT_LIFECYCLE, type LifecycleSettings } from './lifecycle.v1.js';

/** The stored history of one project, rows in order of time. */
export interface History {
  /** Every minute to replay; `active` null when the app does not tell, `received` false in gaps of the data. */
  readonly minutes: readonly { readonly minute: number; readonly active: number | null; readonly received: boolean }[];
  /** Minutes with hits, of all issues. */
  readonly hits: readonly (MinuteRow & { readonly issueId: string })[];
  /** Services of an issue, where known. */
  readonly services: ReadonlyMap<string, readonly string[]>;
  readonly links: readonly IssueLink[];
  /** Deploys and restarts, epoch milliseconds, in order. */
  readonly deploys: readonly number[];
  /** Verdicts from this minute on count; the history before only teaches. */
  readonly from: number;
}

/** An incident that would have opened. */
export interface ReplayedIncident {
  readonly issueIds: readonly string[];
  /** First minute in which a customer was hit by it, epoch minutes. */
  readonly firstCustomerMinute: number;
  /** Minute in which it would have opened. */
  readonly firstAlertMinute: number;
  /** Last minute with a hit before it would have closed. */
  readonly lastCustomerMinute: number;
  /** Customers hit, who would have been told: at most this many, since one may be hit through several issues. */
  readonly customers: number;
  readonly reasons: readonly string[];
}

interface Draft {
  readonly id: string;
  readonly findings: Finding[];
  readonly reasons: Set<string>;
  readonly alert: number;
  first: number;
  last: number;
  customers: number;
}

/**
 * What would have happened with these thresholds: replays the history minute by minute through the same detector and
 * grouping that run live. An incident closes after `quietForMs` without a hit on its issues.
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
    start: number,
  ) {
    this.pulse = newPulse(start);
  }

  step(at: History['minutes'][number]): void {
    beat(this.pulse, at);
    const rows = this.rowsOf(at.minute);
    const findings: Finding[] = [];
    for (const issueId of new Set([...rows.keys(), ...this.restless])) {
      const verdict = this.look(issueId, rows.get(issueId), at.minute).find(({ kind }) => kind !== 'recovered');
      if (verdict && at.minute >= this.history.from) findings.push(this.findingOf(issueId, verdict));
    }
    this.place(findings, at.minute);
    this.countHits(rows, at.minute);
  }

  finish(): ReplayedIncident[] {
    return [...this.closed, ...this.open].sort((a, b) => a.alert - b.alert).map(reportOf);
  }

  private rowsOf(minute: number): Map<string, MinuteRow> {
    const rows = new Map<string, MinuteRow>();
    const { hits } = this.history;
    for (let hit = hits[this.next]; hit && hit.minute <= minute; hit = hits[(this.next += 1)])
      rows.set(hit.issueId, hit);
    return rows;
  }

  private look(issueId: string, row: MinuteRow | undefined, minute: number): Verdict[] {
    const watch = this.watches.get(issueId) ?? newWatch(minute, true);
    this.watches.set(issueId, watch);
    const now = (minute + 1) * 60_000;
    const context = { now, pulse: this.pulse, deployedAt: this.deployedAt(now), thresholds: this.thresholds };
    const verdicts = observe(watch, row ? [row] : [], context);
    if (isAtRest(watch)) this.restless.delete(issueId);
    else this.restless.add(issueId);
    return verdicts;
  }

  private deployedAt(now: number): number | undefined {
    while ((this.history.deploys[this.deploy] ?? Infinity) <= now) this.deploy += 1;
    return this.history.deploys[this.deploy - 1];
  }

  private findingOf(issueId: string, { kind, since, seen, at }: Verdict): Finding {
    return {
      id: `${issueId}@${at}`,
      issueId,
      kind,
      since,
      services: this.history.services.get(issueId) ?? [],
      firstRelease: null,
      customers: [],
      customersHit: seen,
    };
  }

  private place(findings: readonly Finding[], minute: number): void {
    const quiet = this.settings.quietForMs / 60_000;
    this.closed.push(...this.open.filter(({ last }) => minute - last >= quiet));
    this.open = this.open.filter(({ last }) => minute - last < quiet);
    for (const group of groupFindings(findings, this.open, this.history.links)) {
      const held = this.open.find(({ id }) => id === group.incidentId) ?? this.draft(group.findings, minute);
      for (const finding of group.findings) join(held, finding);
      for (const reason of group.reasons) held.reasons.add(reason);
    }
  }

  private draft([first]: readonly Finding[], minute: number): Draft {
    const id = first?.id ?? '';
    const draft: Draft = {
      id,
      findings: [],
      reasons: new Set(),
      alert: minute,
      first: minute,
      last: minute,
      customers: 0,
    };
    this.open.push(draft);
    return draft;
  }

  /** Arrivals of the running minute are in the verdict of an incident that opens now, so they count from the next on. */
  private countHits(rows: ReadonlyMap<string, MinuteRow>, minute: number): void {
    for (const draft of this.open) {
      for (const issueId of new Set(draft.findings.map(({ issueId }) => issueId))) {
        const row = rows.get(issueId ?? '');
        if (!row || row.customers === 0) continue;
        draft.last = minute;
        if (!draft.findings.some(({ id }) => id === `${issueId}@${(minute + 1) * 60_000}`))
          draft.customers += row.arrivals;
      }
    }
  }
}

function join(draft: Draft, finding: Finding): void {
  draft.findings.push(finding);
  draft.first = Math.min(draft.first, Math.floor(finding.since / 60_000));
  draft.customers += finding.customersHit;
}

function reportOf(draft: Draft): ReplayedIncident {
  return {
    issueIds: [...new Set(draft.findings.map(({ issueId }) => issueId ?? ''))],
    firstCustomerMinute: draft.first,
    firstAlertMinute: draft.alert,
    lastCustomerMinute: draft.last,
    customers: draft.customers,
    reasons: [...draft.reasons],
  };
}

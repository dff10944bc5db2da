import { outageCustomers } from './algorithm/detectors/watch.v1.js';
import { type DetectionThresholds, type MinuteRow } from './detection.js';

/** One minute of one issue, with what decides which series it counts in. */
export interface IssueMinute extends MinuteRow {
  readonly issueId: number;
  readonly service: string | null;
  /** The part of the product, as a rule named it. */
  readonly area: string | null;
  /** Epoch minute in which the issue was first seen. */
  readonly since: number;
}

/** The name of an issue's series. */
export const issueSeries = (issueId: number): string => `issue:${issueId}`;
/** The series of everything that happens to a project's customers. */
export const WHOLE_PROJECT = 'project';
/** The series of all issues first seen in the last day: an outage spread over many new fingerprints. */
export const YOUNG_ISSUES = 'young';
const DAY_MINUTES = 1440;

/** The sums that an issue's minute counts in; `projectSince` is the epoch minute from which on the project is watched. */
export function sumsOf(
  row: Pick<IssueMinute, 'minute' | 'service' | 'area' | 'since'>,
  projectSince: number,
): string[] {
  const young = row.since > row.minute - DAY_MINUTES && row.since >= projectSince + DAY_MINUTES;
  return [
    WHOLE_PROJECT,
    ...(row.service === null ? [] : [`service:${row.service}`]),
    ...(row.area === null ? [] : [`area:${row.area}`]),
    ...(young ? [YOUNG_ISSUES] : []),
  ];
}

/** Subject of a series: `issue:7`, `service:web`, `area:checkout`, `release:2.4.1`, `sessions`, `sessions:2.4.1`, `project`, … */
export function partsOf(series: string): { kind: string; name: string | null } {
  const colon = series.indexOf(':');
  return colon < 0 ? { kind: series, name: null } : { kind: series.slice(0, colon), name: series.slice(colon + 1) };
}

/** The release that a series is about; null for any other. */
export function releaseOf(series: string): string | null {
  const { kind, name } = partsOf(series);
  return kind === 'release' || kind === 'sessions' ? name : null;
}

/** The area that a series is about; null for any other. */
export function areaOf(series: string): string | null {
  const { kind, name } = partsOf(series);
  return kind === 'area' ? name : null;
}

/** Distinct customers from whom on a sum is a fault: of new issues side by side fewer say enough. */
export function leastBehind(series: string, thresholds: DetectionThresholds): number {
  return series === YOUNG_ISSUES ? outageCustomers(thresholds) : thresholds.newFault.customers;
}

/** The issue behind a series, undefined for a sum. */
export function issueOf(series: string): number | undefined {
  return series.startsWith('issue:') ? Number(series.slice('issue:'.length)) : undefined;
}

/** Adds rows of one minute up by series: each issue for itself, and the sums. */
export function bySeries(rows: readonly IssueMinute[], projectSince: number): Map<string, MinuteRow[]> {
  const all = new Map<string, Map<number, MinuteRow>>();
  for (const row of rows) {
    for (const series of [issueSeries(row.issueId), ...sumsOf(row, projectSince)]) {
      const minutes = all.get(series) ?? new Map<number, MinuteRow>();
      all.set(series, minutes);
      const births = series === YOUNG_ISSUES && row.since === row.minute ? 1 : 0;
      minutes.set(row.minute, plus(minutes.get(row.minute), { ...row, births }));
    }
  }
  return new Map([...all].map(([series, minutes]) => [series, [...minutes.values()]]));
}

function plus(sum: MinuteRow | undefined, row: MinuteRow): MinuteRow {
  return {
    minute: row.minute,
    events: (sum?.events ?? 0) + row.events,
    customers: (sum?.customers ?? 0) + row.customers,
    arrivals: (sum?.arrivals ?? 0) + row.arrivals,
    moments: (sum?.moments ?? 0) | (row.moments ?? 0),
    births: (sum?.births ?? 0) + (row.births ?? 0),
  };
}

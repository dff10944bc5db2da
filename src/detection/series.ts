import { outageCustomers } from './algorithm/detectors/watch.v1.js';
import { type DetectionThresholds, type MinuteRow } from './detection.js';

/** Minute of one issue, with the fields that decide in which series it counts. */
export interface IssueMinute extends MinuteRow {
  readonly issueId: number;
  readonly service: string | null;
  /** Part of the product, as a rule named it. */
  readonly area: string | null;
  /** Epoch minute in which the issue was first seen. */
  readonly since: number;
}

/** Names an issue's series. */
export const issueSeries = (issueId: number): string => `issue:${issueId}`;
/** Series of everything that happens to a project's customers. */
export const WHOLE_PROJECT = 'project';
/** Series of all issues first seen in the last day: an outage spread over many new fingerprints. */
export const YOUNG_ISSUES = 'young';
const DAY_MINUTES = 1440;

/**
 * Names the sums in which an issue's minute counts; `projectSince` is the first epoch minute of the project's watch.
 */
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

/**
 * Splits the name of a series: `issue:7`, `service:web`, `area:checkout`, `release:2.4.1`, `sessions`,
 * `sessions:2.4.1`, `project`, …
 */
export function partsOf(series: string): { kind: string; name: string | null } {
  const colon = series.indexOf(':');
  return colon < 0 ? { kind: series, name: null } : { kind: series.slice(0, colon), name: series.slice(colon + 1) };
}

/** Reads the release from the name of a series; null for any other series. */
export function releaseOf(series: string): string | null {
  const { kind, name } = partsOf(series);
  return kind === 'release' || kind === 'sessions' ? name : null;
}

/** Reads the area from the name of a series; null for any other series. */
export function areaOf(series: string): string | null {
  const { kind, name } = partsOf(series);
  return kind === 'area' ? name : null;
}

/** Distinct customers that make a sum a fault; new issues side by side need fewer. */
export function leastBehind(series: string, thresholds: DetectionThresholds): number {
  return series === YOUNG_ISSUES ? outageCustomers(thresholds) : thresholds.newFault.customers;
}

/** Reads the issue from the name of a series; undefined for a sum. */
export function issueOf(series: string): number | undefined {
  return series.startsWith('issue:') ? Number(series.slice('issue:'.length)) : undefined;
}

/** Adds rows up by series and minute: each issue for itself, and the sums. */
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

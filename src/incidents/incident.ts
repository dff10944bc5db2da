/** Severities of an incident for customers. */
export const SEVERITIES = ['minor', 'major', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** States of an incident; only `resolved` ends it. */
export const INCIDENT_STATUSES = ['detected', 'acknowledged', 'mitigated', 'resolved'] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

/**
 * Reason why an incident ended: a person resolved it, customers used the app without a hit, all its alerts were
 * resolved, or it was merged into another.
 */
export type Resolution = 'ops' | 'quiet' | 'alerts' | 'merged';

/** Period in which one or more issues hurt customers; this is what people are told about. */
export interface Incident {
  readonly id: number;
  readonly projectId: number;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  readonly title: string;
  /** Part of the product in the customers' words, if configured or set by ops. */
  readonly area: string | null;
  /** First hit of the fault. */
  readonly startedAt: Date;
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolution: Resolution | null;
  /** Number of times that it came back, its predecessors included. */
  readonly reopened: number;
  /** Earlier incident of the same fault whose customers were told that it is over. */
  readonly previousIncidentId: number | null;
  /** Incident into which this one was merged. */
  readonly mergedInto: number | null;
  /** Incidents merged into this one. */
  readonly mergedIds: readonly number[];
  /** Time at which the last issue was attached; null without any. */
  readonly attachedAt: Date | null;
  /** Whether a person set the severity; it is no longer raised automatically then. */
  readonly severityByOps: boolean;
  readonly issueIds: readonly number[];
}

/** How bad an incident is for customers. */
export const SEVERITIES = ['minor', 'major', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Where an incident stands; only `resolved` ends it. */
export const INCIDENT_STATUSES = ['detected', 'acknowledged', 'mitigated', 'resolved'] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

/** What ended an incident: a person, that customers use the app without being hit, that all its alerts are resolved, or that it became part of another. */
export type Resolution = 'ops' | 'quiet' | 'alerts' | 'merged';

/** A period in which one or more issues hurt customers; this is what people are told about. */
export interface Incident {
  readonly id: number;
  readonly projectId: number;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  readonly title: string;
  /** The part of the product in the customers' words, where configured or set by ops. */
  readonly area: string | null;
  /** When the fault began to hit. */
  readonly startedAt: Date;
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolution: Resolution | null;
  /** How often it came back, its predecessors counted. */
  readonly reopened: number;
  /** The incident of the same fault whose customers were told that it is over. */
  readonly previousIncidentId: number | null;
  /** The incident that this one became part of. */
  readonly mergedInto: number | null;
  /** Incidents that became part of this one. */
  readonly mergedIds: readonly number[];
  /** When the last issue was attached; null without any. */
  readonly attachedAt: Date | null;
  /** True when a person set the severity: it is not raised by itself any more. */
  readonly severityByOps: boolean;
  readonly issueIds: readonly number[];
}

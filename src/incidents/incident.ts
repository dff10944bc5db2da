/** How bad an incident is for customers. */
export const SEVERITIES = ['minor', 'major', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Where an incident stands; only `resolved` ends it. */
export const INCIDENT_STATUSES = ['detected', 'acknowledged', 'mitigated', 'resolved'] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

/** What ended an incident: a person, or that it stayed quiet while the app was otherwise active. */
export type Resolution = 'ops' | 'quiet';

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
  readonly issueIds: readonly number[];
}

/** One line of an incident's history; appended, never changed. */
export interface TimelineEntry {
  readonly at: Date;
  readonly kind: string;
  /** `forewarn` or the name of a token. */
  readonly actor: string;
  readonly details: Record<string, unknown>;
}

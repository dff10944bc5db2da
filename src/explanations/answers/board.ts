import { type Incident, type IncidentStatus, type Severity } from '../../incidents/incident.js';
import { type Explanation, type ExplanationUpdate } from '../explanation.js';

/** Incident that bots are told about, with all its words. */
export interface BoardEntry extends Pick<Incident, 'id' | 'projectId' | 'area' | 'startedAt' | 'resolvedAt'> {
  readonly status: IncidentStatus;
  readonly severity: Severity;
  /** Version of the board at which it last changed. */
  readonly changed: number;
  /** Explanations in force by locale. */
  readonly texts: ReadonlyMap<string, Explanation>;
  /** News for customers, newest first. */
  readonly updates: readonly ExplanationUpdate[];
}

/** All that bots are told, as of one version: open incidents, and those that ended a while ago. */
export interface Board {
  readonly version: number;
  /** Secret that ids of answers are made with. */
  readonly key: Buffer;
  /** Orders open incidents before ended ones, then the worst first, then the newest. */
  readonly entries: readonly BoardEntry[];
}

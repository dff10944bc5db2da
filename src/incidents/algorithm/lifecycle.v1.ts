/** State of an incident. `mitigated`: ops say that customers are no longer hurt, though the cause remains. */
export type IncidentStatus = 'detected' | 'acknowledged' | 'mitigated' | 'resolved';

/** Facts on which the decision to close an incident rests. */
export interface IncidentFacts {
  readonly status: IncidentStatus;
  /** Last hit on any issue of the incident, epoch milliseconds. */
  readonly lastHitAt: number;
  /** Pace of the fault: hits divided by exposure (active customers times minutes) in its busiest hour. */
  readonly hitsPerExposure: number;
  /** Exposure since the last hit; gaps in the data count as none. */
  readonly exposureSince: number;
  /** Whether the app is in use now. */
  readonly appActive: boolean;
  /** Whether all its detections have recovered, or their series are quiet. */
  readonly recovered: boolean;
  /** Number of times that the incident was reopened. */
  readonly reopened: number;
  /** Whether an attached alert still fires, or a person holds the incident open. */
  readonly heldOpen: boolean;
}

/** Next step of an incident, with the reason in words for its timeline. */
export interface LifecycleStep {
  readonly action: 'keep' | 'resolve';
  readonly reason: string;
}

/**
 * Settings of the life cycle, in milliseconds: `incidents.quietFor` of the configuration, and the time within which a
 * resolved incident may come back.
 */
export interface LifecycleSettings {
  readonly quietForMs: number;
  readonly reopenWithinMs: number;
}

/**
 * Default settings. To the customer, a fault that comes back within six hours is the same fault. These numbers and the
 * two below were chosen by judgement, not measured.
 */
export const DEFAULT_LIFECYCLE: LifecycleSettings = { quietForMs: 30 * 60_000, reopenWithinMs: 6 * 60 * 60_000 };

/**
 * Hits that must be missing before quiet is evidence: chance leaves out five expected hits with e^-5, less than once in
 * a hundred times.
 */
const MISSED_HITS = 5;
/** Largest factor on the quiet time, which each reopening doubles, so that customers hear of a flapping fault once. */
const MOST_HOLD = 16;

/** Computes the quiet time that an incident must show before it closes by itself, milliseconds. */
export function quietNeeded(reopened: number, settings: LifecycleSettings = DEFAULT_LIFECYCLE): number {
  return settings.quietForMs * Math.min(MOST_HOLD, 2 ** reopened);
}

/**
 * Decides whether an incident closes by itself. It does so only on evidence that the fault stopped: customers use the
 * app without being hit. A silent app proves nothing, so its incidents stay open.
 */
export function nextStep(
  facts: IncidentFacts,
  now: number,
  settings: LifecycleSettings = DEFAULT_LIFECYCLE,
): LifecycleStep {
  if (facts.status === 'resolved') return keep('already resolved');
  if (facts.heldOpen) return keep('held open by an alert or a person');
  if (!facts.recovered) return keep('customers are still hit more than usual');
  const needed = quietNeeded(facts.reopened, settings);
  const quiet = now - facts.lastHitAt;
  if (quiet < needed) return keep(`quiet for ${minutes(quiet)} of ${minutes(needed)}`);
  if (!facts.appActive) return keep('quiet, but so is the whole app');
  const missed = facts.hitsPerExposure * facts.exposureSince;
  if (missed < MISSED_HITS) return keep(`quiet, but only ${missed.toFixed(1)} hits would have been expected`);
  return {
    action: 'resolve',
    reason: `no hit for ${minutes(quiet)} while the app was in use; about ${Math.round(missed)} were to be expected`,
  };
}

/** Resolved incident and its issues. */
export interface ResolvedIncident {
  readonly id: string;
  readonly resolvedAt: number;
  readonly issueIds: readonly string[];
}

/**
 * Finds the incident to reopen when a fault comes back: the latest one with one of these issues that closed not long
 * ago. Null means a new incident.
 */
export function incidentToReopen(
  issueIds: readonly string[],
  resolved: readonly ResolvedIncident[],
  now: number,
  settings: LifecycleSettings = DEFAULT_LIFECYCLE,
): string | null {
  const back = resolved
    .filter(({ resolvedAt }) => resolvedAt <= now && now - resolvedAt <= settings.reopenWithinMs)
    .filter(({ issueIds: held }) => held.some((id) => issueIds.includes(id)))
    .sort((a, b) => b.resolvedAt - a.resolvedAt);
  return back[0]?.id ?? null;
}

function keep(reason: string): LifecycleStep {
  return { action: 'keep', reason };
}

function minutes(ms: number): string {
  return `${Math.floor(ms / 60_000)} min`;
}

/** Where an incident stands. `mitigated`: ops say that customers are no longer hurt, though the cause remains. */
export type IncidentStatus = 'detected' | 'acknowledged' | 'mitigated' | 'resolved';

/** What the decision to close an incident rests on. */
export interface IncidentFacts {
  readonly status: IncidentStatus;
  /** Last hit on any of its issues, epoch milliseconds. */
  readonly lastHitAt: number;
  /** Customer hits a minute of use during the fault: hits over exposure (active customers times minutes) of its busiest hour. */
  readonly hitsPerExposure: number;
  /** Exposure since the last hit; gaps in the data are no exposure. */
  readonly exposureSince: number;
  /** The app is in use now, whatever the fault. */
  readonly appActive: boolean;
  /** All of its detections have recovered, or their series are quiet. */
  readonly recovered: boolean;
  /** How often it was reopened. */
  readonly reopened: number;
  /** An alert attached to it still fires, or a person holds it open. */
  readonly heldOpen: boolean;
}

/** What to do with an incident now, and why, in words for its timeline. */
export interface LifecycleStep {
  readonly action: 'keep' | 'resolve';
  readonly reason: string;
}

/** `incidents.quietFor` of the configuration and how long a resolved incident may come back, in milliseconds. */
export interface LifecycleSettings {
  readonly quietForMs: number;
  readonly reopenWithinMs: number;
}

/** A fault that comes back within six hours is the same fault to the customer. */
export const DEFAULT_LIFECYCLE: LifecycleSettings = { quietForMs: 30 * 60_000, reopenWithinMs: 6 * 60 * 60_000 };

/** Hits that must be missing before quiet is evidence: e^-5 is less than one in a hundred. */
const MISSED_HITS = 5;
/** Each reopening doubles the quiet that is asked for, up to this factor: a flapping fault is told once. */
const MOST_HOLD = 16;

/** The quiet that an incident must show before it closes by itself, milliseconds. */
export function quietNeeded(reopened: number, settings: LifecycleSettings = DEFAULT_LIFECYCLE): number {
  return settings.quietForMs * Math.min(MOST_HOLD, 2 ** reopened);
}

/**
 * Whether an incident closes by itself: only on evidence that the fault stopped, which is customers using the app
 * without being hit. Silence of the app proves nothing, so an incident in it stays open.
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

/** A resolved incident and the issues it held. */
export interface ResolvedIncident {
  readonly id: string;
  readonly resolvedAt: number;
  readonly issueIds: readonly string[];
}

/** The incident to reopen when a fault comes back: the latest that held one of these issues and closed not long ago; null for a new one. */
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

import { type Identity } from '../customers/customer.js';
import { deviceOfUser, identitiesOfUser } from '../customers/identity.js';
import { traitLines } from '../customers/trait.js';
import { traitsOf } from '../events/event-traits.js';
import { type GroupingKey } from './grouping-key.js';
import { type AppEvent } from '../events/event.js';
import { type RuledFingerprint } from './fingerprint/fingerprint.v1.js';
import { applyRules, type CompiledRule } from './rules/rules.js';
import { isBlocking } from './blocking.js';
import { type FingerprintVersion } from './fingerprints.js';

/** Ranks of severities as we store them; the worse one is the greater. */
export const SEVERITY_RANK = { minor: 1, major: 2, critical: 3 } as const;

/** Grouping keys of an event, and the word of the operator's rules on it. */
export interface Grouped {
  /** Keys, one for each version in use, newest first. */
  readonly keys: readonly GroupingKey[];
  /** Fingerprint that a rule set. */
  readonly ruled?: RuledFingerprint;
  /** Whether a rule wants the event not to count. */
  readonly ignore: boolean;
  /** Name of the rule that ignores the event. */
  readonly ignoredBy?: string;
  readonly severity?: number;
  readonly area?: string;
}

/** Facts that we need to count an event; plain JSON, so that another thread can make it. */
export interface Facts {
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  readonly release?: string;
  readonly blocking: boolean;
  readonly identities: readonly Identity[];
  /** The device on which the customer was; undefined where it is their only name. */
  readonly device?: string;
  readonly grouped: Grouped;
  /** Traits of the customer's app and device, as `traitLines` writes them; undefined for events that name no customer. */
  readonly traits?: string;
  /** Trace of an event that names no customer: other spans of it may. */
  readonly traceId?: string;
}

/** Versions in use, newest first, and the rules of the configuration: both make keys. */
export interface Grouping {
  readonly versions: readonly FingerprintVersion[];
  readonly rules: readonly CompiledRule[];
}

/** Picks the key of the newest version, by which the event is counted. */
export function newestKey({ grouped: { keys } }: Pick<Facts, 'grouped'>): GroupingKey {
  const [newest] = keys;
  if (!newest) throw new Error('no fingerprint version is in use');
  return newest;
}

/** Reads from an event the facts needed to count it. `known` as in `groupedOf`. Pure. */
export function factsOf(event: AppEvent, grouping: Grouping, known?: GroupingKey): Facts {
  const identities = identitiesOfUser(event.user ?? {});
  return {
    occurredAt: event.occurredAt,
    release: event.release,
    blocking: isBlocking(event),
    identities,
    device: identities[0]?.kind === 'device' ? undefined : deviceOfUser(event.user ?? {}),
    grouped: groupedOf(event, grouping, known),
    traits: identities.length > 0 ? traitLines(traitsOf(event)) : undefined,
    traceId: identities.length > 0 ? undefined : event.traceId,
  };
}

/**
 * Reads the keys of an event. `known` is a key made before the event's texts were scrubbed, and replaces the key of its
 * version. Pure.
 */
export function groupedOf(event: AppEvent, { versions, rules }: Grouping, known?: GroupingKey): Grouped {
  const said = rules.length === 0 ? undefined : applyRules(rules, event);
  const ruled = said?.fingerprint;
  const keys = versions.map((one) =>
    known?.version === one.version ? known : { version: one.version, key: one.of(event, ruled).key },
  );
  return {
    keys,
    ruled,
    ignore: said?.ignore ?? false,
    ignoredBy: said?.ignoredBy,
    severity: said?.severity && SEVERITY_RANK[said.severity],
    area: said?.area,
  };
}

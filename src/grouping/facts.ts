import { type Identity } from '../customers/customer.js';
import { identitiesOfUser } from '../customers/identity.js';
import { type GroupingKey } from './grouping-key.js';
import { type AppEvent } from '../events/event.js';
import { type RuledFingerprint } from './fingerprint/fingerprint.v1.js';
import { applyRules, type CompiledRule } from './rules/rules.js';
import { isBlocking } from './blocking.js';
import { type FingerprintVersion } from './fingerprints.js';

/** Severities as they are stored, so that the worse one is the greater. */
export const SEVERITY_RANK = { minor: 1, major: 2, critical: 3 } as const;

/** What groups an event, and what the operator's rules say of it. */
export interface Grouped {
  /** One key for each version in use, newest first. */
  readonly keys: readonly GroupingKey[];
  /** The fingerprint that a rule set. */
  readonly ruled?: RuledFingerprint;
  /** True when a rule wants the event not to count. */
  readonly ignore: boolean;
  /** The name of that rule. */
  readonly ignoredBy?: string;
  readonly severity?: number;
  readonly area?: string;
}

/** What counting an event takes; plain JSON, so that it can be made on another thread. */
export interface Facts {
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  readonly release?: string;
  readonly blocking: boolean;
  readonly identities: readonly Identity[];
  readonly grouped: Grouped;
}

/** What makes keys: the versions in use, newest first, and the rules of the configuration. */
export interface Grouping {
  readonly versions: readonly FingerprintVersion[];
  readonly rules: readonly CompiledRule[];
}

/** The key of the newest version, by which the event is counted. */
export function newestKey({ grouped: { keys } }: Facts): GroupingKey {
  const [newest] = keys;
  if (!newest) throw new Error('no fingerprint version is in use');
  return newest;
}

/** Takes from an event what counting it takes. `known` as in `groupedOf`. Pure. */
export function factsOf(event: AppEvent, grouping: Grouping, known?: GroupingKey): Facts {
  return {
    occurredAt: event.occurredAt,
    release: event.release,
    blocking: isBlocking(event),
    identities: identitiesOfUser(event.user ?? {}),
    grouped: groupedOf(event, grouping, known),
  };
}

/** Reads keys off an event. `known` is a key that was made of it before its texts were scrubbed; it takes the place of its version's. Pure. */
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

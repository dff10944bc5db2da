import { createHash } from 'node:crypto';
import { type GroupingKey } from './grouping-key.js';
import { type AppEvent } from '../events/event.js';
import { type RuledFingerprint } from './fingerprint/fingerprint.v1.js';
import { type CompiledRule, compileRules } from './rules/rules.js';
import { type Facts, factsOf, type Grouped, groupedOf } from './facts.js';
import { type AnyFingerprint, type FingerprintVersion } from './fingerprints.js';
import { type GroupingConfig } from './grouping-config.js';

/** Reads the keys of events: first the rules of the configuration, then every fingerprint version in use. */
export class Fingerprinter {
  readonly rules: readonly CompiledRule[];
  /** Hash of the rules in force, by which we recognise what older rules said of an issue; null without rules. */
  readonly ruledBy: string | null;

  constructor(
    readonly versions: readonly FingerprintVersion[],
    config: GroupingConfig,
  ) {
    this.rules = compileRules(config.rules);
    const text = JSON.stringify(config.rules);
    this.ruledBy = config.rules.length === 0 ? null : createHash('sha256').update(text).digest('hex').slice(0, 16);
  }

  /** Reads from an event the facts needed to count it. */
  factsOf(event: AppEvent, known?: GroupingKey): Facts {
    return factsOf(event, this, known);
  }

  /** Reads the keys of an event, with the rules in force or others. */
  read(event: AppEvent, rules: readonly CompiledRule[] = this.rules): Grouped {
    return groupedOf(event, { versions: this.versions, rules });
  }

  /** Computes the newest fingerprint of an event in full, with its parts in words. */
  explain(event: AppEvent, ruled: RuledFingerprint | undefined): AnyFingerprint {
    const [newest] = this.versions;
    if (!newest) throw new Error('no fingerprint version is in use');
    return newest.of(event, ruled);
  }
}

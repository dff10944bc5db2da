import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type GroupingKey } from '../intake/accepted-event.js';
import { type AppEvent } from '../intake/event.js';
import { type RuledFingerprint } from './algorithm/fingerprint.v1.js';
import { applyRules, type CompiledRule, compileRules } from './algorithm/rules.js';
import { type AnyFingerprint, type FingerprintVersion, FINGERPRINTS } from './fingerprints.js';
import { GROUPING_CONFIG, type GroupingConfig } from './grouping-config.js';

/** Severities as they are stored, so that the worse one is the greater. */
export const SEVERITY_RANK = { minor: 1, major: 2, critical: 3 } as const;

/** What groups an event, and what the operator's rules say of it. */
export interface Grouped {
  /** One key for each version in use, newest first. */
  readonly keys: readonly GroupingKey[];
  /** The fingerprint that a rule set. */
  readonly ruled: RuledFingerprint | undefined;
  /** True when a rule wants the event not to count. */
  readonly ignore: boolean;
  /** The name of that rule. */
  readonly ignoredBy: string | undefined;
  readonly severity: number | undefined;
  readonly area: string | undefined;
}

/** Reads keys off events: the rules of the configuration first, then every fingerprint version in use. */
@Injectable()
export class Fingerprinter {
  readonly rules: readonly CompiledRule[];
  /** Stands for the rules in force, so that what older rules said of an issue can be told apart; null without rules. */
  readonly ruledBy: string | null;

  constructor(
    @Inject(FINGERPRINTS) private readonly versions: readonly FingerprintVersion[],
    @Inject(GROUPING_CONFIG) config: GroupingConfig,
  ) {
    this.rules = compileRules(config.rules);
    const text = JSON.stringify(config.rules);
    this.ruledBy = config.rules.length === 0 ? null : createHash('sha256').update(text).digest('hex').slice(0, 16);
  }

  /** `known` is a key that was made of the event before its texts were scrubbed; it takes the place of its version's. */
  read(event: AppEvent, known?: GroupingKey, rules: readonly CompiledRule[] = this.rules): Grouped {
    const said = rules.length === 0 ? undefined : applyRules(rules, event);
    const ruled = said?.fingerprint;
    const keys = this.versions.map((one) =>
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

  /** The newest fingerprint of an event in full, with its parts in words. */
  explain(event: AppEvent, ruled: RuledFingerprint | undefined): AnyFingerprint {
    const [newest] = this.versions;
    if (!newest) throw new Error('no fingerprint version is in use');
    return newest.of(event, ruled);
  }
}

import { type AppEvent } from '../../events/event.js';
import { appFrameTest, stacksOf } from '../fingerprint/frames.v1.js';
import { compileGlob, type Glob, matchesGlob } from './glob.js';

/** One or several globs; a field matches when one of them does. */
export type Patterns = string | readonly string[];

/** Fields of an event that a rule may test, with their contents. */
export const RULE_FIELDS = [
  'type', // type of any exception of the chain
  'message', // the message, or the text of any exception
  'module', // module or file of any app frame
  'function', // function of any app frame
  'release',
  'environment',
  'service',
  'level',
  'platform',
] as const;
export type RuleField = (typeof RULE_FIELDS)[number];

/** How much a fault hurts, in the words of incidents. */
export type RuleSeverity = 'minor' | 'major' | 'critical';

/** Rule of an operator: every key of `match` must match, then `set` applies. */
export interface GroupingRule {
  readonly name: string;
  readonly match: { readonly [field in RuleField]?: Patterns } & { readonly tags?: Readonly<Record<string, Patterns>> };
  readonly set: {
    /**
     * Fingerprint as an app would write it: `{{ default }}`, `{{ transaction }}` and `{{ tags.NAME }}` are filled in.
     */
    readonly fingerprint?: readonly string[];
    readonly ignore?: boolean;
    readonly severity?: RuleSeverity;
    readonly area?: string;
  };
  /**
   * Moment (ISO 8601) from which on events no longer fall under the rule, so that ignored faults do not stay unseen for
   * ever.
   */
  readonly until?: string | undefined;
}

/** Rule prepared for matching. */
export interface CompiledRule {
  readonly rule: GroupingRule;
  readonly fields: readonly (readonly [field: RuleField, globs: readonly Glob[]])[];
  readonly tags: readonly (readonly [tag: string, globs: readonly Glob[]])[];
  /** Epoch milliseconds; Infinity for a rule without an end. */
  readonly until: number;
}

/** Outcome of the rules for one event. */
export interface RuleOutcome {
  /** Fingerprint that replaces the app's own, with the name of the rule that asked for it. */
  readonly fingerprint?: { readonly rule: string; readonly parts: readonly string[] };
  readonly ignore: boolean;
  /** Name of the rule that ignores the event. */
  readonly ignoredBy?: string;
  readonly severity?: RuleSeverity;
  readonly area?: string;
  /** Names of the rules that matched, in order, for the console and for trying rules out. */
  readonly matched: readonly string[];
}

/** Reads rules once, so that each event costs only comparisons. */
export function compileRules(rules: readonly GroupingRule[]): CompiledRule[] {
  return rules.map((rule) => {
    const fields = RULE_FIELDS.flatMap((field) => {
      const patterns = rule.match[field];
      return patterns === undefined ? [] : [[field, globsOf(patterns)] as const];
    });
    const tags = Object.entries(rule.match.tags ?? {}).map(([tag, patterns]) => [tag, globsOf(patterns)] as const);
    return { rule, fields, tags, until: rule.until === undefined ? Infinity : Date.parse(rule.until) };
  });
}

function globsOf(patterns: Patterns): Glob[] {
  return (typeof patterns === 'string' ? [patterns] : patterns).map(compileGlob);
}

/** Runs all rules over an event. For each thing that rules can set, the first matching rule that sets it wins. */
export function applyRules(rules: readonly CompiledRule[], event: AppEvent): RuleOutcome {
  const values = new FieldValues(event);
  const matching = rules.filter((rule) => matches(rule, event, values)).map(({ rule }) => rule);
  const byFingerprint = matching.find(({ set }) => set.fingerprint !== undefined);
  const parts = byFingerprint?.set.fingerprint;
  const onIgnoring = matching.find(({ set }) => set.ignore !== undefined);
  return {
    fingerprint: byFingerprint && parts ? { rule: byFingerprint.name, parts } : undefined,
    ignore: onIgnoring?.set.ignore ?? false,
    ignoredBy: onIgnoring?.set.ignore ? onIgnoring.name : undefined,
    severity: matching.find(({ set }) => set.severity !== undefined)?.set.severity,
    area: matching.find(({ set }) => set.area !== undefined)?.set.area,
    matched: matching.map(({ name }) => name),
  };
}

function matches(compiled: CompiledRule, event: AppEvent, values: FieldValues): boolean {
  return (
    event.occurredAt < compiled.until &&
    compiled.fields.every(([field, globs]) => anyMatches(globs, values.of(field))) &&
    compiled.tags.every(([tag, globs]) => {
      const value = Object.hasOwn(event.tags, tag) ? event.tags[tag] : undefined;
      return value !== undefined && anyMatches(globs, [value]);
    })
  );
}

function anyMatches(globs: readonly Glob[], values: readonly string[]): boolean {
  return globs.some((glob) => values.some((value) => matchesGlob(glob, value)));
}

/** Values of one event by field, each read once and only if a rule asks for it. */
class FieldValues {
  private readonly known = new Map<RuleField, readonly string[]>();

  constructor(private readonly event: AppEvent) {}

  of(field: RuleField): readonly string[] {
    const known = this.known.get(field);
    if (known) return known;
    const values = this.read(field).filter((value) => value !== undefined);
    this.known.set(field, values);
    return values;
  }

  private read(field: RuleField): readonly (string | undefined)[] {
    const { event } = this;
    switch (field) {
      case 'type':
        return event.exceptions.map((exception) => exception.type);
      case 'message':
        return [event.message, event.messageTemplate, ...event.exceptions.map((exception) => exception.value)];
      case 'module':
        return this.appFrames().flatMap((frame) => [frame.module, frame.filename]);
      case 'function':
        return this.appFrames().map((frame) => frame.function);
      case 'release':
      case 'environment':
      case 'service':
      case 'level':
      case 'platform':
        return [event[field]];
    }
  }

  private appFrames(): AppEvent['exceptions'][number]['frames'] {
    const stacks = stacksOf(this.event);
    const isApp = appFrameTest(stacks, this.event.platform);
    return stacks.flatMap(({ frames }) => frames.filter(isApp));
  }
}

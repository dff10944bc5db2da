import { z } from 'zod';
import { type GroupingRule } from './rules/rules.js';

/**
 * Longest pattern, and most patterns of a field, so that one rule costs a bounded time for each event. Chosen by
 * judgement, not measured.
 */
const MAX_PATTERN = 500;
const MAX_PATTERNS = 50;
/** Most rules; each is tried on every event. Chosen by judgement, not measured. */
const MAX_RULES = 500;

const pattern = z.string().min(1, 'must not be empty; leave the key out to match anything').max(MAX_PATTERN);
const patterns = z.union([pattern, z.array(pattern).min(1).max(MAX_PATTERNS)], {
  error: `must be a text or a list of texts of 1 to ${MAX_PATTERN} characters, in which * stands for anything`,
});

const match = z
  .strictObject({
    type: patterns.optional(),
    message: patterns.optional(),
    module: patterns.optional(),
    function: patterns.optional(),
    release: patterns.optional(),
    environment: patterns.optional(),
    service: patterns.optional(),
    level: patterns.optional(),
    platform: patterns.optional(),
    tags: z.record(z.string().min(1), patterns).optional(),
  })
  .refine(isNotEmpty, 'must name at least one field; a rule that matches every event is surely a mistake');

const set = z
  .strictObject({
    fingerprint: z.array(z.string().min(1).max(200)).min(1).max(16).optional(),
    ignore: z.boolean().optional(),
    severity: z.enum(['minor', 'major', 'critical']).optional(),
    area: z.string().min(1).max(100).optional(),
  })
  .refine(isNotEmpty, 'must set at least one of fingerprint, ignore, severity, area');

const rule = z.strictObject({
  name: z.string().min(1).max(100),
  match,
  set,
  until: z.iso.datetime({ offset: true }).optional(),
}) satisfies z.ZodType<GroupingRule>;

/** The `grouping` section of the configuration file: strict, so that a misspelt key stops the start instead of doing nothing. */
export const groupingConfig = z.strictObject({
  rules: z
    .array(rule)
    .max(MAX_RULES)
    .superRefine((rules, context) => {
      const seen = new Set<string>();
      for (const [i, { name }] of rules.entries()) {
        if (seen.has(name)) context.addIssue({ code: 'custom', path: [i, 'name'], message: `"${name}" is used twice` });
        seen.add(name);
      }
    })
    .default([]),
  maxTemplates: z.number().int().min(100).max(1_000_000).default(100_000),
  maxNewIssuesPerHour: z.number().int().min(1).max(1_000_000).default(5000),
});
export type GroupingConfig = z.infer<typeof groupingConfig>;

/** Injection token of the `grouping` section. */
export const GROUPING_CONFIG = Symbol('grouping-config');

/**
 * Checked section, or every problem in it, each beginning with the key: `grouping.rules[2].match: unknown key
 * "mesage"`.
 */
export type GroupingConfigResult =
  { readonly ok: true; readonly config: GroupingConfig } | { readonly ok: false; readonly problems: readonly string[] };

/** Checks the `grouping` section as read from YAML or a request body. Never throws. */
export function readGroupingConfig(value: unknown): GroupingConfigResult {
  const result = groupingConfig.safeParse(value ?? {});
  if (result.success) return { ok: true, config: result.data };
  return { ok: false, problems: result.error.issues.map(problemOf) };
}

function problemOf(issue: z.core.$ZodIssue): string {
  const key = issue.path.reduce<string>(
    (path, step) => path + (typeof step === 'number' ? `[${step}]` : `.${String(step)}`),
    'grouping',
  );
  if (issue.code !== 'unrecognized_keys') return `${key}: ${issue.message}`;
  return `${key}: unknown key ${issue.keys.map((name) => `"${name}"`).join(', ')}`;
}

function isNotEmpty(section: object): boolean {
  return Object.values(section).some((value) => value !== undefined);
}

import { z } from 'zod';
import { CHANNELS, PURPOSES } from '../customers/customer.js';
import { HEALTH_BANDS } from '../audience/algorithm/health.v1.js';
import { type AudienceKind } from '../audience/audience.js';
import { SEVERITIES } from '../incidents/incident.js';
import { type Trust, TRUSTS } from '../projects/project-key.js';
import { duration, percent, slug, timeOfDay } from '../platform/config/schema.js';

const oneOrMore = <T extends z.ZodType>(one: T) =>
  z.union([one, z.array(one).min(1)]).transform((value) => (Array.isArray(value) ? value : [value]));
/** Audiences as policies and the API name them. */
const AUDIENCES = { affected: 'affected', atRisk: 'at_risk' } as const satisfies Readonly<Record<string, AudienceKind>>;
/** Those who were hit come first, so that nobody is told of a chance who is known to be hit. */
const audiences = z
  .array(z.enum(Object.keys(AUDIENCES) as (keyof typeof AUDIENCES)[]))
  .min(1)
  .transform((names) =>
    (['affected', 'atRisk'] as const).filter((one) => names.includes(one)).map((one) => AUDIENCES[one]),
  );

/** Value of an attribute of the directory; compared as text, since imports know nothing else. */
const attribute = z.union([z.string().min(1).max(200), z.number(), z.boolean()]).transform(String);

/** Customers whom a policy takes: by their health, and by attributes of the directory. */
const customers = z
  .object({ health: oneOrMore(z.enum(HEALTH_BANDS)).optional() })
  .catchall(oneOrMore(attribute))
  .refine((wanted) => Object.keys(wanted).length > 0, 'must name health or an attribute')
  .transform(({ health, ...attributes }) => ({ health, attributes: attributes }));

/** Links in an SMS: the customer's own page, the bare domain, or words that say where to look. */
const LINKS = ['signed', 'domainOnly', 'none'] as const;

/** Who of an account is told: each customer of it, or its contact once in place of them all. */
const ACCOUNTS = ['each', 'contact'] as const;

/** At most half: of a larger share nobody says that it is a hold-out. */
const MOST_HELD_OUT = 0.5;
const holdOut = z.strictObject({
  /** Share of the customers who are not written to, 0 to 1. */
  share: percent.refine((share) => share <= MOST_HELD_OUT, 'must be at most 50%'),
  neverFor: z.array(z.enum(SEVERITIES)).default(['critical']),
});

/**
 * The `policies` section: the first policy that matches an incident and a customer decides about that customer; an incident that none matches leads to
 * no outreach.
 */
export const policiesSchema = z
  .array(
    z.strictObject({
      name: slug,
      match: z
        .strictObject({
          project: oneOrMore(slug).optional(),
          severity: oneOrMore(z.enum(SEVERITIES)).optional(),
          /** Parts of the product, as incidents name them. */
          area: oneOrMore(z.string().min(1).max(100)).optional(),
          /** Takes these customers of an incident; the others are left to the next policy that matches. */
          customers: customers.optional(),
        })
        .default({}),
      audience: audiences.prefault(['affected']),
      /** `contact`: those of one account are told once, through its contact; an account without one who can be reached is told customer by customer. */
      accounts: z.enum(ACCOUNTS).default('each'),
      /** Left out: everybody is told. */
      holdOut: holdOut.optional(),
      /** Purpose of the messages: consent, and so who is left out, goes by it. */
      class: z.enum(PURPOSES).default('service'),
      /** The rule that obliges to tell, for `legal`: who approves reads it. */
      rule: z.string().trim().min(1).max(200).optional(),
      /** In order: the first that the customer allows and that reaches them. */
      channels: z.array(z.enum(CHANNELS)).min(1),
      /** Several incidents of one customer become one message, which waits so long for others. */
      merge: z.strictObject({ within: duration }).optional(),
      /** The next of `channels` for whom no report of arrival came in this time, or at once where the message finally failed. */
      fallback: z.strictObject({ after: duration }).optional(),
      approval: z.union([z.enum(['required', 'automatic']), z.strictObject({ after: duration })]).default('required'),
      /** Customers of one incident whom automatic approval covers; beyond it a person decides. */
      blastLimit: z.number().int().min(0).default(500),
      /** Customers of one campaign above whom two people must approve, with two tokens. */
      twoPersonsAbove: z.number().int().min(0).optional(),
      /** Shares of a campaign's customers to whom it goes out, step by step; after the last, to all. */
      ramp: z
        .array(percent)
        .min(1)
        .refine(
          (steps) => steps.every((one, at) => one > (steps[at - 1] ?? 0)),
          'each step must be larger than the one before',
        )
        .optional(),
      /** Shares of the messages tried above which a campaign is paused. */
      stopWhen: z
        .strictObject({ failed: percent.optional(), optedOut: percent.optional(), complained: percent.optional() })
        .refine((rules) => Object.keys(rules).length > 0, 'must name failed, optedOut or complained')
        .optional(),
      /** Form of the link in an SMS; a mail keeps its own, which its opt-out needs. */
      links: z.enum(LINKS).default('signed'),
      /** Minutes since midnight in the customer's zone between which nothing is sent. */
      quietHours: z.strictObject({ from: timeOfDay, to: timeOfDay }).optional(),
      caps: z.strictObject({ messages: z.number().int().min(1), per: duration }).optional(),
      /** "We still work on it" to those who were told, so often while the incident is open. */
      updates: z.strictObject({ every: duration, atMost: z.number().int().min(1).max(100) }).optional(),
      /** "Do you need help?" in what says that there is a fault; who answers is given to a person. */
      askForHelp: z.boolean().default(false),
      onResolve: z.boolean().default(true),
      /** "It came back" to exactly those who were told that it was fixed. */
      onReturn: z.boolean().default(false),
      /** Evidence that counts without a person. */
      trust: z.array(z.enum(TRUSTS)).min(1).optional(),
    }),
  )
  .refine((list) => new Set(list.map((one) => one.name)).size === list.length, 'two policies have the same name')
  .superRefine((list, context) => {
    for (const [at, { holdOut, match }] of list.entries())
      if (holdOut && (match.severity ?? SEVERITIES).every((one) => holdOut.neverFor.includes(one)))
        context.addIssue({
          code: 'custom',
          path: [at, 'holdOut', 'neverFor'],
          message: 'holds nobody out, since it names every severity of the policy',
        });
    for (const [at, one] of list.entries())
      if ((one.class === 'legal') !== (one.rule !== undefined))
        context.addIssue({
          code: 'custom',
          path: [at, 'rule'],
          message:
            one.rule === undefined
              ? 'is needed with class: legal, for example "DORA Art. 19"'
              : 'does nothing without class: legal',
        });
    for (const [at, { fallback, channels }] of list.entries())
      if (fallback && new Set(channels).size < 2)
        context.addIssue({ code: 'custom', path: [at, 'fallback'], message: 'needs a second channel in channels' });
  })
  .default([])
  .transform((list) => list.map((policy) => ({ ...policy, trust: policy.trust ?? trustOf(policy.approval) })));

/** A public key stands in every browser, so what it claims never sends by itself; where a person approves, all counts. */
function trustOf(approval: 'required' | 'automatic' | { readonly after: number }): readonly Trust[] {
  return approval === 'required' ? TRUSTS : ['signed', 'server'];
}

/** For when and how an incident leads to outreach. */
export type Policy = z.output<typeof policiesSchema>[number];

/** Injection token of the policies, in order. */
export const POLICIES_CONFIG = Symbol('policies-config');

/** Injection token of the channels for which there is a gateway. */
export const CHANNELS_AVAILABLE = Symbol('channels-available');

import { z } from 'zod';
import { CHANNELS } from '../customers/customer.js';
import { SEVERITIES } from '../incidents/incident.js';
import { type Trust, TRUSTS } from '../projects/project-key.js';
import { duration, slug, timeOfDay } from '../platform/config/schema.js';

const oneOrMore = <T extends z.ZodType>(one: T) =>
  z.union([one, z.array(one).min(1)]).transform((value) => (Array.isArray(value) ? value : [value]));
const audienceName = z.enum(['affected'], {
  error: 'must be affected; customers at risk are shown by the API, and not written to yet',
});

/** The `policies` section: the first policy that matches an incident decides; an incident that none matches leads to no outreach. */
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
        })
        .default({}),
      audience: z.array(audienceName).min(1).prefault(['affected']),
      /** In order: the first that the customer allows and that reaches them. */
      channels: z.array(z.enum(CHANNELS)).min(1),
      approval: z.union([z.enum(['required', 'automatic']), z.strictObject({ after: duration })]).default('required'),
      /** Customers of one incident whom automatic approval covers; beyond it a person decides. */
      blastLimit: z.number().int().min(0).default(500),
      /** Customers of one campaign above whom two people must approve, with two tokens. */
      twoPersonsAbove: z.number().int().min(0).optional(),
      /** Minutes since midnight in the customer's zone between which nothing is sent. */
      quietHours: z.strictObject({ from: timeOfDay, to: timeOfDay }).optional(),
      caps: z.strictObject({ messages: z.number().int().min(1), per: duration }).optional(),
      onResolve: z.boolean().default(true),
      /** Evidence that counts without a person. */
      trust: z.array(z.enum(TRUSTS)).min(1).optional(),
    }),
  )
  .refine((list) => new Set(list.map((one) => one.name)).size === list.length, 'two policies have the same name')
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

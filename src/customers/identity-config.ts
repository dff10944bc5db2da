import { z } from 'zod';
import { duration } from '../platform/config/schema.js';
import { isNobody, normalName } from './identity.js';

const limit = (most: number) =>
  z.strictObject({ most: z.number().int().min(1).max(1000).default(most), per: duration.prefault('30d') }).prefault({});

/**
 * The `identity` section: what is never taken for a customer's name, and when names stop to belong to one person.
 *
 * The defaults are judgement, not measurement. Three customers on one device are a family; at one, two people who share a laptop stay unknown until
 * they log in, at six a till or a reading room passes for a person. Twenty devices let somebody clear their browser every other day; half loses
 * those who browse in private, double lets a script that logs in from many addresses look like one customer. Five addresses are more than people have.
 */
export const identitySchema = z.strictObject({
  /** Values that are nobody's, beside those that Forewarn knows. */
  blocked: z
    .array(z.string().min(1).max(200))
    .max(10_000)
    .refine((list) => !list.some(isNobody), "names a value that is nobody's anyway")
    .default([]),
  /** How many names of a kind may be linked to a customer within a time. */
  limits: z.strictObject({ device: limit(20), email: limit(5), phone: limit(5), username: limit(5) }).prefault({}),
  /** A device on which more customers log in within a time belongs to none of them. */
  sharedDevice: z
    .strictObject({ customers: z.number().int().min(1).max(100).default(3), per: duration.prefault('30d') })
    .prefault({}),
});

export type IdentityConfig = z.output<typeof identitySchema>;

/** Injection token of the `identity` section. */
export const IDENTITY_CONFIG = Symbol('identity-config');

/** Spelling in which values that are nobody's are compared. */
export function blockedOf({ blocked }: IdentityConfig): ReadonlySet<string> {
  return new Set(blocked.map((one) => normalName(one).toLowerCase()));
}

import { getCountries } from 'libphonenumber-js/max';
import { z } from 'zod';
import { type Channel } from '../customers/customer.js';
import { duration } from '../platform/config/schema.js';
import { approvedTextsSchema } from './approved-texts-config.js';

const limit = z.number().int().min(0).max(100_000_000);
const ceilings = (perHour: number, perDay: number) =>
  z
    .strictObject({ perHour: limit.default(perHour), perDay: limit.default(perDay) })
    .prefault({})
    .refine((one) => one.perHour <= one.perDay, 'perHour must not be above perDay');

const COUNTRIES: readonly string[] = getCountries();

/**
 * The `outreach` section: what holds for the whole installation, whatever the policies say.
 *
 * The defaults are judgement, not measurement. 2,000 SMS an hour let four incidents at the default blast limit of 500 go out by themselves and cost
 * about 160 EUR at 0.08 EUR each, 800 EUR a day at most; half would hold back the third large incident of an hour, double would double what a
 * mistake costs before a person reads the alert. Mail costs nothing, so its ceilings guard the sender's reputation and are ten times as high.
 */
export const outreachSchema = z.strictObject({
  limits: z
    .strictObject({
      sms: ceilings(2000, 10_000),
      email: ceilings(20_000, 100_000),
    } satisfies Readonly<Record<Channel, z.ZodType>>)
    .prefault({}),
  /**
   * Time between a person's approval and the first message, in which the approval can be taken back; milliseconds. Ten seconds are the lower end of
   * what mail programs offer (10 to 30 s): a slip of the finger is seen at once, and nobody waits longer for word of a fault.
   */
  undo: duration.prefault('10s'),
  /** Prices, for the estimate before an approval and for what contacts avoided were worth. */
  prices: z
    .strictObject({
      currency: z.string().regex(/^[A-Z]{3}$/, 'must be a code like EUR'),
      /** Cost of one contact with support, all in all. */
      contact: z.number().min(0).max(10_000).optional(),
      /** Prices of one part of an SMS by ISO 3166 code of the country; `default` for all others. */
      sms: z
        .record(
          z
            .string()
            .refine(
              (code) => code === 'default' || COUNTRIES.includes(code),
              'must be a country code like DE, or default',
            ),
          z.number().min(0).max(100),
        )
        .default({}),
    })
    .optional(),
  /** Texts of channels whose provider sends only what it approved before. */
  approvedTexts: approvedTextsSchema,
  /** ISO 3166 codes of the countries whose numbers may be written to; left out: all but what costs the recipient or us extra. */
  countries: z
    .array(z.string().refine((code) => COUNTRIES.includes(code), 'must be a country code of two letters, like DE'))
    .min(1)
    .optional(),
});

export type OutreachConfig = z.output<typeof outreachSchema>;

/** Injection token of the `outreach` section. */
export const OUTREACH_CONFIG = Symbol('outreach-config');

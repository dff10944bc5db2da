import { z } from 'zod';
import { type Channel, CHANNELS, type CustomerEntry, type ConsentWord, type Purpose, PURPOSES } from '../customer.js';
import { type Cell, LONGEST, readAccount, readEmail, readLocale, readName, readPhone, readTimeZone } from './cells.js';

const text = z.string().trim().min(1).max(LONGEST);

/** A text as `read` reads it, with what is wrong as the message. */
function cell(read: (value: string) => Cell<string>) {
  return z.string().transform((value, context) => {
    const found = read(value);
    if ('value' in found) return found.value;
    context.addIssue({ code: 'custom', message: found.problem });
    return z.NEVER;
  });
}

const locale = cell(readLocale);
const timeZone = cell(readTimeZone);
const phone = cell((value) => readPhone(value));
const email = cell(readEmail);
const account = cell(readAccount);

/** A name that stands for one customer. */
const name = cell(readName);

/** The app's own id of a customer: 1 to 200 characters that stand for one person. */
export const externalIdSchema = name;

/** Name of a directory, as the configuration spells it; whether it exists is checked later. */
export const directoryQuery = z.strictObject({ directory: z.string().max(LONGEST).optional() });

/** Search words, and the size of the page. */
export const searchQuery = directoryQuery.extend({
  query: z.string().trim().min(1).max(LONGEST),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

/** Yes or no as of now, or with the date at which the customer said so. */
const consentWord = z.union([
  z.boolean(),
  z.strictObject({ granted: z.boolean(), at: z.iso.datetime({ offset: true }).transform((value) => new Date(value)) }),
]);

/** A word on messages about the service, or one for each purpose. */
const channelConsent = z.union([
  consentWord,
  z.strictObject({
    service: consentWord.optional(),
    marketing: consentWord.optional(),
    legal: consentWord.optional(),
  } satisfies Record<Purpose, z.ZodType>),
]);

function wordsOf(channel: Channel, given: z.output<typeof channelConsent> | undefined): ConsentWord[] {
  if (given === undefined) return [];
  const byPurpose: Partial<Record<Purpose, z.output<typeof consentWord>>> =
    typeof given === 'boolean' || 'granted' in given ? { service: given } : given;
  return PURPOSES.flatMap((purpose) => {
    const word = byPurpose[purpose];
    if (word === undefined) return [];
    return [{ channel, purpose, ...(typeof word === 'boolean' ? { granted: word } : word) }];
  });
}

/** Body of `PUT /v1/customers/{externalId}`; unknown keys are refused so that a typing error is not lost. */
export const entrySchema = z.strictObject({
  name: text.nullish(),
  locale: locale.nullish(),
  timeZone: timeZone.nullish(),
  email: email.nullish(),
  phone: phone.nullish(),
  consent: z
    .strictObject({ sms: channelConsent.optional(), email: channelConsent.optional() })
    .transform((given): ConsentWord[] => CHANNELS.flatMap((channel) => wordsOf(channel, given[channel])))
    .optional(),
  account: account.nullish(),
  accountContact: z.boolean().optional(),
  attributes: z.record(text, z.union([z.string().max(LONGEST), z.number(), z.boolean(), z.null()])).optional(),
  usernames: z.array(name).max(20).optional(),
  devices: z.array(name).max(50).optional(),
});

/**
 * Finds a problem in the dates of consent; undefined if there is none. A future date would outrank everything that the
 * customer says until then.
 */
export function consentProblem({ consent }: CustomerEntry, now: Date): string | undefined {
  const word = consent?.find(({ at }) => at !== undefined && at > now);
  return word && `consent.${word.channel}.at: lies in the future; it is the time at which the customer said so`;
}

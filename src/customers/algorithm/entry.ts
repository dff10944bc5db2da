import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { z } from 'zod';
import { CHANNELS, type CustomerEntry } from '../customer.js';
import { isNobody, normalEmail, normalName } from '../identity.js';

const LONGEST = 200;
const text = z.string().trim().min(1).max(LONGEST);

/** Further name of a customer, beside the id. */
const name = text
  .transform(normalName)
  .refine((value) => !isNobody(value), 'is a value that apps send for nobody in particular, so it names no customer');

const locale = z.string().transform((value, context) => {
  try {
    return Intl.getCanonicalLocales(value)[0] ?? value;
  } catch {
    context.addIssue({ code: 'custom', message: `"${value}" is not a language tag; write it like en, zh-CN or pt-BR` });
    return z.NEVER;
  }
});

const timeZone = z.string().transform((value, context) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    context.addIssue({
      code: 'custom',
      message: `"${value}" is not a time zone; write it like Europe/Berlin or Asia/Shanghai`,
    });
    return z.NEVER;
  }
});

const phone = z.string().transform((value, context) => {
  const parsed = parsePhoneNumberFromString(value);
  if (parsed?.isValid()) return parsed.number;
  context.addIssue({
    code: 'custom',
    message: 'is not a phone number; write it with + and the country code, like +4915112345678',
  });
  return z.NEVER;
});

const email = z.email({ message: 'is not an e-mail address' }).max(254).transform(normalEmail);

/** The app's own id of a customer: 1 to 200 characters that stand for one person. */
export const externalIdSchema = text
  .transform(normalName)
  .refine(
    (value) => !isNobody(value),
    'is a value that apps send for nobody in particular, so it cannot be the id of a customer',
  );

/** Name of a directory, as the configuration spells it; whether it exists is checked later. */
export const directoryQuery = z.strictObject({ directory: z.string().max(LONGEST).optional() });

/** Yes or no as of now, or with the date at which the customer said so. */
const consentWord = z.union([
  z.boolean(),
  z.strictObject({ granted: z.boolean(), at: z.iso.datetime({ offset: true }).transform((value) => new Date(value)) }),
]);

/** Body of `PUT /v1/customers/{externalId}`; unknown keys are refused so that a typing error is not lost. */
export const entrySchema = z.strictObject({
  name: text.nullish(),
  locale: locale.nullish(),
  timeZone: timeZone.nullish(),
  email: email.nullish(),
  phone: phone.nullish(),
  consent: z.strictObject({ sms: consentWord.optional(), email: consentWord.optional() }).optional(),
  attributes: z.record(text, z.union([z.string().max(LONGEST), z.number(), z.boolean(), z.null()])).optional(),
  usernames: z.array(name).max(20).optional(),
  devices: z.array(name).max(50).optional(),
});

/** Line of an import: an entry with its id. */
export const importLineSchema = entrySchema.extend({ externalId: externalIdSchema });

/**
 * Finds a problem in the dates of consent; undefined if there is none. A future date would outrank everything that the
 * customer says until then.
 */
export function consentProblem({ consent }: CustomerEntry, now: Date): string | undefined {
  const channel = CHANNELS.find((one) => {
    const word = consent?.[one];
    return typeof word === 'object' && word.at > now;
  });
  return channel && `consent.${channel}.at: lies in the future; it is the time at which the customer said so`;
}

const TRUE = new Set(['true', 'yes', '1', 'y']);
const FALSE = new Set(['false', 'no', '0', 'n']);

/**
 * Turns a CSV record into the shape of an import line: `consentSms` and `consentEmail` are yes or no,
 * `attributes.NAME` columns become attributes, empty cells are left out.
 */
export function entryOfCsv(record: Readonly<Record<string, string>>): Record<string, unknown> {
  const entry: Record<string, unknown> = {};
  const consent: Record<string, unknown> = {};
  const attributes: Record<string, string> = {};
  for (const [column, cell] of Object.entries(record)) {
    if (cell === '') continue;
    if (column === 'consentSms' || column === 'consentEmail') consent[column.slice(7).toLowerCase()] = yesOrNo(cell);
    else if (column.startsWith('attributes.')) attributes[column.slice(11)] = cell;
    else entry[column] = cell;
  }
  if (Object.keys(consent).length > 0) entry.consent = consent;
  if (Object.keys(attributes).length > 0) entry.attributes = attributes;
  return entry;
}

function yesOrNo(cell: string): boolean | string {
  const word = cell.trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : cell;
}

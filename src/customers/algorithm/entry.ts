import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { z } from 'zod';

const LONGEST = 200;
const text = z.string().trim().min(1).max(LONGEST);

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

/** An e-mail address in the one form in which we compare it. */
export function normalEmail(value: string): string {
  return value.trim().toLowerCase();
}

const email = z.email({ message: 'is not an e-mail address' }).max(254).transform(normalEmail);

/** The app's own id of a customer: 1 to 200 characters. */
export const externalIdSchema = z.string().trim().min(1).max(LONGEST);

/** What `PUT /v1/customers/{externalId}` takes; unknown keys are refused so that a typing error is not lost. */
export const entrySchema = z.strictObject({
  name: text.nullish(),
  locale: locale.nullish(),
  timeZone: timeZone.nullish(),
  email: email.nullish(),
  phone: phone.nullish(),
  consent: z.strictObject({ sms: z.boolean().optional(), email: z.boolean().optional() }).optional(),
  attributes: z.record(text, z.union([z.string().max(LONGEST), z.number(), z.boolean(), z.null()])).optional(),
  usernames: z.array(text).max(20).optional(),
  devices: z.array(text).max(50).optional(),
});

/** One line of an import: an entry and the id that it is for. */
export const importLineSchema = entrySchema.extend({ externalId: externalIdSchema });

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

import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { type Identity } from '../customer.js';
import { isNobody, normalEmail, normalName } from '../identity.js';
import { recentMap } from '../../platform/recent-map.js';

/** Longest name, id or attribute, UTF-16 units. */
export const LONGEST = 200;

/** Value read from a cell, or its fault. */
export type Cell<T> = { readonly value: T } | { readonly problem: string };

/** NUL and half surrogate pairs, which no table holds, and U+FFFD, which stands where bytes could not be read. */
const UNREADABLE = /[\0\ufffd]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Zones and language tags that were read lately: making an Intl object for each of a million cells would take minutes. */
const zones = recentMap<string, string>(2_000);
const locales = recentMap<string, string>(2_000);

/** Words for yes and for no that people use in their lists. */
export const CONSENT_WORDS = {
  yes: [
    'yes',
    'y',
    'true',
    't',
    '1',
    'on',
    'x',
    'ja',
    'j',
    'oui',
    'si',
    'sí',
    '是',
    'granted',
    'agreed',
    'accepted',
    'opted in',
    'opt-in',
    'opted_in',
    'subscribed',
  ],
  no: [
    'no',
    'n',
    'false',
    'f',
    '0',
    'off',
    'nein',
    'non',
    '否',
    'denied',
    'refused',
    'declined',
    'opted out',
    'opt-out',
    'opted_out',
    'unsubscribed',
    'withdrawn',
  ],
} as const;
const WORDS = new Map<string, boolean>([
  ...CONSENT_WORDS.yes.map((word): [string, boolean] => [word, true]),
  ...CONSENT_WORDS.no.map((word): [string, boolean] => [word, false]),
]);

/** A text of 1 to 200 characters. */
export function readText(value: string): Cell<string> {
  const text = value.trim();
  if (text === '') return { problem: 'is empty' };
  if (text.length > LONGEST) return { problem: `is longer than ${LONGEST} characters` };
  if (UNREADABLE.test(text)) return { problem: 'holds characters that cannot be read or kept' };
  return { value: text };
}

/** A name that stands for one customer: an id, a user name or a device. */
export function readName(value: string): Cell<string> {
  const text = readText(value);
  if ('problem' in text) return text;
  const name = normalName(text.value);
  if (isNobody(name)) return { problem: 'is a value that apps send for nobody in particular, so it names no customer' };
  return { value: name };
}

/** A company: an id or a name, in the form in which we compare it. */
export function readAccount(value: string): Cell<string> {
  const text = readText(value);
  return 'problem' in text ? text : { value: normalName(text.value) };
}

/** A language tag; the underscores and code sets of POSIX locales (`en_US.UTF-8`) are read, too. */
export function readLocale(value: string): Cell<string> {
  const known = locales.get(value);
  if (known !== undefined) return { value: known };
  try {
    const tag = Intl.getCanonicalLocales(value.trim().replace(/\..*$/, '').replaceAll('_', '-'))[0];
    if (tag === undefined) throw new RangeError('empty');
    locales.set(value, tag);
    return { value: tag };
  } catch {
    return { problem: 'is not a language tag; write it like en, zh-CN or pt-BR' };
  }
}

/** A time zone of the IANA database. */
export function readTimeZone(value: string): Cell<string> {
  const known = zones.get(value);
  if (known !== undefined) return { value: known };
  try {
    const zone = new Intl.DateTimeFormat('en', { timeZone: value.trim() }).resolvedOptions().timeZone;
    zones.set(value, zone);
    return { value: zone };
  } catch {
    return { problem: 'is not a time zone; write it like Europe/Berlin or Asia/Shanghai' };
  }
}

/** One local part and one host name with a dot, without blanks; that it exists only a message shows. */
const EMAIL =
  /^[^\s@<>(),;:"[\]\\]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+\p{L}[\p{L}\p{N}-]{0,62}$/u;

/** An e-mail address, in the form in which we compare it. */
export function readEmail(value: string): Cell<string> {
  const email = normalEmail(value);
  if (email.length <= 254 && EMAIL.test(email) && !/^\.|\.\.|\.@/.test(email) && !isNobody(email))
    return { value: email };
  return { problem: 'is not an e-mail address' };
}

/**
 * A phone number as E.164.
 * @param country ISO 3166 code of the country whose numbers are written without their code
 */
export function readPhone(value: string, country?: string): Cell<string> {
  if (value.length > 40) return { problem: 'is not a phone number' };
  const written = country === undefined ? value.trim().replace(/^00/, '+') : value.trim();
  const parsed = parsePhoneNumberFromString(written, country as CountryCode | undefined);
  if (parsed?.isValid()) return { value: parsed.number };
  const how =
    country === undefined
      ? 'write it with + and the country code, like +4915112345678, or give the country of the others'
      : `nor one of ${country}; write others with + and the country code`;
  return { problem: `is not a phone number; ${how}` };
}

/** Yes or no in the words that people use. */
export function readYesNo(value: string): Cell<boolean> {
  const granted = WORDS.get(value.trim().toLowerCase());
  if (granted !== undefined) return { value: granted };
  return { problem: `is neither yes (${CONSENT_WORDS.yes.join(', ')}) nor no (${CONSENT_WORDS.no.join(', ')})` };
}

/** A day or a moment that is over; a day counts from its first moment, UTC. */
export function readPast(value: string, now: Date): Cell<Date> {
  const text = value.trim();
  const at = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text)
    ? new Date(
        /\d\d:\d\d/.test(text) && !/(Z|[+-]\d\d:?\d\d)$/.test(text)
          ? `${text.replace(' ', 'T')}Z`
          : text.replace(' ', 'T'),
      )
    : new Date(NaN);
  if (Number.isNaN(at.getTime())) return { problem: 'is not a date; write it like 2026-11-01 or 2026-11-01T09:00:00Z' };
  if (at > now) return { problem: 'lies in the future; it is the time at which the customer said so' };
  return { value: at };
}

/** All names that a text may be, for looking somebody up. */
export function namesOfText(text: string): Identity[] {
  const value = normalName(text);
  const phone = readPhone(/^\d{7,}$/.test(value) && !value.startsWith('0') ? `+${value}` : value);
  return [
    ...(['id', 'username', 'device'] as const).map((kind) => ({ kind, value })),
    { kind: 'email', value: normalEmail(text) },
    ...('value' in phone ? [{ kind: 'phone' as const, value: phone.value }] : []),
  ];
}

import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { type Channel } from '../../customers/customer.js';
import { type OutreachConfig } from '../outreach-config.js';

/** A recipient of a campaign as a dry run lists them. */
export interface DryRunLine {
  /** External id, or our own id of a customer without one. */
  readonly customer: string;
  readonly channel: Channel | null;
  /** ISO code of the country of the number; null for mail and for numbers of no country. */
  readonly country: string | null;
  readonly locale: string;
  /** Account for which its contact is told, of the contact and of its customers. */
  readonly account: string | null;
  /** `pending` goes out; every other state is final. */
  readonly state: string;
  readonly reason: string | null;
  readonly notBefore: Date;
  /** Parts of an SMS that the provider bills; 0 for what does not go out and for mail. */
  readonly segments: number;
  /** Price of it all in the currency of the price list; null where no price is known. */
  readonly cost: number | null;
}

/** Estimated cost of the messages to one country. */
export interface CountryCost {
  readonly country: string | null;
  readonly messages: number;
  readonly segments: number;
  readonly cost: number | null;
}

/** The country of a number in E.164. */
export function countryOf(number: string | undefined): string | null {
  return (number === undefined ? undefined : parsePhoneNumberFromString(number)?.country) ?? null;
}

/** Price of an SMS of so many parts; null where the list has no price for its country and no default. */
export function priceOf(prices: OutreachConfig['prices'], country: string | null, segments: number): number | null {
  const each = (country === null ? undefined : prices?.sms[country]) ?? prices?.sms['default'];
  return each === undefined ? null : rounded(each * segments);
}

/** Adds SMS up by country, the dearest first. */
export function costByCountry(lines: readonly DryRunLine[]): CountryCost[] {
  const byCountry = new Map<string | null, CountryCost>();
  for (const { channel, state, country, segments, cost } of lines) {
    if (channel !== 'sms' || state !== 'pending') continue;
    const sum = byCountry.get(country) ?? { country, messages: 0, segments: 0, cost: 0 };
    byCountry.set(country, {
      country,
      messages: sum.messages + 1,
      segments: sum.segments + segments,
      cost: sum.cost === null || cost === null ? null : rounded(sum.cost + cost),
    });
  }
  return [...byCountry.values()].sort((a, b) => (b.cost ?? 0) - (a.cost ?? 0) || b.segments - a.segments);
}

const COLUMNS = [
  'customer',
  'channel',
  'country',
  'locale',
  'account',
  'state',
  'reason',
  'notBefore',
  'segments',
  'cost',
] as const;

/** A dry run as CSV (RFC 4180) with a heading. */
export function csvOf(lines: readonly DryRunLine[]): string {
  const rows = lines.map((line) => COLUMNS.map((column) => cell(line[column])).join(','));
  return [COLUMNS.join(','), ...rows, ''].join('\r\n');
}

/** A text that a spreadsheet would take for a formula is marked as text, since ids of customers come from outside. */
function cell(value: string | number | Date | null): string {
  if (value === null) return '';
  const text = value instanceof Date ? value.toISOString() : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function rounded(amount: number): number {
  return Math.round(amount * 10_000) / 10_000;
}

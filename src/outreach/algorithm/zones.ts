import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { IANAZone } from 'luxon';
import { type Recipient } from '../../customers/customer.js';

/** The time zones in which a customer may be. */
export interface CustomerZones {
  /** True when the directory says the zone; otherwise these are all that their number and language leave open. */
  readonly known: boolean;
  /** At least one. */
  readonly zones: readonly string[];
}

/** Zone of whoever gives no hint at all. */
const UNKNOWN: CustomerZones = { known: false, zones: ['UTC'] };

/**
 * The zones in which a customer may be: their own; else those of the country of their phone number; else of the region in their language tag; else of
 * the region where the language is spoken most (CLDR likely subtags). Where there are several, nothing is sent while it is night in one of them.
 */
export function zonesOf({
  timeZone,
  addresses,
  locale,
}: Pick<Recipient, 'timeZone' | 'addresses' | 'locale'>): CustomerZones {
  if (timeZone !== null && isZone(timeZone)) return { known: true, zones: [timeZone] };
  const country = addresses.sms === undefined ? undefined : parsePhoneNumberFromString(addresses.sms)?.country;
  const zones = zonesOfRegion(country ?? regionOf(locale));
  return zones.length === 0 ? UNKNOWN : { known: false, zones };
}

/** Whether names are time zones: asking costs 50 us, and there are some 600 of them. */
const asked = new Map<string, boolean>();
const MOST_ASKED = 2000;

function isZone(name: string): boolean {
  const known = asked.get(name);
  if (known !== undefined) return known;
  const answer = IANAZone.isValidZone(name);
  if (asked.size < MOST_ASKED) asked.set(name, answer);
  return answer;
}

/** Regions of language tags that were taken apart, null for those that are none. Tags come from outside, so that only some are kept. */
const regions = new Map<string, string | null>();
const MOST_REGIONS = 2000;

function regionOf(locale: string | null): string | undefined {
  if (locale === null) return undefined;
  const known = regions.get(locale);
  if (known !== undefined) return known ?? undefined;
  const region = likelyRegion(locale);
  if (regions.size < MOST_REGIONS) regions.set(locale, region ?? null);
  return region;
}

function likelyRegion(locale: string): string | undefined {
  try {
    return new Intl.Locale(locale).maximize().region;
  } catch {
    return undefined;
  }
}

/** Found once a region: there are some 250 of them. */
const byRegion = new Map<string, readonly string[]>();

function zonesOfRegion(region: string | undefined): readonly string[] {
  if (region === undefined) return [];
  const known = byRegion.get(region);
  if (known) return known;
  const zones = [...(localeOf(region)?.timeZones ?? [])].filter((zone) => IANAZone.isValidZone(zone));
  byRegion.set(region, zones);
  return zones;
}

/** The property `timeZones` is in Node 20 and missing in TypeScript's library. */
function localeOf(region: string): { readonly timeZones?: readonly string[] } | undefined {
  try {
    const locale = new Intl.Locale(`und-${region}`) as Intl.Locale & {
      readonly timeZones?: readonly string[];
      getTimeZones?(): readonly string[];
    };
    return { timeZones: locale.getTimeZones?.() ?? locale.timeZones };
  } catch {
    return undefined;
  }
}

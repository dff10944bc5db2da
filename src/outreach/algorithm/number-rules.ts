import { parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** Why a number is not written to. */
export type NumberRefusal = 'number_costs_extra' | 'country_not_listed';

/**
 * Country codes that belong to no country (ITU-T E.164, list of assigned codes): 808 shared cost, 870 Inmarsat, 878 personal numbers, 881 satellite
 * phones, 882 and 883 international networks (satellite and maritime among them), 888 relief, 979 premium rate. A message there costs many times the usual.
 */
const WITHOUT_COUNTRY = /^\+(808|870|878|881|882|883|888|979)/;

/** Types of libphonenumber whose call or message is charged beyond the usual, to the caller or the one called. */
const COSTS_EXTRA: readonly (string | undefined)[] = ['PREMIUM_RATE', 'SHARED_COST', 'PAGER'];

/**
 * Whether a number may be written to.
 * @param number E.164
 * @param countries ISO codes that are allowed; undefined allows all
 */
export function refusedNumber(number: string, countries: readonly string[] | undefined): NumberRefusal | undefined {
  if (WITHOUT_COUNTRY.test(number)) return 'number_costs_extra';
  const parsed = parsePhoneNumberFromString(number);
  if (COSTS_EXTRA.includes(parsed?.getType())) return 'number_costs_extra';
  if (countries === undefined) return undefined;
  return parsed?.country !== undefined && countries.includes(parsed.country) ? undefined : 'country_not_listed';
}

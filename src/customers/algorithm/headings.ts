/** Fields that a column of an import can hold, beside `attributes.NAME`. */
export const FIELDS = [
  'externalId',
  'name',
  'locale',
  'timeZone',
  'email',
  'phone',
  'account',
  'accountContact',
  'consentSms',
  'consentSmsAt',
  'consentSmsMarketing',
  'consentSmsMarketingAt',
  'consentSmsLegal',
  'consentSmsLegalAt',
  'consentEmail',
  'consentEmailAt',
  'consentEmailMarketing',
  'consentEmailMarketingAt',
  'consentEmailLegal',
  'consentEmailLegalAt',
  'usernames',
  'devices',
] as const;

/** Headings of other systems that can mean only one thing, without case, blanks and punctuation. */
const ALSO: Readonly<Record<string, (typeof FIELDS)[number]>> = {
  id: 'externalId',
  customerid: 'externalId',
  userid: 'externalId',
  fullname: 'name',
  language: 'locale',
  lang: 'locale',
  tz: 'timeZone',
  zone: 'timeZone',
  mail: 'email',
  emailaddress: 'email',
  mobile: 'phone',
  phonenumber: 'phone',
  mobilenumber: 'phone',
  telephone: 'phone',
  accountid: 'account',
  accountname: 'account',
  company: 'account',
  companyid: 'account',
  companyname: 'account',
  organisation: 'account',
  organization: 'account',
  organisationid: 'account',
  organizationid: 'account',
  firma: 'account',
  isaccountcontact: 'accountContact',
  primarycontact: 'accountContact',
  maincontact: 'accountContact',
  ansprechpartner: 'accountContact',
  smsconsent: 'consentSms',
  smsoptin: 'consentSms',
  emailconsent: 'consentEmail',
  emailoptin: 'consentEmail',
  smsmarketing: 'consentSmsMarketing',
  smsmarketingconsent: 'consentSmsMarketing',
  emailmarketing: 'consentEmailMarketing',
  emailmarketingconsent: 'consentEmailMarketing',
  newsletter: 'consentEmailMarketing',
  username: 'usernames',
  device: 'devices',
};
const KNOWN = new Map<string, string>([
  ...Object.entries(ALSO),
  ...FIELDS.map((field): [string, string] => [field.toLowerCase(), field]),
]);

/** A column that is left out. */
export const LEFT_OUT = '-';

/** Headings in other words: heading to field, to `attributes.NAME`, or to `-` for a column that is left out. */
export type HeadingMap = ReadonlyMap<string, string>;

/**
 * Reads `Kundennummer=externalId,Handy=phone,Notiz=-`.
 * @returns the map, or what is wrong with it
 */
export function readHeadingMap(text: string): { readonly map: HeadingMap } | { readonly problem: string } {
  const map = new Map<string, string>();
  for (const pair of text.split(',')) {
    const at = pair.lastIndexOf('=');
    const [heading, wanted] = [pair.slice(0, Math.max(0, at)).trim(), pair.slice(at + 1).trim()];
    const field = wanted === LEFT_OUT ? LEFT_OUT : fieldOf(wanted, new Map());
    if (heading === '' || field === undefined)
      return {
        problem: `"${pair}" is not HEADING=FIELD; fields are ${FIELDS.join(', ')}, attributes.NAME, and - for a column to leave out`,
      };
    map.set(heading.toLowerCase(), field);
  }
  return { map };
}

/** Field that a heading stands for; undefined when nobody can say. */
export function fieldOf(heading: string, map: HeadingMap): string | undefined {
  const written = heading.trim();
  const mapped = map.get(written.toLowerCase());
  if (mapped !== undefined) return mapped;
  if (/^attributes\../i.test(written)) return `attributes.${written.slice(11)}`;
  return KNOWN.get(written.toLowerCase().replaceAll(/[\s_.-]/g, ''));
}

/**
 * The field of each column of a header line.
 * @returns the fields, or what is wrong with the line as a whole
 */
export function fieldsOf(
  headings: readonly string[],
  map: HeadingMap,
): { readonly fields: string[] } | { readonly problem: string } {
  const fields = headings.map((heading) => (heading.trim() === '' ? LEFT_OUT : fieldOf(heading, map)));
  const unknown = headings.filter((_, at) => fields[at] === undefined);
  if (unknown.length > 0) {
    const names = unknown.slice(0, 10).map((one) => `"${one.slice(0, 40)}"`);
    return {
      problem: `nobody knows what the column ${names.join(', ')} means; say so by map, such as ${unknown[0]?.trim().slice(0, 40)}=attributes.note, or =- to leave it out. Fields are ${FIELDS.join(', ')} and attributes.NAME`,
    };
  }
  const known = fields.filter((one): one is string => one !== undefined);
  const twice = known.find((one, at) => one !== LEFT_OUT && known.indexOf(one) !== at);
  if (twice !== undefined) return { problem: `two columns are ${twice}` };
  if (!known.includes('externalId'))
    return {
      problem:
        'no column is externalId, the id of the customer in your app; say which by map, such as Number=externalId',
    };
  return { fields: known };
}

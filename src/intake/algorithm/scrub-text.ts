import { type KeyRules } from './secret-keys.js';

/** What stands where something was taken out. */
export const HIDDEN = '[hidden]';
export const HIDDEN_USER = '[user]';

/** Credentials that show by their form alone: AWS, GitHub, Slack, Stripe and Google keys, and JSON web tokens. */
const KNOWN_FORMS =
  /\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{30,255}|xox[abprs]-[\w-]{10,250}|[rs]k_(?:live|test)_\w{10,250}|AIza[\w-]{35}|eyJ[\w-]{8,4000}\.[\w-]{4,4000}(?:\.[\w-]{0,4000})?)/g;
const SCHEME = /\b(bearer|basic|digest)\s{1,4}([\w.~+/=-]{8,4000})/gi;
const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;
const EMAIL = /[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b/g;
const USERINFO = /:\/\/[^\s/@]{1,200}@/g;
const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}\b/g;
const IPV6 = /(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}(?::|(?::?[0-9a-f]{1,4}){1,6})(?![\w:])/gi;
/** Shortest of the known forms, and shortest token after a scheme, characters. */
const MIN_KEY = 11;
const MIN_TOKEN = 4;
const SCHEME_HINT = /earer|asic|igest|EARER|ASIC|IGEST/;

const EQUALS = 61;
const COLON = 58;
const codes = (characters: string): ReadonlySet<number> => new Set([...characters].map((c) => c.charCodeAt(0)));
/** What makes a sign an operator: `==`, `=>`, `::`, `://`. */
const OPERATORS = codes('=>:/');
const SEPARATORS = codes(' \t\r\n"\'`&;,<>{}[]');
const LITERALS = new Set(['true', 'false', 'null', 'undefined', 'None']);
const MAX_NAME = 64;
/** Longest value hidden as one, UTF-16 units. */
const MAX_SECRET = 4000;

const KEY_BEGIN = '-----BEGIN ';
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/;

/** First digits and lengths of card numbers by scheme (ISO/IEC 7812), so that few other long numbers look like one. */
const CARD_SCHEMES =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d|35[2-8]\d)\d{12}|62\d{14,17})$/;

/** Takes secrets and people's addresses out of a text. Every pattern has bounded repeats, so the time is linear. */
export function scrubString(text: string, keys: KeyRules, extraPatterns: readonly RegExp[]): string {
  const seen = survey(text);
  let out = text;
  if (seen.dashes && out.includes(KEY_BEGIN)) out = hidePrivateKeys(out);
  if (seen.at && out.includes('://')) out = out.replace(USERINFO, `://${HIDDEN}@`);
  if (seen.at) out = out.replace(EMAIL, HIDDEN_USER);
  if (seen.longest >= MIN_KEY) out = out.replace(KNOWN_FORMS, HIDDEN);
  if (seen.longest >= MIN_TOKEN && SCHEME_HINT.test(out)) out = hideSchemes(out);
  if (seen.digits >= 13) out = out.replace(CARD, (number) => (isCard(number) ? HIDDEN : number));
  if (seen.digits >= 4 && seen.dots >= 3) out = out.replace(IPV4, (ip) => (isPublic(ip) ? HIDDEN_USER : ip));
  if (seen.colons >= 7 || (seen.colons >= 2 && out.includes('::')))
    out = out.replace(IPV6, (ip) => (looksLikeIpv6(ip) ? HIDDEN_USER : ip));
  if (seen.equals + seen.colons > 0) out = hideAssignments(out, keys);
  for (const pattern of extraPatterns) out = out.replace(pattern, HIDDEN);
  return out;
}

interface Survey {
  digits: number;
  dots: number;
  colons: number;
  equals: number;
  at: boolean;
  dashes: boolean;
  /** Length of the longest run of letters, digits, `_` and `-`: keys and tokens are long. */
  longest: number;
}

/** What a character counts as in a survey, by its code; 0 for all others. */
const [WORD, DIGIT, DASH, DOT, COLON_KIND, EQUALS_KIND, AT] = [1, 2, 3, 4, 5, 6, 7] as const;
const KINDS = new Uint8Array(128);
for (let code = 48; code < 123; code++)
  KINDS[code] = code < 58 ? DIGIT : /\w/.test(String.fromCharCode(code)) ? WORD : 0;
KINDS[45] = DASH;
KINDS[46] = DOT;
KINDS[COLON] = COLON_KIND;
KINDS[EQUALS] = EQUALS_KIND;
KINDS[64] = AT;

/** One cheap pass that says which patterns can match at all; most texts need none. */
function survey(text: string): Survey {
  const counts = [0, 0, 0, 0, 0, 0, 0, 0];
  let longest = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? KINDS[code]! : 0;
    if (kind === WORD) continue;
    counts[kind]!++;
    if (kind === DIGIT || kind === DASH) continue;
    if (i - start > longest) longest = i - start;
    start = i + 1;
  }
  return {
    digits: counts[DIGIT]!,
    dots: counts[DOT]!,
    colons: counts[COLON_KIND]!,
    equals: counts[EQUALS_KIND]!,
    at: counts[AT]! > 0,
    dashes: counts[DASH]! > 0,
    longest: Math.max(longest, text.length - start),
  };
}

/** "basic authentication failed" is no credential: tokens have digits, padding or both cases. */
function hideSchemes(text: string): string {
  return text.replace(SCHEME, (whole, scheme: string, token: string) =>
    /[0-9=+/]/.test(token) || /[a-z][A-Z]/.test(token) ? `${scheme} ${HIDDEN}` : whole,
  );
}

/**
 * Hides values by the names before them: `name=value`, `name: value`, `"name": "value"`, also in escaped JSON. In running
 * text `token: x` is often a sentence ("unexpected token: x"), so after a bare name and a colon only sure names count.
 */
function hideAssignments(text: string, keys: KeyRules): string {
  let out = '';
  let from = 0;
  for (let i = 1; i < text.length - 1; i++) {
    const sign = text.charCodeAt(i);
    if ((sign !== EQUALS && sign !== COLON) || OPERATORS.has(text.charCodeAt(i + 1)) || i < from) continue;
    const name = nameBefore(text, i);
    const verdict = name && keys.of(name.text);
    if (!verdict || !(verdict === 'hide' || sign === EQUALS || name.isQuoted)) continue;
    const { start, end } = valueAfter(text, i + 1);
    const value = text.slice(start, end);
    if (value === '' || LITERALS.has(value) || value.startsWith('[')) continue;
    out += text.slice(from, start) + (verdict === 'identity' ? HIDDEN_USER : HIDDEN);
    from = end;
  }
  return from === 0 ? text : out + text.slice(from);
}

/** The name that stands before a sign, with at most two spaces, a quote and its backslash between. */
function nameBefore(text: string, sign: number): { text: string; isQuoted: boolean } | undefined {
  let end = sign;
  for (let spaces = 0; spaces < 2 && text[end - 1] === ' '; spaces++) end--;
  const isQuoted = isQuote(text.charCodeAt(end - 1));
  if (isQuoted) end--;
  if (isQuoted && text[end - 1] === '\\') end--;
  let start = end;
  while (start > 0 && end - start < MAX_NAME && isNamePart(text.charCodeAt(start - 1))) start--;
  return start < end ? { text: text.slice(start, end), isQuoted } : undefined;
}

/** Where the value after a sign stands: up to its closing quote, or up to a space or separator. */
function valueAfter(text: string, from: number): { start: number; end: number } {
  let start = from;
  for (let spaces = 0; spaces < 4 && text[start] === ' '; spaces++) start++;
  if (text[start] === '\\') start++;
  const quote = isQuote(text.charCodeAt(start)) ? text.charCodeAt(start++) : 0;
  const limit = Math.min(text.length, start + MAX_SECRET);
  let end = start;
  while (end < limit && (quote ? text.charCodeAt(end) !== quote : !SEPARATORS.has(text.charCodeAt(end)))) end++;
  if (quote && text[end - 1] === '\\') end--;
  return { start, end: Math.max(start, end) };
}

function isQuote(code: number): boolean {
  return code === 34 || code === 39 || code === 96;
}

function isNamePart(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    (code >= 45 && code <= 46) ||
    code === 95
  );
}

function hidePrivateKeys(text: string): string {
  let out = '';
  let rest = text;
  for (let match = PRIVATE_KEY.exec(rest); match; match = PRIVATE_KEY.exec(rest)) {
    const ends = rest.indexOf('-----END ', match.index);
    const close = ends < 0 ? -1 : rest.indexOf('-----', ends + 9);
    out += rest.slice(0, match.index) + HIDDEN;
    rest = close < 0 ? '' : rest.slice(close + 5);
  }
  return out + rest;
}

/** True for a number of a card scheme with a right check digit (Luhn). */
function isCard(number: string): boolean {
  const digits = number.replace(/[ -]/g, '');
  if (!CARD_SCHEMES.test(digits)) return false;
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits.charCodeAt(i) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/** Addresses of private networks (RFC 1918), loopback and link-local name servers, not customers, and help in finding faults. */
function isPublic(ip: string): boolean {
  const [a = 256, b = 256, c = 256, d = 256] = ip.split('.').map(Number);
  if (a > 255 || b > 255 || c > 255 || d > 255) return false;
  if (a === 0 || a === 10 || a === 127 || a === 255) return false;
  return !((a === 192 && b === 168) || (a === 172 && b >= 16 && b <= 31) || (a === 169 && b === 254));
}

/** Times of day (12:30:45) have no letters and no `::`, and short runs of words are no addresses. */
function looksLikeIpv6(ip: string): boolean {
  const groups = ip.split(':').length;
  return groups >= 8 || (ip.includes('::') && groups >= 4);
}

import { type KeyRules } from './secret-keys.js';

/** Text put where something was taken out. */
export const HIDDEN = '[hidden]';
export const HIDDEN_USER = '[user]';

/** Credentials that show by their form alone: AWS, GitHub, GitLab, npm, Slack, Stripe, SendGrid, OpenAI and Google keys, and JSON web tokens. */
const KNOWN_FORMS =
  /\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{30,255}|github_pat_\w{20,255}|glpat-[\w-]{20,255}|npm_\w{30,255}|xox[abprs]-[\w-]{10,250}|[rs]k_(?:live|test)_\w{10,250}|sk-(?=[\w-]{0,20}[0-9A-Z])[\w-]{20,255}|SG\.[\w-]{16,64}\.[\w-]{16,128}|AIza[\w-]{35}|eyJ[\w-]{8,4000}\.[\w-]{4,4000}(?:\.[\w-]{0,4000})?)/g;
const SLACK_HOOK = /(hooks\.slack\.com\/services\/)[\w/-]{10,200}/g;
const SCHEME = /\b(bearer|basic|digest)\s{1,4}([\w.~+/=-]{8,4000})/gi;
/** Groups of digits as people write long numbers; which of them are a card is for `hideCards` to say. */
const DIGIT_GROUPS = /\d{3,}(?:(?:[ .+\u00a0\u202f-]|%20)\d{3,})*/g;
const DIGITS = /^\d+/;
const EMAIL = /[\p{L}\p{N}_.+%-]{1,64}(?:@|%40)(?:[\p{L}\p{N}_-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}])/gu;
/** User and password before the host of an address. A password may hold an `@`, and a `/` where a port cannot be meant. */
const USERINFO = /:\/\/(?:[^\s/?#"'<>]{1,200}|[^\s/?#:@"'<>]{1,100}:(?!\d{1,5}\/)[^\s@"'<>]{1,200})@/g;
/** A number as it is dialled from abroad: a plus and 8 to 15 digits (E.164), in groups or not. Without the plus it may as well be an id. */
const PHONE = /(?<![\w+])\+[1-9](?:[ ()./\u00a0-]{0,2}\d){7,14}(?!\d)/g;
const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}\b/g;
const IPV6 = /(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}(?::|(?::?[0-9a-f]{1,4}){1,6})(?![\w:])/gi;
/** Shortest of the known forms, and shortest token after a scheme, characters. */
const MIN_KEY = 11;
const MIN_TOKEN = 4;
const SCHEME_HINT = /earer|asic|igest|EARER|ASIC|IGEST/;

const EQUALS = 61;
const COLON = 58;
const PERCENT = 37;
const GREATER = 62;
const codes = (characters: string): ReadonlySet<number> => new Set([...characters].map((c) => c.charCodeAt(0)));
/** Signs that make an operator of the `=` or `:` before them: `==`, `=>`, `::`, `://`. */
const OPERATORS = codes('=>:/');
const SEPARATORS = codes(' \t\r\n"\'`&;,<>{}[]');
const LITERALS = new Set(['true', 'false', 'null', 'undefined', 'None', 'nil']);
/** Texts that an app or an earlier scrubber put in place of a value. */
const MARK = /^\[(?:hidden|user|trimmed|filtered|redacted)/i;
/** Names whose values have spaces and semicolons in them: headers, which end with their line. */
const WHOLE_LINE = /(?:authorization|cookie)$/i;
/** A field of a form as `multipart/form-data` has it: its name, other headers, an empty line, the value. */
const FORM_FIELD = /(name="([^"]{1,64})"[^\n]{0,200}\n(?:[\w-]{1,40}:[^\n]{0,200}\n){0,4}\r?\n)([^\r\n]{1,4000})/g;
const MAX_NAME = 64;
/** Longest value hidden as one, UTF-16 units. */
const MAX_SECRET = 4000;

const KEY_BEGIN = '-----BEGIN ';
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;

/** First digits and lengths of card numbers by scheme (ISO/IEC 7812), so that few other long numbers look like one. */
const CARD_SCHEMES =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d|35[2-8]\d)\d{12}|62\d{14,17}|(?:50(?:18|20|38)|5893|6304|6759|676[1-3])\d{9,15})$/;
const SHORTEST_PHONE = 8;
const [SHORTEST_CARD, LONGEST_CARD] = [13, 19];

/** Takes secrets and people's addresses out of a text. Every pattern has bounded repeats or can match in one way only, so the time is linear. */
export function scrubString(text: string, keys: KeyRules, extraPatterns: readonly RegExp[]): string {
  const seen = survey(text);
  let out = text;
  if (seen.dashes && out.includes(KEY_BEGIN)) out = hidePrivateKeys(out);
  if (seen.at && out.includes('://')) out = out.replace(USERINFO, `://${HIDDEN}@`);
  if (seen.at || (seen.percents && out.includes('%40'))) out = out.replace(EMAIL, HIDDEN_USER);
  if (seen.longest >= MIN_KEY) out = out.replace(KNOWN_FORMS, HIDDEN);
  if (out.includes('hooks.slack.com')) out = out.replace(SLACK_HOOK, `$1${HIDDEN}`);
  if (seen.longest >= MIN_TOKEN && SCHEME_HINT.test(out)) out = hideSchemes(out);
  if (seen.digits >= SHORTEST_PHONE && out.includes('+')) out = out.replace(PHONE, HIDDEN_USER);
  if (seen.digits >= SHORTEST_CARD) out = out.replace(DIGIT_GROUPS, hideCards);
  if (seen.digits >= 4 && seen.dots >= 3) out = out.replace(IPV4, (ip) => (isPublic(ip) ? HIDDEN_USER : ip));
  if (seen.colons >= 7 || (seen.colons >= 2 && out.includes('::')))
    out = out.replace(IPV6, (ip) => (looksLikeIpv6(ip) ? HIDDEN_USER : ip));
  if (out.includes('form-data')) out = hideFormFields(out, keys);
  if (seen.equals + seen.colons > 0 || seen.percents || out.includes('</')) out = hideAssignments(out, keys);
  for (const pattern of extraPatterns) out = out.replace(pattern, HIDDEN);
  return out;
}

interface Survey {
  digits: number;
  dots: number;
  colons: number;
  equals: number;
  at: boolean;
  percents: boolean;
  dashes: boolean;
  /** Length of the longest run of letters, digits, `_` and `-`: keys and tokens are long. */
  longest: number;
}

/** Kind of a character in a survey, by its code; 0 for all others. */
const [WORD, DIGIT, DASH, DOT, COLON_KIND, EQUALS_KIND, AT, PERCENT_KIND] = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const KINDS = new Uint8Array(128);
for (let code = 48; code < 123; code++)
  KINDS[code] = code < 58 ? DIGIT : /\w/.test(String.fromCharCode(code)) ? WORD : 0;
KINDS[45] = DASH;
KINDS[46] = DOT;
KINDS[COLON] = COLON_KIND;
KINDS[EQUALS] = EQUALS_KIND;
KINDS[64] = AT;
KINDS[PERCENT] = PERCENT_KIND;

/** One cheap pass that says which patterns can match at all; most texts need none. */
function survey(text: string): Survey {
  const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0];
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
    percents: counts[PERCENT_KIND]! > 0,
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
 * Hides values by the names before them: `name=value`, `name: value`, `"name": "value"`, `user[name]=value`, `name%3Dvalue`,
 * `"name" => "value"`, `<name>value</name>`, also in JSON that stands in JSON. In running text `token: x` is often a sentence
 * ("unexpected token: x"), so after a bare name and a colon only sure names count.
 */
function hideAssignments(text: string, keys: KeyRules): string {
  let out = '';
  let from = 0;
  for (let i = 1; i < text.length - 1; i++) {
    const sign = signAt(text, i);
    if (!sign || i < from) continue;
    const name = nameBefore(text, i);
    const verdict = name && (sign.kind !== 'arrow' || name.isMarked) && keys.of(name.text);
    if (!verdict || (sign.kind === 'tag' && text[name.start - 1] !== '<')) continue;
    if (verdict !== 'hide' && sign.kind === 'colon' && !name.isMarked) continue;
    const { start, end } = valueAfter(text, sign.end, sign.kind, WHOLE_LINE.test(name.text));
    const value = text.slice(start, end);
    if (sign.kind === 'tag' && !text.startsWith(`</${name.text}>`, end)) continue;
    if (value === '' || LITERALS.has(value) || MARK.test(value)) continue;
    out += text.slice(from, start) + (verdict === 'identity' ? HIDDEN_USER : HIDDEN);
    from = end;
  }
  return from === 0 ? text : out + text.slice(from);
}

type SignKind = 'equals' | 'colon' | 'arrow' | 'tag' | 'encoded';

/** Finds a sign at this place that a value follows, and where the value begins. */
function signAt(text: string, i: number): { kind: SignKind; end: number } | undefined {
  const code = text.charCodeAt(i);
  if (code === EQUALS && text.charCodeAt(i + 1) === GREATER) return { kind: 'arrow', end: i + 2 };
  if (code === EQUALS || code === COLON)
    return OPERATORS.has(text.charCodeAt(i + 1))
      ? undefined
      : { kind: code === EQUALS ? 'equals' : 'colon', end: i + 1 };
  if (code === GREATER) return { kind: 'tag', end: i + 1 };
  if (code === PERCENT && text[i + 1] === '3' && (text[i + 2] === 'D' || text[i + 2] === 'd'))
    return { kind: 'encoded', end: i + 3 };
  return undefined;
}

interface NameBefore {
  readonly text: string;
  readonly start: number;
  /** It stands in quotes or brackets, so it is a name and no word of a sentence. */
  readonly isMarked: boolean;
}

/** The name that stands before a sign, with at most two spaces, a bracket, a quote and its backslashes between. */
function nameBefore(text: string, sign: number): NameBefore | undefined {
  let end = sign;
  for (let spaces = 0; spaces < 2 && text[end - 1] === ' '; spaces++) end--;
  const unbracketed = withoutBrackets(text, end);
  const isQuoted = isQuote(text.charCodeAt(unbracketed - 1));
  const isMarked = isQuoted || unbracketed < end;
  end = isQuoted ? unbracketed - 1 : unbracketed;
  if (isQuoted) while (text[end - 1] === '\\') end--;
  let start = end;
  while (start > 0 && end - start < MAX_NAME && isNamePart(text.charCodeAt(start - 1))) start--;
  // Two digits after a percent sign are a character of their own: `user%5Bpin`.
  if (start > 0 && text.charCodeAt(start - 1) === PERCENT) start += 2;
  return start < end ? { text: text.slice(start, end), start, isMarked } : undefined;
}

/** Where the name in `user[name]`, `user[name][]` or `user%5Bname%5D` ends. */
function withoutBrackets(text: string, from: number): number {
  let end = from;
  for (let left = 2; left > 0; left--) {
    if (text[end - 1] === ']') end -= text[end - 2] === '[' ? 2 : 1;
    else if (/^%5d$/i.test(text.slice(Math.max(0, end - 3), end)))
      end -= /^%5b$/i.test(text.slice(Math.max(0, end - 6), end - 3)) ? 6 : 3;
    else break;
  }
  return end;
}

/** Where the value after a sign stands: up to its closing quote, to the end of its line, or up to a space or separator. */
function valueAfter(text: string, from: number, kind: SignKind, isLine: boolean): { start: number; end: number } {
  let start = from;
  for (let spaces = 0; spaces < 4 && (text[start] === ' ' || text[start] === '\t'); spaces++) start++;
  if (text[start] === '[' && !MARK.test(text.slice(start, start + 12))) start++;
  const backslashes = countBackslashes(text, start);
  // Python and Ruby write a letter before some quotes: b'secret'.
  const letters = /^[bruf]{1,2}(?=["'])/i.exec(text.slice(start, start + 3))?.[0].length ?? 0;
  const opening = start + backslashes + letters;
  const quote = isQuote(text.charCodeAt(opening)) ? text.charCodeAt(opening) : 0;
  if (quote) start = opening + 1;
  const limit = Math.min(text.length, start + MAX_SECRET);
  let end = start;
  if (quote) {
    // One that has more backslashes than the first is a part of the value.
    for (let slashes = 0; end < limit; end++) {
      const code = text.charCodeAt(end);
      if (code === quote && slashes <= backslashes) break;
      slashes = text[end] === '\\' ? slashes + 1 : 0;
    }
    for (let left = backslashes; left > 0 && text[end - 1] === '\\'; left--) end--;
  } else {
    while (end < limit && !endsValue(text, end, kind, isLine)) end++;
  }
  return { start, end: Math.max(start, end) };
}

function countBackslashes(text: string, at: number): number {
  let count = 0;
  while (count < 8 && text[at + count] === '\\') count++;
  return count;
}

function endsValue(text: string, at: number, kind: SignKind, isLine: boolean): boolean {
  const code = text.charCodeAt(at);
  if (kind === 'tag') return code === 60; // the tag that ends it
  if (isLine) return code === 10 || code === 13 || isQuote(code);
  // In an address that stands in an address `%26` is what `&` is outside.
  if (kind === 'encoded' && code === PERCENT && text[at + 1] === '2' && (text[at + 2] === '6' || text[at + 2] === '0'))
    return true;
  return SEPARATORS.has(code);
}

/** Hides the fields of a form that was sent in parts. */
function hideFormFields(text: string, keys: KeyRules): string {
  return text.replace(FORM_FIELD, (whole, head: string, name: string) => {
    const verdict = keys.of(name);
    return verdict ? head + (verdict === 'identity' ? HIDDEN_USER : HIDDEN) : whole;
  });
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

/**
 * Hides the cards among groups of digits. A card is one group or several in a row, so that a number before it or a date after it
 * does not hide it, and no part of a longer number is taken for one. A dot joins groups but begins and ends no card: `0.4111` is a fraction.
 */
function hideCards(run: string, at: number, text: string): string {
  const groups: { digits: string; start: number; end: number }[] = [];
  for (let start = 0; start < run.length;) {
    const digits = DIGITS.exec(run.slice(start))?.[0] ?? '';
    groups.push({ digits, start, end: start + digits.length });
    start += digits.length;
    start += run[start] === '%' ? 3 : 1;
  }
  let out = '';
  let from = 0;
  for (let first = 0; first < groups.length; first++) {
    let digits = '';
    for (let last = first; last < groups.length && digits.length < LONGEST_CARD; last++) {
      digits += groups[last]!.digits;
      const { start } = groups[first]!;
      const { end } = groups[last]!;
      if (text[at + start - 1] === '.' || run[end] === '.' || !isCard(digits)) continue;
      out += run.slice(from, start) + HIDDEN;
      from = end;
      first = last;
      break;
    }
  }
  return from === 0 ? run : out + run.slice(from);
}

/** True for digits of a card scheme with a right check digit (Luhn). */
export function isCard(digits: string): boolean {
  if (digits.length < SHORTEST_CARD || digits.length > LONGEST_CARD || !CARD_SCHEMES.test(digits)) return false;
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

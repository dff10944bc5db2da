import { isAddress } from './host-context.v1.js';
import { isCodeAt } from './code-context.v1.js';

/**
 * Longest text that we read, in UTF-16 units; the rest is cut, so that one huge message costs no more than a page.
 * Chosen by judgement, not measured.
 */
const MAX_LENGTH = 8_192;

/** Rule for a typed value: its pattern from the first character on, and its placeholder. */
type Rule = readonly [pattern: RegExp, placeholder: string];

const TIME = String.raw`(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:\s?[APap][Mm]\b|(?=Z\b)|(?!\w|:\d))`;
const ZONE = String.raw`(?:\s?(?:Z\b|(?:UTC|GMT)?[+-]\d{2}:?\d{2}\b|(?:UTC|GMT|[A-Z]{2,3}T)\b)(?:\s\([A-Za-z ]{2,40}\))?)?`;
const MONTH = String.raw`(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)`;
const WEEKDAY = String.raw`(?:Mon|Tue(?:s)?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?`;
const MONTH_NO = String.raw`(?:0?[1-9]|1[0-2])`;
const DAY_NO = String.raw`(?:0?[1-9]|[12]\d|3[01])`;
const YEAR = String.raw`(?:19|20)\d{2}`;
const CLOCK = String.raw`(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?:[.,]\d{1,9})?`;
const MONTH_DAY = String.raw`${MONTH}\.?\s{1,2}${DAY_NO}\b(?:,?\s${YEAR}\b(?!:))?(?:,?\s${TIME})?${ZONE}(?:\s${YEAR}\b)?`;
const DAY_MONTH = String.raw`${DAY_NO}[ /-]${MONTH}\b(?:[ /-](?:${YEAR}|\d{2})\b)?(?:[ :T]${TIME})?${ZONE}`;

/** Dates as RFC 3339, RFC 822, 850 and 1123, ISO 8601 basic, asctime, syslog, access logs, JavaScript and Python print them. */
const DATE_FROM_DIGIT: readonly Rule[] = [
  [
    new RegExp(String.raw`${YEAR}([-/.])${MONTH_NO}\1${DAY_NO}(?!\d)(?:(?:[T :_]|\s@\s)${TIME}${ZONE}|(?!-?\w))`, 'y'),
    '<date>',
  ],
  [
    new RegExp(String.raw`${YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[T ](?:${CLOCK}|${TIME})${ZONE}(?!\w)`, 'y'),
    '<date>',
  ],
  [
    new RegExp(
      String.raw`(?:${DAY_NO}([/.])${MONTH_NO}|${MONTH_NO}([/.])${DAY_NO})(?:\1|\2)${YEAR}\b(?:,?[T ]${TIME}${ZONE})?`,
      'y',
    ),
    '<date>',
  ],
  [new RegExp(DAY_MONTH, 'y'), '<date>'],
  [new RegExp(`${TIME}${ZONE}`, 'y'), '<date>'],
  [/(?:0?[1-9]|1[0-2])[AaPp][Mm]\b/y, '<date>'],
];

const DATE_FROM_LETTER = new RegExp(String.raw`(?:${WEEKDAY},?\s{1,2})?(?:${MONTH_DAY}|${DAY_MONTH})(?![\w])`, 'y');
const DATE_OF_PYTHON = /datetime\.(?:datetime|date|time)\([\d, ]{3,60}\)/y;

const HEX_IDS: readonly Rule[] = [
  [/[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])/y, '<uuid>'],
  [/(?:00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|1-[0-9a-f]{8}-[0-9a-f]{24})(?![0-9A-Za-z])/y, '<traceparent>'],
  [/[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z:])/y, '<mac>'],
];

const NUMBERS: readonly Rule[] = [
  [/(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![0-9A-Za-z]|\.\d)(?:\/\d{1,2}\b)?/y, '<ip>'],
  [/(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|secs?|mins?|hrs?|[smhd]))+(?![0-9A-Za-z])/y, '<duration>'],
  [
    /\d+(?:\.\d+)? (?:nanoseconds?|microseconds?|milliseconds?|millis|seconds?|minutes?|hours?|days?|ns|us|µs|ms|secs?|mins?|hrs?)(?![0-9A-Za-z])/y,
    '<duration>',
  ],
  [/\d+(?:\.\d+)?\s?(?:[KMGTP]i?)?B(?:ps)?(?![0-9A-Za-z])/y, '<size>'],
  [/0[xX][0-9A-Fa-f]+(?![0-9A-Za-z])/y, '<hex>'],
  [/\d+(?:\.\d+){2,5}(?![0-9A-Za-z]|\.\d)/y, '<version>'],
  [/\d+\.\d+(?:[eE][+-]?\d+)?(?![0-9A-Za-z])/y, '<float>'],
  [/\d{1,3}(?:,\d{3})+(?![0-9A-Za-z]|,\d)/y, '<int>'],
  [/\d+[eE][+-]\d+(?![0-9A-Za-z])/y, '<float>'],
];

const VERSION = /[vV]\d+(?:\.\d+){1,4}(?![0-9A-Za-z]|\.\d)/y;
const URL = /[A-Za-z][A-Za-z0-9+.-]{0,20}:\/\/[^\s"'`<>()[\]{},;|\\^]+/y;
const EMAIL = /[A-Za-z0-9_.+%-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}/y;
const HOST = /[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}(?:[A-Za-z]{2,14})(?![A-Za-z0-9_-]|\.\w|\()/y;
/** Name, colon and a number that may be a port; `isAddress` decides. */
const NAME_AND_PORT = /([A-Za-z0-9](?:[A-Za-z0-9-]|[._](?=[A-Za-z0-9])){0,252}):(\d{2,5})(?![\w:-]|\.\d)/y;
/** IPv4 address as IPv6 writes it. */
const MAPPED_IP = /::(?:ffff:(?:0:)?)?(?:\d{1,3}\.){3}\d{1,3}(?![0-9A-Za-z:]|\.\d)/iy;
const TOKEN_OF_JWT = /eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}/y;
const SWIFT_TRANSACTION = /tx[0-9a-f]{21}-[0-9a-f]{10}(?:[0-9A-Za-z~-]*)/y;
const IP6 = /[0-9A-Fa-f:]{3,45}(?:%\w+|(?![0-9A-Za-z_:.]))/y;
const QUOTED = /"[^"\n]{0,500}"|'[^'\n]{0,500}'/y;
const POSIX_PATH =
  /\/(?:home|Users|root|var|tmp|usr|opt|etc|mnt|srv|dev|proc|sys|private|data|Library|Applications)\/[^\s"'`<>:,;()[\]{}|=]+/y;
const WINDOWS_PATH = /(?:[A-Za-z]:\\|\\\\[\w.$-]+\\)[^\s"'`<>:,;()[\]{}|=]+/y;

/** Top-level domains that hardly ever end the name of a file or module, so that two labels make a host name. */
const DOMAINS = new Set(
  'com net org edu gov mil int info biz dev app cloud io co ai uk de fr nl eu ca jp cn ru br ch se dk cz nz kr za local internal lan localdomain'.split(
    ' ',
  ),
);
/** Country domains that are also words or file endings; three labels or more make a host name. */
const DOMAINS_OF_LONG_NAMES = new Set(
  'us me tv it es au ir in no fi pl be at ie mx ar is to gr tr pt hu ro il sg hk tw id my th vn ua sh cc'.split(' '),
);

const LETTER = 1;
const DIGIT = 2;

/**
 * Characters that may follow the digits of a longer number: a dot, a comma, a blank before a unit, and the two signs
 * for micro.
 */
const CONTINUES = new Set([46, 44, 32, 181, 956]);

/** Characters that may follow the first word of an address with a port: a colon, a dash, a dot, an underscore. */
const JOINS_ADDRESS = new Set([58, 45, 46, 95]);

const KINDS = new Uint8Array(128);
for (let code = 48; code <= 57; code++) KINDS[code] = DIGIT;
for (let code = 65; code <= 90; code++) KINDS[code] = KINDS[code + 32] = LETTER;

const [SLASH, BACKSLASH, COLON, DASH, DOT, EQUALS, DOUBLE_QUOTE, SINGLE_QUOTE] = [47, 92, 58, 45, 46, 61, 34, 39];

/**
 * Replaces every typed value in `text` by the name of its type, in one pass from left to right: `<email>`, `<url>`, `<host>`, `<ip>`, `<mac>`,
 * `<uuid>`, `<traceparent>`, `<sha1>`, `<md5>`, `<git_sha>`, `<hex>`, `<date>`, `<duration>`, `<size>`, `<version>`, `<float>`, `<int>`,
 * `<path>`, `<quoted_str>`, `<bool>`, `<token>`. HTTP statuses and error codes stay as they are, because 503 is another fault than 429.
 * The text is cut at 8,192 characters. The result is the frozen identity of a message: change a rule only in a new version of this file.
 */
export function maskMessage(text: string): string {
  const source = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  return new Masking(source).run();
}

/** State of one pass: the position read so far, and the text written so far. */
class Masking {
  private out = '';
  private written = 0;
  private at = 0;
  private readonly hasEmail: boolean;
  private readonly hasUrl: boolean;
  private readonly hasDot: boolean;
  /** Index of the last colon between a name and a digit; -1 without one. */
  private readonly lastPort: number;

  constructor(private readonly text: string) {
    this.hasEmail = text.includes('@');
    this.hasUrl = text.includes('://');
    this.hasDot = text.includes('.');
    this.lastPort = lastPortOf(text);
  }

  run(): string {
    const { text } = this;
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at);
      if (code >= 128) this.at = this.foreign(code);
      else if (KINDS[code] === 0) this.at = this.punctuation(code);
      else this.at = this.word(code);
    }
    return this.written === 0 ? text : this.out + text.slice(this.written);
  }

  /** Reads one run of letters and digits, with what belongs to it if it begins a value. */
  private word(first: number): number {
    const { text, at } = this;
    let end = at;
    let kinds = 0;
    for (let kind = KINDS[first]; kind; kind = KINDS[text.charCodeAt(end)] ?? 0) {
      kinds |= kind;
      end++;
    }
    const next = text.charCodeAt(end);
    if (this.hasEmail && this.tryOne(EMAIL, '<email>')) return this.at;
    if (this.lastPort > at && JOINS_ADDRESS.has(next) && this.tryAddress()) return this.at;
    if (this.hasUrl && next === COLON && text.charCodeAt(end + 1) === SLASH && this.tryUrl()) return this.at;
    if (kinds === LETTER) return this.letters(end, next);
    if (KINDS[first] === DIGIT && this.isSign(at - 1)) return this.number(at - 1, end, next, kinds);
    return this.number(at, end, next, kinds);
  }

  /**
   * Reads a word of letters alone, which may begin a date, a host, an address or a truth value; most are just words.
   */
  private letters(end: number, next: number): number {
    const { text, at } = this;
    const length = end - at;
    if (length >= 3 && length <= 9 && this.tryOne(DATE_FROM_LETTER, '<date>')) return this.at;
    if ((next === DOT || next === DASH) && this.tryHost()) return this.at;
    if (next === DOT && this.tryOne(DATE_OF_PYTHON, '<date>')) return this.at;
    if (next === COLON && length <= 4 && (this.tryIp6() || this.tryHexIds() || this.tryOne(WINDOWS_PATH, '<path>')))
      return this.at;
    if (next === DASH && length === 8 && this.tryHexIds()) return this.at;
    if (
      text.charCodeAt(at - 1) === EQUALS &&
      (length === 4 || length === 5) &&
      /^(?:true|false)$/i.test(text.slice(at, end))
    ) {
      return this.replace(end, '<bool>');
    }
    return end;
  }

  /** Reads a word with a digit in it, from `from` (its sign, if it has one) to `end`. */
  private number(from: number, end: number, next: number, kinds: number): number {
    const { text, at } = this;
    const startsWithDigit = KINDS[text.charCodeAt(at)] === DIGIT;
    if ((next === DASH || next === COLON) && (this.tryHexIds() || this.tryIp6())) return this.at;
    if (startsWithDigit) {
      if (from === at)
        for (const [pattern, placeholder] of DATE_FROM_DIGIT) if (this.tryOne(pattern, placeholder)) return this.at;
      if (kinds === DIGIT && !CONTINUES.has(next)) return this.integer(from, end);
      if (kinds !== DIGIT && isCodeAt(text, from, end)) return end;
      for (const [pattern, placeholder] of NUMBERS) if (this.tryOne(pattern, placeholder, from)) return this.at;
      if (kinds === DIGIT) return next === DOT && this.tryHost() ? this.at : this.integer(from, end);
    }
    if (next === DOT && (this.tryOne(VERSION, '<version>') || this.tryHost())) return this.at;
    if (next === DASH && this.tryHost()) return this.at;
    return this.mixed(end);
  }

  /** Masks a whole number unless it is a code. */
  private integer(from: number, end: number): number {
    return isCodeAt(this.text, from, end) ? end : this.replace(end, '<int>', from);
  }

  /**
   * Reads a word of letters and digits: masks digests and other long ids, keeps names such as `amd64` and codes such as
   * `E1234`.
   */
  private mixed(end: number): number {
    const { text, at } = this;
    const word = text.slice(at, end);
    if (/^[0-9A-Fa-f]+$/.test(word)) {
      if (word.length === 40) return this.replace(end, '<sha1>');
      if (word.length === 32) return this.replace(end, '<md5>');
      if (word.length >= 8) return this.replace(end, '<hex>');
      if (word.length === 7 && word === word.toLowerCase()) return this.replace(end, '<git_sha>');
      return end;
    }
    if (word.startsWith('tx') && this.tryOne(SWIFT_TRANSACTION, '<swift_txn_id>')) return this.at;
    if (word.startsWith('eyJ') && this.tryOne(TOKEN_OF_JWT, '<token>')) return this.at;
    return isRandom(word) ? this.replace(end, '<token>') : end;
  }

  private punctuation(code: number): number {
    const { text, at } = this;
    const before = text.charCodeAt(at - 1);
    if ((code === DOUBLE_QUOTE || code === SINGLE_QUOTE) && before === EQUALS && this.tryOne(QUOTED, '<quoted_str>'))
      return this.at;
    if (code === SLASH && !isWordCode(before) && before !== DOT && this.tryOne(POSIX_PATH, '<path>')) return this.at;
    if (code === BACKSLASH && this.tryOne(WINDOWS_PATH, '<path>')) return this.at;
    if (code === COLON && !isWordCode(before) && text.charCodeAt(at + 1) === COLON) {
      if (this.tryOne(MAPPED_IP, '<ip>') || this.tryIp6()) return this.at;
    }
    return at + 1;
  }

  /** Reads characters of other scripts: Arabic-Indic and Persian digits make an integer, other letters pass. */
  private foreign(code: number): number {
    let end = this.at;
    for (let c = code; (c >= 0x660 && c <= 0x669) || (c >= 0x6f0 && c <= 0x6f9); c = this.text.charCodeAt(end)) end++;
    return end > this.at ? this.replace(end, '<int>') : end + 1;
  }

  private isSign(index: number): boolean {
    return (
      index >= this.written && this.text.charCodeAt(index) === DASH && !isWordCode(this.text.charCodeAt(index - 1))
    );
  }

  private tryHexIds(): boolean {
    return HEX_IDS.some(([pattern, placeholder]) => this.tryOne(pattern, placeholder));
  }

  private tryIp6(): boolean {
    const found = this.match(IP6);
    if (found === undefined || !isIp6(found)) return false;
    this.at = this.replace(this.at + found.length, '<ip>');
    return true;
  }

  private tryHost(): boolean {
    if (!this.hasDot) return false;
    const found = this.match(HOST);
    if (found === undefined) return false;
    const labels = found.split('.');
    const last = labels.at(-1) ?? '';
    if (!DOMAINS.has(last) && !(labels.length >= 3 && DOMAINS_OF_LONG_NAMES.has(last))) return false;
    this.at = this.replace(this.at + found.length, '<host>');
    return true;
  }

  private tryAddress(): boolean {
    NAME_AND_PORT.lastIndex = this.at;
    const [found, name = '', port = ''] = NAME_AND_PORT.exec(this.text) ?? [];
    if (found === undefined || !/[A-Za-z]/.test(name) || !isAddress(name, port, this.text, this.at)) return false;
    this.at = this.replace(this.at + found.length, '<host>:<int>');
    return true;
  }

  private tryUrl(): boolean {
    const found = this.match(URL);
    if (found === undefined) return false;
    this.at = this.replace(this.at + found.replace(/[.:!?]+$/, '').length, '<url>');
    return true;
  }

  private tryOne(pattern: RegExp, placeholder: string, from = this.at): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = this.replace(pattern.lastIndex, placeholder, from);
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.[0];
  }

  private replace(end: number, placeholder: string, from = this.at): number {
    this.out += this.text.slice(this.written, from) + placeholder;
    this.written = end;
    return end;
  }
}

function lastPortOf(text: string): number {
  for (let at = text.lastIndexOf(':'); at > 0; at = text.lastIndexOf(':', at - 1)) {
    if (KINDS[text.charCodeAt(at + 1)] === DIGIT && isWordCode(text.charCodeAt(at - 1))) return at;
  }
  return -1;
}

function isWordCode(code: number): boolean {
  return KINDS[code] !== undefined && KINDS[code] !== 0;
}

function isIp6(text: string): boolean {
  const address = text.split('%')[0] ?? '';
  const groups = address.split(':');
  const gaps = address.split('::').length - 1;
  if (!/\d/.test(address) || groups.some((group) => group.length > 4)) return false;
  return gaps === 1 ? groups.length <= 9 : gaps === 0 && groups.length === 8;
}

/**
 * Whether a word is random: twelve characters or more that change between letters and digits four times, as no name
 * does.
 */
function isRandom(word: string): boolean {
  if (word.length < 12) return false;
  let changes = 0;
  for (let i = 1; i < word.length; i++) if (KINDS[word.charCodeAt(i)] !== KINDS[word.charCodeAt(i - 1)]) changes++;
  return changes >= 4;
}

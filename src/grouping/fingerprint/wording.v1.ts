import { maskMessage } from './mask.v1.js';

/** Type and message of an exception, in a wording that all runtimes share. */
export interface Wording {
  readonly type: string;
  readonly value: string;
}

type Reword = readonly [pattern: RegExp, type: string, text: (found: RegExpExecArray) => string];

const last = (path: string | undefined): string =>
  /([\w$#]+)(?:\(\))?$/.exec((path ?? '').split(' = ')[0] ?? '')?.[1] ?? '';
const readOf = (property: string, owner: string | undefined): string =>
  `cannot access ${property || 'a property'} of ${owner ?? 'undefined'}`;

/**
 * Wordings of V8, SpiderMonkey and JavaScriptCore for the same fault, from their error tables (2026). Property names
 * stay: they are code, and in bundles often the only name left.
 */
const SCRIPT_WORDINGS: readonly Reword[] = [
  [
    /^Cannot (?:read|set) propert(?:y|ies) (?:'([^']*)' )?of (undefined|null)(?: \((?:reading|setting) '([^']*)'\))?/,
    'TypeError',
    (m) => readOf(m[3] ?? m[1] ?? '', m[2]),
  ],
  [/^can't access property "([^"]*)", .+ is (undefined|null)$/, 'TypeError', (m) => readOf(m[1] ?? '', m[2])],
  [/^(undefined|null) is not an object \(evaluating '([^']*)'\)/, 'TypeError', (m) => readOf(last(m[2]), m[1])],
  [/^(\S+) is not a function(?:\. \(In .*)?$/, 'TypeError', (m) => `${last(m[1])} is not a function`],
  [
    /^(?:undefined|null|\S+) is not a function \(near '.*'\)$|^.+ is not iterable\b.*$/,
    'TypeError',
    () => 'value is not iterable',
  ],
  [/^(\S+) is not a constructor(?: \(evaluating .*)?$/, 'TypeError', (m) => `${last(m[1])} is not a constructor`],
  [
    /^(?:Can't find variable: (\S+)|(\S+) is not defined)$/,
    'ReferenceError',
    (m) => `${m[1] ?? m[2] ?? ''} is not defined`,
  ],
  [/^(?:Maximum call stack size exceeded\.?|too much recursion)$/, 'RecursionError', () => 'call stack exhausted'],
  [
    /^(?:Failed to fetch(?: \(.*\))?|NetworkError when attempting to fetch resource\.?|Load failed(?: \(.*\))?|Network request failed)$/,
    'TypeError',
    () => 'fetch failed',
  ],
  [
    /^(?:JSON\.parse: |JSON Parse error: |Unexpected (?:token .*|end of|non-whitespace .*|string|number) ?.*JSON|.* is not valid JSON$|Expected .* in JSON)/,
    'SyntaxError',
    () => 'not valid JSON',
  ],
  [
    /^(?:Importing a module script failed\.|(?:error|Failed to fetch) (?:loading )?dynamically imported module.*)$/i,
    'TypeError',
    () => 'importing a module failed',
  ],
];

/** Rewords an error as every browser would; leaves errors unchanged that no script engine raises. */
export function commonWording(type: string, value: string): Wording {
  if (!SCRIPT_ERRORS.has(type)) return { type, value };
  for (const [pattern, common, text] of SCRIPT_WORDINGS) {
    const found = pattern.exec(value);
    if (found) return { type: common, value: text(found) };
  }
  return { type, value };
}

const SCRIPT_ERRORS = new Set([
  'TypeError',
  'ReferenceError',
  'RangeError',
  'InternalError',
  'SyntaxError',
  'Error',
  '',
]);

/**
 * Words before a colon from which on the text behind it is a value: "No value for path: a/b" but not "illegal state:
 * overflow". Chosen with bench:grouping: half costs 0.002 of B3F and of pairP of crashes, double gains as much.
 */
const MIN_WORDS_BEFORE_VALUE = 3;
/**
 * Longest text kept of a message, UTF-16 units: fixed wording comes first, dumps of data later. Chosen by judgement;
 * half and double change no score of bench:grouping.
 */
const MAX_SKELETON = 200;

/**
 * Extracts the fixed words of an error message: its first line with typed values masked. Drops what stands in brackets,
 * or after a colon that closes a sentence, unless that holds a status or error code. '' for a message that is nothing
 * but a value.
 * @param type name of the exception, which may say that it refuses a value
 */
export function messageSkeleton(value: string, type = ''): string {
  const line = firstLine(value);
  if (isOnlyValue(line, type)) return '';
  const masked = withoutQuotes(maskMessage(line)).replace(/<(?:host|ip)>/g, '<host>');
  const words = withoutTrailingValue(withoutBrackets(masked)).replace(/\s+/g, ' ').trim().slice(0, MAX_SKELETON);
  return /\p{L}|\d/u.test(words.replace(/<\w+>/g, '')) ? words : '';
}

/** Word, or several words that code joins: `declined`, `card_declined`, `auth/user-not-found`. */
const NAMED_REASON = /^\p{L}+(?:[-_./:]+\p{L}+)*[.!?]?$/u;
/** Word with digits that tells faults apart all the same: `ORA-00942`, `ERR_HTTP2_STREAM`, `status=503`. */
const CODE_WORD =
  /^[A-Z]{1,8}[-_]?\d{3,6}[A-Z]?$|^[A-Z][A-Z0-9]*_[A-Z0-9_]+$|status|code|sqlstate|err(?:or|no)|reason/i;
/**
 * Types that name what they refuse: UnsupportedCurrencyException, NoSuchTopicError, PageNotFound. A message of one word
 * is the refused value.
 */
const REFUSES_VALUE =
  /(?:^|[a-z_])(?:[Uu]n(?:supported|known|recogni[sz]ed|defined)|[Nn]o_?[Ss]uch|[Mm]issing|[Dd]uplicate)(?!_?[Oo]peration)[A-Z_]|[Nn]ot_?[Ff]ound|[Aa]lready_?[Ee]xists/;
/** Scripts without blanks between words: one apparent word may be a sentence. */
const NO_BLANKS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Whether a message has no wording of its own: one word without blanks that is neither a reason nor a code. */
function isOnlyValue(line: string, type: string): boolean {
  const word = line.trim();
  if (word === '' || /\s/.test(word) || CODE_WORD.test(word) || NO_BLANKS.test(word)) return false;
  return REFUSES_VALUE.test(type) || !NAMED_REASON.test(word);
}

/** Cuts out the first line that holds text, at most 500 characters. */
export function firstLine(value: string): string {
  const text = value.trimStart();
  const end = text.indexOf('\n');
  return text.slice(0, Math.min(end < 0 ? 500 : end, 500)).trimEnd();
}

/** Masks quoted text, which is a value whatever it looks like; an apostrophe inside a word is no quote. */
function withoutQuotes(text: string): string {
  return text.replace(/(?<!\w)(["'`])(?:(?!\1).){0,200}\1(?!\w)|“[^”]{0,200}”|‘[^’]{0,200}’/g, '<quoted>');
}

function withoutBrackets(text: string): string {
  if (!/[([{]/.test(text)) return text;
  let kept = text;
  for (let depth = 0; depth < 3; depth++) {
    kept = kept.replace(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}/g, (inner) => (holdsCode(inner) ? inner.slice(1, -1) : ' '));
  }
  return kept;
}

/** Whether a masked text holds a status or error code: a digit or an all-capitals word that is left. */
function holdsCode(text: string): boolean {
  return /\d|\bE[A-Z]{4,}\b/.test(text.replace(/<\w+>/g, ''));
}

function withoutTrailingValue(text: string): string {
  let words = 0;
  for (const found of text.matchAll(/[A-Za-z]{2,}|:(?=\s|$)/g)) {
    if (found[0] !== ':') words++;
    else if (words >= MIN_WORDS_BEFORE_VALUE)
      return holdsCode(text.slice(found.index)) ? text : text.slice(0, found.index);
  }
  return text;
}

import { maskMessage } from './mask.v1.js';

/** An exception's type and message after the wording of the runtime was made the same everywhere. */
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
 * The same fault as V8, SpiderMonkey and JavaScriptCore word it, seen in their error tables (2026). Property names stay:
 * they are code, and in bundles often the only name left.
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

/** The error as every browser would word it; unchanged for what is not a script engine's own error. */
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

/** Words before a colon that make what follows a value: "No value for path: a/b" but not "illegal state: overflow". */
const MIN_WORDS_BEFORE_VALUE = 3;
/** Longest text kept of a message, UTF-16 units: fixed wording comes first, dumps of data later. */
const MAX_SKELETON = 200;

/**
 * The fixed words of an error message: its first line, typed values masked, without what stands in brackets or after a colon
 * that closes a sentence, unless a status or error code stands there.
 */
export function messageSkeleton(value: string): string {
  const masked = withoutQuotes(maskMessage(firstLine(value)));
  return withoutTrailingValue(withoutBrackets(masked)).replace(/\s+/g, ' ').trim().slice(0, MAX_SKELETON);
}

/** The first line that holds text, at most 500 characters. */
export function firstLine(value: string): string {
  const text = value.trimStart();
  const end = text.indexOf('\n');
  return text.slice(0, Math.min(end < 0 ? 500 : end, 500)).trimEnd();
}

/** Quoted text is a value whatever it looks like; an apostrophe inside a word is none. */
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

/** After masking, a digit or an all-capitals word that is left is a status or error code. */
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

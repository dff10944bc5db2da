import { maskMessage } from '../fingerprint/mask.v1.js';
import { announcedAt } from './announced.v1.js';

/** Sign for a value in a key. */
export const WILD = '<*>';

/**
 * Words of text below which a message keeps its names, so that `users.login failed` is not `cart.pay failed`. Chosen
 * with bench:grouping: half changes nothing, double moves GA of log lines by +0.011 and FGA by −0.001.
 */
const MIN_TEXT_WORDS = 2;

/**
 * Most words of one message that we consider, one by one, for an open position. Chosen by judgement; it bounds the
 * work, and half and double change no score of bench:grouping.
 */
const MAX_OPEN_POSITIONS = 16;

/** Form of a message without its values. */
export interface TemplateKey {
  /** Message with `<*>` for every value; messages with equal keys are one template. */
  readonly key: string;
  /** Pieces of the key: words, and the text between them. */
  readonly pieces: readonly string[];
  /** Indexes into `pieces` of the words of the sentence, at most 16. */
  readonly textAt: readonly number[];
  /** Indexes, among those, of names that the word before them announces. */
  readonly namedAt: readonly number[];
}

/* U+E000, which no standard gives a meaning, stands for one masked value while a key is made. */
const PLACEHOLDER = /<[a-z][a-z_0-9]*>/g;
/** Lists of values, each of which is one value, however long: `( 3552 3534 3391 )` and `(1, 2)`. */
const VALUES_IN_A_ROW = /\uE000(?:[ .,:_\-/#|*+]+\uE000)+/g;
/** Signs before a compared value: `<1 second` and `~5` are values like `1 second` and `5`. */
const COMPARED = /[<>~]=?(?=\uE000)/g;
/**
 * Value repeated or missing in brackets: `2048 bytes (2 KB)`, `10.1.2.3 (pc-17.lan)`, `10.1.2.3 ()`. A word in brackets
 * is a reason.
 */
const SAID_AGAIN = /(\uE000(?: [a-z]{1,12})?) \((?:\uE000|[\w-]+(?:\.[\w-]+)+)?\)/g;
const WILD_IN_A_ROW = /<\*>(?:[ ,;:]+<\*>)+/g;
const NUMBER_LEFT = /^-?\d+$|^0[xX][0-9A-Fa-f]+$/;
const CODE = /^[A-Z]{1,8}[-_]?\d{3,6}[A-Z]?$/;
const CONSTANT = /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$|^[A-Z]{4,}$/;
const FAULT_NAME = /(?:Error|Exception|Fault|Failure|Timeout|Warning)[.!?]*$/;
const PLAIN_COMPOUND = /^[A-Za-z]+(?:[-/_][A-Za-z]+)*[.!?]*$/;
const NAME_LIKE = /[A-Za-z][._/~\\@$-]+[A-Za-z]|\/|^\./;

type PieceLook = 'between' | 'value' | 'name' | 'path' | 'code' | 'text';

/** Names whose assigned value tells faults apart: `reason=card_declined`. */
const FAULT_KEY = /(?:code|error|err|errno|reason|cause|exception)$/i;
const METHOD = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;
const QUERY_OF_ROUTE = /((?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/[^\s?"']*)\?[^\s"']*/g;

const DOT = 46;
/** White space and the marks that set words apart. */
const MARKS = new Uint8Array(128);
for (const mark of ' \t\n\r\f\v=:,;()[]{}"\'|<>') MARKS[mark.charCodeAt(0)] = 1;

/** Whether a piece between words begins here: a mark, or a row of dots. */
function isBetween(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return MARKS[code] === 1 || code === 0xa0 || (code === DOT && text.charCodeAt(at + 1) === DOT);
}

/** Cuts a text into words and the text between them; joined again they are the text. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let inWord = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const between: boolean =
      code === DOT
        ? isBetween(text, at) || (!inWord && at > start && text.charCodeAt(at - 1) === DOT)
        : isBetween(text, at);
    if (at > start && between === inWord) {
      pieces.push(text.slice(start, at));
      start = at;
    }
    inWord = !between;
  }
  if (start < text.length) pieces.push(text.slice(start));
  return pieces;
}

/** Cache of the looks of recent pieces. A look depends on the piece alone, so the cache only saves time. */
const LOOKS = new Map<string, PieceLook>();
const MAX_LOOKS = 20_000;

function lookOf(piece: string): PieceLook {
  const known = LOOKS.get(piece);
  if (known !== undefined) return known;
  if (LOOKS.size >= MAX_LOOKS) LOOKS.clear();
  const look = readLook(piece);
  LOOKS.set(piece, look);
  return look;
}

/**
 * Classifies a piece by itself. A `value` was masked. A `name` looks like something's name (with a digit, or letters
 * joined by dots, slashes and the like); a `path` is a name that starts with a slash. A `code` tells faults apart: a
 * number that masking left, an error code, a CONSTANT or an exception's name. The rest is `text`.
 */
function readLook(piece: string): PieceLook {
  if (isBetween(piece, 0)) return 'between';
  if (piece === '\uE000') return 'value';
  if (NUMBER_LEFT.test(piece) || CODE.test(piece) || CONSTANT.test(piece) || FAULT_NAME.test(piece)) return 'code';
  if (piece.startsWith('/')) return 'path';
  if (/[\d\uE000]/.test(piece)) return 'name';
  return NAME_LIKE.test(piece) && !PLAIN_COMPOUND.test(piece) ? 'name' : 'text';
}

/** The look in its place: what follows `=` is a name, unless it is the reason that was given, and the path after an HTTP method is a route, which tells faults apart as a code does. */
function lookAt(pieces: readonly string[], at: number): PieceLook {
  const look = lookOf(pieces[at] ?? '');
  if (look === 'between' || look === 'value') return look;
  if (!NUMBER_LEFT.test(pieces[at] ?? '') && announcedAt(pieces, at) === 'value') return 'value';
  if (look === 'path') return isRouteAt(pieces, at) ? 'path' : 'name';
  if (look !== 'text' || !pieces[at - 1]?.endsWith('=')) return look;
  return FAULT_KEY.test(pieces[at - 2] ?? '') ? 'code' : 'name';
}

/**
 * Whether an HTTP method stands before. Not in a quoted request line of an access log, where the path is one value of
 * many.
 */
function isRouteAt(pieces: readonly string[], at: number): boolean {
  return pieces[at - 1] === ' ' && METHOD.test(pieces[at - 2] ?? '') && !pieces[at - 3]?.endsWith('"');
}

/** Reduces a message to its template key, from the text alone: nothing is learnt, so every replica makes the same key on every day. */
export function templateKey(message: string): TemplateKey {
  return readKey(keyOfMasked(maskMessage(message)));
}

/** Writes one sign for every value, whatever its shape. */
function withValues(masked: string): string {
  const signed = masked.replace(PLACEHOLDER, '\uE000');
  const once = signed.includes(' (') ? signed.replace(SAID_AGAIN, '$1') : signed;
  return once.replace(VALUES_IN_A_ROW, '\uE000').replace(COMPARED, '');
}

/** Computes the text of the key of a masked message. */
export function keyOfMasked(masked: string): string {
  const short = masked.includes('?') ? masked.replace(QUERY_OF_ROUTE, '$1') : masked;
  const normal = short.includes('<') ? withValues(short) : short;
  const pieces = piecesOf(normal);
  const looks = pieces.map((_, at) => lookAt(pieces, at));
  let text = 0;
  for (const look of looks) if (look === 'text') text++;
  let key = '';
  for (let at = 0; at < pieces.length; at++) key += showPiece(pieces[at] ?? '', looks[at], text);
  return joinedWilds(key);
}

/** Joins values in a row to one in a key. */
export function joinedWilds(key: string): string {
  return key.replace(WILD_IN_A_ROW, WILD);
}

function showPiece(piece: string, look: PieceLook | undefined, text: number): string {
  if (look === 'text' || look === 'code') return piece;
  if (look === 'between') return piece.length === 1 ? (piece === '\t' ? ' ' : piece) : piece.replace(/\s+/g, ' ');
  if (look === 'value' || (look === 'name' && goes(piece, text))) return WILD;
  const shown = look === 'path' ? piece.replace(/[^/]*[\d\uE000][^/]*/g, withoutId) : piece;
  return shown.replaceAll('\uE000', WILD);
}

/**
 * Whether a name is a value: always beside enough text; beside one word only if it has a digit or a slash, which no
 * fault's name has.
 */
function goes(name: string, text: number): boolean {
  return text >= MIN_TEXT_WORDS || (text > 0 && /[\d/\\\uE000]/.test(name));
}

/** Masks a segment of a route with a digit, which is an id unless it is the version of an interface. */
function withoutId(segment: string): string {
  return /^v\d{1,2}$/.test(segment) ? segment : '\uE000';
}

/** Reads a key into its pieces. */
export function readKey(key: string): TemplateKey {
  const pieces = piecesOf(key.replaceAll(WILD, '\uE000'));
  const textAt: number[] = [];
  for (let at = 0; at < pieces.length && textAt.length < MAX_OPEN_POSITIONS; at++) {
    if (lookAt(pieces, at) === 'text') textAt.push(at);
  }
  const shown = pieces.map((piece) => piece.replaceAll('\uE000', WILD));
  if (textAt.length <= MIN_TEXT_WORDS) return { key, pieces: shown, textAt: [], namedAt: [] };
  return { key, pieces: shown, textAt, namedAt: textAt.filter((at) => announcedAt(pieces, at) === 'name') };
}

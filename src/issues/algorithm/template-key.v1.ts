import { maskMessage } from './mask.v1.js';

/** Stands for a value in a key. */
export const WILD = '<*>';

/** Fewer words of text than this say too little: such a message keeps its names, so that `users.login failed` is not `cart.pay failed`. */
const MIN_TEXT_WORDS = 2;

/** Words longer than this many in one message are not looked at one by one for an open position. */
const MAX_OPEN_POSITIONS = 24;

/** What one message looks like once its values are gone. */
export interface TemplateKey {
  /** The message with `<*>` for every value; equal keys are one template. */
  readonly key: string;
  /** The key's pieces: words and what stands between them. */
  readonly pieces: readonly string[];
  /** Indexes into `pieces` of the words that a sentence is made of, at most 24. */
  readonly textAt: readonly number[];
}

/* U+E000, which no standard gives a meaning, stands for one masked value while a key is made. */
const PLACEHOLDER = /<[a-z][a-z_0-9]*>/g;
/** A list of values is one value, however long: `( 3552 3534 3391 )` and `(1, 2)`. */
const VALUES_IN_A_ROW = /\uE000(?:(?:, |[ .,:_\-/#|*+])+\uE000)+/g;
const PIECE = /\.{2,}|[\s=:,;()[\]{}"'|<>]+|(?:(?!\.{2,})[^\s=:,;()[\]{}"'|<>])+/g;
const BETWEEN = /^(?:\.{2,}|[\s=:,;()[\]{}"'|<>]+)$/;
const NUMBER_LEFT = /^-?\d+$|^0[xX][0-9A-Fa-f]+$/;
const CODE = /^[A-Z]{1,8}[-_]?\d{3,6}[A-Z]?$/;
const CONSTANT = /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$|^[A-Z]{4,}$/;
const FAULT_NAME = /(?:Error|Exception|Fault|Failure|Timeout|Warning)[.!?]*$/;
const PLAIN_COMPOUND = /^[A-Za-z]+(?:[-/][A-Za-z]+)?[.!?]*$/;
const NAME_LIKE = /[A-Za-z][._/~\\@$-]+[A-Za-z]|\/|^\./;

type PieceKind = 'between' | 'value' | 'name' | 'code' | 'text';

/**
 * Says what a piece is. A `value` was masked; a `name` looks like something's name (a digit in it, a dotted, slashed or dashed name, what follows `=`);
 * a `code` is a number that masking left, an error code, a CONSTANT or an exception's name, and tells faults apart; the rest is `text`.
 */
function kindOf(piece: string, before: string | undefined): PieceKind {
  if (BETWEEN.test(piece)) return 'between';
  if (piece === '\uE000') return 'value';
  if (NUMBER_LEFT.test(piece) || CODE.test(piece) || CONSTANT.test(piece) || FAULT_NAME.test(piece)) return 'code';
  if (piece.includes('\uE000') || /\d/.test(piece) || before?.endsWith('=')) return 'name';
  return NAME_LIKE.test(piece) && !PLAIN_COMPOUND.test(piece) ? 'name' : 'text';
}

/** Reduces a message to its template key, from the text alone: nothing is learnt, so every replica makes the same key on every day. */
export function templateKey(message: string): TemplateKey {
  return keyOfMasked(maskMessage(message));
}

/** The same for a message that is masked already. */
export function keyOfMasked(masked: string): TemplateKey {
  const normal = masked.replace(PLACEHOLDER, '\uE000').replace(VALUES_IN_A_ROW, '\uE000');
  const pieces = normal.match(PIECE) ?? [];
  const kinds = pieces.map((piece, at) => kindOf(piece, pieces[at - 1]));
  const text = kinds.reduce((count, kind) => count + Number(kind === 'text'), 0);
  const namesGo = text >= MIN_TEXT_WORDS;
  const shown = pieces.map((piece, at) => showPiece(piece, kinds[at] ?? 'text', namesGo));
  return readKey(shown.join('').replace(/<\*>(?:[ ,;:]+<\*>)+/g, WILD));
}

function showPiece(piece: string, kind: PieceKind, namesGo: boolean): string {
  if (kind === 'between') return piece.replace(/\s+/g, ' ');
  if (kind === 'value' || (kind === 'name' && namesGo)) return WILD;
  return piece.replaceAll('\uE000', WILD);
}

/** Reads a key back into its pieces, as after a restart. */
export function readKey(key: string): TemplateKey {
  const pieces = key.replaceAll(WILD, '\uE000').match(PIECE) ?? [];
  const textAt: number[] = [];
  for (let at = 0; at < pieces.length && textAt.length < MAX_OPEN_POSITIONS; at++) {
    if (kindOf(pieces[at] ?? '', pieces[at - 1]) === 'text') textAt.push(at);
  }
  return {
    key,
    pieces: pieces.map((piece) => piece.replaceAll('\uE000', WILD)),
    textAt: textAt.length > MIN_TEXT_WORDS ? textAt : [],
  };
}

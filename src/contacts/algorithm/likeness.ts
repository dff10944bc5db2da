/** Longest text that is compared, characters; what matters stands at the beginning. */
const COMPARED = 1000;
/** Han, kana and hangul are written without spaces, and each character says much. */
const DENSE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** Pieces of a text with how often each comes, and their Euclidean length. */
export interface Pieces {
  readonly counts: ReadonlyMap<string, number>;
  readonly length: number;
}

/**
 * Cuts a text into character n-grams: three letters within words, single characters and pairs of Chinese, Japanese and Korean. Case, digits
 * and punctuation count for nothing.
 */
export function piecesOf(text: string): Pieces {
  const counts = new Map<string, number>();
  const add = (piece: string) => counts.set(piece, (counts.get(piece) ?? 0) + 1);
  const words =
    text
      .slice(0, COMPARED)
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}]+/gu) ?? [];
  for (const word of words) {
    const letters = Array.from(word);
    if (DENSE.test(word)) {
      for (const [at, letter] of letters.entries()) {
        add(letter);
        if (at > 0) add(`${letters[at - 1]}${letter}`);
      }
      continue;
    }
    const padded = [' ', ...letters, ' '];
    for (let at = 0; at + 3 <= padded.length; at++) add(padded.slice(at, at + 3).join(''));
  }
  let sum = 0;
  for (const count of counts.values()) sum += (1 + Math.log(count)) ** 2;
  return { counts, length: Math.sqrt(sum) };
}

/** Compares two texts by their pieces: the cosine of their counts, dampened by logarithm; 0 to 1. */
export function likenessOf(a: Pieces, b: Pieces): number {
  if (a.length === 0 || b.length === 0) return 0;
  const [few, many] = a.counts.size <= b.counts.size ? [a, b] : [b, a];
  let sum = 0;
  for (const [piece, count] of few.counts) {
    const other = many.counts.get(piece);
    if (other !== undefined) sum += (1 + Math.log(count)) * (1 + Math.log(other));
  }
  return Math.min(1, sum / (a.length * b.length));
}

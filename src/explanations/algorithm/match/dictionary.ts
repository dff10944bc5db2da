const LINE = /^(\S+) (\S+) \[[^\]]*\] \/(.*)\/\s*$/;
/** Senses that say how a word is written or counted, not what it means. */
const NO_SENSE =
  /^(surname|variant of|old variant|archaic variant|japanese variant|erhua variant|unofficial variant|cl:|abbr\.|see |also |same as |used in |classifier|\(classifier|taiwan pr)/i;
const LONGEST_SENSE = 60;

/**
 * Makes a look-up of English senses by Simplified word from the text of CC-CEDICT. Lines are only found, and read when they are asked for:
 * the dictionary has 120,000 and a shop's customers use a few thousand.
 */
export function openDictionary(text: string): (word: string) => readonly string[] {
  const places = findWords(text);
  const read = (word: string): string[] => [
    ...new Set((places.get(word) ?? []).flatMap((at) => sensesOf(text.slice(at, endOfLine(text, at))))),
  ];
  return (word) => {
    const senses = read(word);
    return senses.length > 0 || word.length === 1
      ? senses
      : inPieces(word, places).flatMap((piece) => read(piece).slice(0, 2));
  };
}

function findWords(text: string): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (let at = 0; at < text.length; at = endOfLine(text, at) + 1) {
    const from = text.indexOf(' ', at) + 1;
    const to = text.indexOf(' ', from);
    if (text[at] === '#' || from === 0 || to < 0 || to > endOfLine(text, at)) continue;
    const word = text.slice(from, to);
    const known = places.get(word);
    if (known) known.push(at);
    else places.set(word, [at]);
  }
  return places;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function sensesOf(line: string): string[] {
  const senses = LINE.exec(line)?.[3] ?? '';
  return senses
    .split(/[/;]/)
    .map((sense) => sense.trim())
    .filter((sense) => !NO_SENSE.test(sense))
    .map(cleaned)
    .filter((sense) => sense !== '' && sense.length < LONGEST_SENSE);
}

function cleaned(sense: string): string {
  return sense
    .replace(/\([^)]*\)|\[[^\]]*\]|[\p{Script=Han}|]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^to /, '')
    .replace(/^(a|an|the) /, '');
}

/** A word that the dictionary lacks, cut into the longest that it has. */
function inPieces(word: string, known: ReadonlyMap<string, unknown>): string[] {
  const pieces: string[] = [];
  let at = 0;
  while (at < word.length) {
    let length = Math.min(word.length - at, word.length - 1);
    while (length > 1 && !known.has(word.slice(at, at + length))) length -= 1;
    pieces.push(word.slice(at, at + Math.max(length, 1)));
    at += Math.max(length, 1);
  }
  return pieces;
}

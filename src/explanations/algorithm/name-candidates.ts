const WORD = /(?!\p{Script=Han})\p{L}(?:(?!\p{Script=Han})[\p{L}\p{M}'’-])*/gu;
const HAN = /\p{Script=Han}+/gu;
/** Words of a name, and characters of a Chinese one, at most. */
const MOST = 4;

/**
 * Lists what in texts may be somebody's whole name, lower case: two to four words in a row, one word with a capital letter, two to four Chinese
 * characters in a row. Whoever knows the names there are says which are some.
 */
export function nameCandidates(texts: readonly string[]): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    const words = [...text.matchAll(WORD)].map(([word]) => word);
    words.forEach((word, at) => {
      if (/^\p{Lu}/u.test(word)) found.add(word.toLowerCase());
      for (let size = 2; size <= MOST && at + size <= words.length; size++)
        found.add(
          words
            .slice(at, at + size)
            .join(' ')
            .toLowerCase(),
        );
    });
    for (const [run] of text.matchAll(HAN))
      for (let size = 2; size <= MOST; size++)
        for (let at = 0; at + size <= run.length; at++) found.add(run.slice(at, at + size));
  }
  return [...found];
}

/** Hides names in a text, whatever their case, the longest first. */
export function hideNames(text: string, names: readonly string[]): string {
  return names
    .toSorted((one, other) => other.length - one.length)
    .reduce((hidden, name) => hidden.replace(patternOf(name), '[name]'), text);
}

function patternOf(name: string): RegExp {
  const parts = name.split(/\s+/).map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  const body = parts.join('[\\s,]+');
  return /\p{Script=Han}/u.test(name)
    ? new RegExp(body, 'giu')
    : new RegExp(`(?<![\\p{L}\\p{N}])${body}(?![\\p{L}\\p{N}])`, 'giu');
}

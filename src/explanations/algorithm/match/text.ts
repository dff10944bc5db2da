/** Code units of a text that are read; a question that is longer has said what it is about. */
const LONGEST = 2000;
const HAN = /\p{Script=Han}/u;
const RUNS = /\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+(?:['’](?:(?!\p{Script=Han})\p{L})+)*/gu;

/** Knowledge of Chinese: how it divides into words and what they mean in English. */
export interface ChineseKnowledge {
  /** Traditional characters and Taiwanese words become those of the mainland. */
  toSimplified(text: string): string;
  /** Words of a run of Simplified characters, in order. */
  words(run: string): string[];
  /** English senses of a word, the first the most usual; empty for an unknown word. */
  senses(word: string): readonly string[];
}

/** A text as the matcher reads it. */
export interface MatchText {
  /** `han` as soon as there is one Chinese character; its Latin words count all the same. */
  readonly script: 'han' | 'other';
  /** Chinese words and other words, lower case, in order. */
  readonly words: readonly string[];
  /** Runs of one script. */
  readonly runs: readonly string[];
  /** Pieces of three to five characters of other words with their edges, of one to three of Chinese runs. */
  readonly grams: readonly string[];
  /**
   * The terms, each as the English stems that it may stand for: all translations of a Chinese word are one term (Pirkola's structured
   * query), so that a word of many senses weighs no more than one of a single sense.
   */
  readonly terms: readonly ReadonlySet<string>[];
  /** Text to embed: English stays as it is, Chinese words are replaced by their first sense. */
  readonly english: string;
}

/** Whether a text has a Chinese character, so that knowledge of Chinese is of use. */
export function hasHan(text: string): boolean {
  return HAN.test(text);
}

/**
 * Reads any text, however odd: controls, lone surrogates and emoji become spaces; it is cut after 2,000 code units.
 * @param chinese undefined where no Chinese is known; every character is then a word that means nothing
 */
export function readText(raw: string, chinese: ChineseKnowledge | undefined): MatchText {
  const plain = raw
    .slice(0, LONGEST)
    .normalize('NFKC')
    .slice(0, LONGEST)
    .replace(/[\p{C}\p{So}\s]+/gu, ' ')
    .trim();
  if (!hasHan(plain)) {
    const runs = plain.toLowerCase().match(RUNS) ?? [];
    return {
      script: 'other',
      words: runs,
      runs,
      grams: gramsOf(runs),
      terms: termsOf(runs, chinese),
      english: runs.length > 0 ? plain : '',
    };
  }
  const joined = plain.replace(/(?<=\p{Script=Han}) (?=\p{Script=Han})/gu, '');
  const runs = (chinese?.toSimplified(joined) ?? joined).toLowerCase().match(RUNS) ?? [];
  const words = runs.flatMap((run) => (hasHan(run) ? (chinese?.words(run) ?? [...run]) : [run]));
  return {
    script: 'han',
    words,
    runs,
    grams: gramsOf(runs),
    terms: termsOf(words, chinese),
    english: chinese ? glossOf(words, chinese) : '',
  };
}

function glossOf(words: readonly string[], chinese: ChineseKnowledge): string {
  return words
    .filter((word) => !CHINESE_FUNCTION_WORDS.has(word))
    .map((word) => (hasHan(word) ? (chinese.senses(word)[0] ?? '') : word))
    .filter((word) => word !== '')
    .join(' ');
}

function gramsOf(runs: readonly string[]): string[] {
  return runs.flatMap((run) => (hasHan(run) ? piecesOf(run, 1, 3) : piecesOf(` ${run} `, 3, 5)));
}

function piecesOf(text: string, shortest: number, longest: number): string[] {
  const pieces: string[] = [];
  // A character outside the basic plane is cut in two, everywhere alike.
  for (let length = shortest; length <= longest; length += 1)
    for (let at = 0; at + length <= text.length; at += 1) pieces.push(text.slice(at, at + length));
  return pieces;
}

function termsOf(words: readonly string[], chinese: ChineseKnowledge | undefined): ReadonlySet<string>[] {
  return [...new Set(words)]
    .filter((word) => !CHINESE_FUNCTION_WORDS.has(word))
    .map((word) => new Set(hasHan(word) ? (chinese?.senses(word) ?? []).flatMap(stemsOf) : stemsOf(word)))
    .filter((term) => term.size > 0);
}

function stemsOf(text: string): string[] {
  const words = text.toLowerCase().match(RUNS) ?? [];
  return words.filter((word) => !ENGLISH_FUNCTION_WORDS.has(word)).map(stem);
}

function stem(word: string): string {
  return word.length > 4 ? word.replace(/(ing|ed|es|s)$/, '') : word.replace(/s$/, '');
}

const CHINESE_FUNCTION_WORDS: ReadonlySet<string> = new Set(
  '的 了 着 过 吗 呢 吧 啊 呀 嘛 么 把 被 将 给 让 是 在 有 和 与 及 或 就 都 也 还 又 很 太 更 最 个 这 那 此 该 之 其 所 以 于 而 但 我 你 您 他 她 它 我们 你们 他们 她们 它们 我的 你的 请 一下 一个 这个 那个 些 里 上 下 中 为 从 到 对 向 地 得'.split(
    ' ',
  ),
);
const ENGLISH_FUNCTION_WORDS: ReadonlySet<string> = new Set(
  "a an the to of in on at for and or be is are was were it its this that with by from as into one sth sb sb's one's oneself etc do not no so".split(
    ' ',
  ),
);

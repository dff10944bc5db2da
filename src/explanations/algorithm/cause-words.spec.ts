import { describe, expect, it } from '@jest/globals';
import { causeWords } from './cause-words.js';

describe('a cause in words for customers', () => {
  it('says what customers know of themselves', () => {
    expect(causeWords({ release: '2.4.1', os: 'Android 14' })).toBe('Android 14 + 2.4.1');
  });

  it.each([
    ['a trait that means nothing to them', { plan: 'pro 2' }],
    ['a link', { release: 'evil2.example' }],
    ['an address', { release: 'shop@2.4.1' }],
    ['an instruction', { os: 'call 4915112345678 now please' }],
    ['a word without a version', { browser: 'Refunds' }],
    ['nothing', {}],
  ])('passes %s over', (_, cause) => {
    expect(causeWords(cause)).toBeNull();
  });
});

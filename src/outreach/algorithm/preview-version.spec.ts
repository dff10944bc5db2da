import { describe, expect, it } from '@jest/globals';
import { judgeVersion, previewVersion } from './preview-version.js';

const version = (waiting: number, text = 'Checkout fails') => previewVersion(waiting, [text]);

describe('the version of a preview', () => {
  it.each([
    [5, 5, 'same'],
    [5, 10, 'same'],
    [5, 11, 'grown'],
    [0, 5, 'same'],
    [0, 6, 'grown'],
    [1000, 1100, 'same'],
    [1000, 1101, 'grown'],
    [1000, 3, 'same'],
  ])('of %d customers that became %d is %s', (seen, now, kind) => {
    expect(judgeVersion(version(seen), version(now)).kind).toBe(kind);
  });

  it('is another one when the words are', () => {
    expect(judgeVersion(version(5), version(5, 'Checkout works')).kind).toBe('changed');
  });

  it.each(['', '5', '5.', 'x.abcdefghijklmnop', '5.abc', '99999999999.abcdefghijklmnop', ' 5.abcdefghijklmnop'])(
    'is not taken from %j',
    (text) => {
      expect(judgeVersion(text, version(5)).kind).toBe('unreadable');
    },
  );
});

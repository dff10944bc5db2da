import { describe, expect, it } from '@jest/globals';
import { MAX_JSON_DEPTH, MAX_PARSED_BYTES, MAX_PARSED_VALUES, parseJson } from './parse-json.js';

const outcome = (text: string): string => {
  const parsed = parseJson(Buffer.from(text));
  return parsed.ok ? 'parsed' : parsed.outcome;
};

describe('a JSON text', () => {
  it.each([
    ['bytes', (n: number) => `"${'x'.repeat(n - 2)}"`, MAX_PARSED_BYTES],
    ['values in a list', (n: number) => `[${'0,'.repeat(n - 1)}0]`, MAX_PARSED_VALUES],
    ['objects', (n: number) => `[${'{},'.repeat((n - 2) / 2)}{}]`, MAX_PARSED_VALUES],
    ['keys', (n: number) => `{${'"k":0,'.repeat((n - 2) / 2)}"k":0}`, MAX_PARSED_VALUES],
    ['levels', (n: number) => `${'['.repeat(n)}"${'x'.repeat(20_000)}"${']'.repeat(n)}`, MAX_JSON_DEPTH],
  ])('is parsed up to a number of %s, and refused beyond it before it is parsed', (_, make, most) => {
    expect(outcome(make(most))).toBe('parsed');
    expect(outcome(make(most + 2))).toBe('too_large');
  });

  it('is not weighed by what stands in its strings', () => {
    expect(outcome(`["${'[{,:'.repeat(MAX_PARSED_VALUES)}","${'\\"'.repeat(MAX_PARSED_VALUES)}"]`)).toBe('parsed');
  });

  it('is malformed where it is none, however it ends', () => {
    for (const text of ['', '{', '"', '"\\', `["${'x'.repeat(20_000)}`, `["${'x'.repeat(20_000)}\\`])
      expect(outcome(text)).toBe('malformed');
  });
});

import { describe, expect, it } from '@jest/globals';
import { SystemClock } from './clock.js';

const clock = new SystemClock();

describe('the random source of the machine', () => {
  it('never says the same twice, also where one block of random bytes ends and the next begins', () => {
    const tokens = Array.from({ length: 2000 }, () => clock.token(12));
    expect(new Set(tokens).size).toBe(tokens.length);
    for (const token of tokens) expect(token).toMatch(/^[\w-]{16}$/);
    expect(new Set(tokens.map((token) => token.slice(0, 8))).size).toBe(tokens.length); // halves of 48 bits differ too: nothing is blank
  });

  it('gives tokens longer than a block', () => {
    const bytes = Buffer.from(clock.token(10_000), 'base64url');
    expect(bytes.length).toBe(10_000);
    expect(new Set(bytes).size).toBe(256);
  });
});

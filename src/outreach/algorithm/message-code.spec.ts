import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CODE_PLACE, codeOf, readCode } from './message-code.js';

describe('the code of a message', () => {
  it('leads back to the digits of its id, also as people type it', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        const digits = id.slice(CODE_PLACE.from - 1, CODE_PLACE.from - 1 + CODE_PLACE.length);
        const code = codeOf(id);
        expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
        expect(readCode(code)).toBe(digits);
        expect(readCode(` ${code.toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `)).toBe(
          digits,
        );
      }),
    );
  });

  it.each(['', '7KQF', '7KQF-3M8D-1', '7KQF-3M8U', '验证', "' OR 1=1"])('is not read from %j', (typed) => {
    expect(readCode(typed)).toBeUndefined();
  });
});

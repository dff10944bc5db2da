import { describe, expect, it } from '@jest/globals';
import { completenessOf } from './completeness.js';

const known = (claimed: number, signed: number, server: number) => ({ claimed, signed, server });
const drops = (quantity: number, claimed: number) => [{ reason: 'event_processor', quantity, claimed, fix: '' }];

describe('a list of affected customers', () => {
  it('is whole where nobody reported a drop', () => {
    expect(completenessOf([], known(0, 0, 0))).toMatchObject({ complete: true, missing: 0 });
  });

  it('is incomplete by what a server key reported, whoever was hit', () => {
    for (const hit of [known(0, 0, 0), known(9, 0, 0), known(0, 0, 9)])
      expect(completenessOf(drops(3, 0), hit)).toMatchObject({ complete: false, missing: 3 });
  });

  it('is incomplete by what a public key reported, unless as many customers are known by a server key as otherwise', () => {
    expect(completenessOf(drops(3, 3), known(2, 2, 3))).toMatchObject({
      complete: false,
      missing: 3,
      claimsCount: true,
    });
    expect(completenessOf(drops(3, 3), known(0, 0, 0))).toMatchObject({ complete: false, missing: 3 });
    expect(completenessOf(drops(3, 3), known(2, 2, 4))).toMatchObject({
      complete: true,
      missing: 0,
      claimsCount: false,
    });
    expect(completenessOf(drops(5, 3), known(0, 0, 1))).toMatchObject({ complete: false, missing: 2 });
  });
});

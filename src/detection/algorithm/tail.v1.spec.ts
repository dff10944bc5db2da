import { describe, expect, it } from '@jest/globals';
import { logGamma, lowerUnlikeliness, upperUnlikeliness } from './tail.v1.js';

describe('count tails', () => {
  it('agree with factorials in the gamma function', () => {
    expect(logGamma(6)).toBeCloseTo(Math.log(120), 9);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 9);
  });

  it('agree with a Poisson tail summed by hand', () => {
    const atLeastTwo = 1 - Math.exp(-0.5) * 1.5;
    expect(upperUnlikeliness(2, 0.5, Infinity)).toBeCloseTo(-Math.log10(atLeastTwo), 6);
  });

  it('agree with the geometric distribution at size one', () => {
    expect(upperUnlikeliness(7, 2, 1)).toBeCloseTo(-7 * Math.log10(2 / 3), 6);
    expect(lowerUnlikeliness(0, 9, 1)).toBeCloseTo(1, 6);
  });

  it('find a count less surprising the more a series scatters', () => {
    expect(upperUnlikeliness(30, 5, 2)).toBeLessThan(upperUnlikeliness(30, 5, 50));
  });

  it('give zero for a count at the mean or on the harmless side of it', () => {
    expect(upperUnlikeliness(3, 3, 5)).toBe(0);
    expect(lowerUnlikeliness(4, 3, 5)).toBe(0);
  });
});

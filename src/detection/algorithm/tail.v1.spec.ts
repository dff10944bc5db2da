import { describe, expect, it } from '@jest/globals';
import { logGamma, lowerUnlikeliness, upperUnlikeliness } from './tail.v1.js';

describe('count tails', () => {
  it('knows the gamma function of whole numbers', () => {
    expect(logGamma(6)).toBeCloseTo(Math.log(120), 9);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 9);
  });

  it('agrees with the Poisson tail summed by hand', () => {
    const atLeastTwo = 1 - Math.exp(-0.5) * 1.5;
    expect(upperUnlikeliness(2, 0.5, Infinity)).toBeCloseTo(-Math.log10(atLeastTwo), 6);
  });

  it('agrees with the negative binomial of size one, which is geometric', () => {
    expect(upperUnlikeliness(7, 2, 1)).toBeCloseTo(-7 * Math.log10(2 / 3), 6);
    expect(lowerUnlikeliness(0, 9, 1)).toBeCloseTo(1, 6);
  });

  it('finds the same count less surprising the more a series scatters', () => {
    expect(upperUnlikeliness(30, 5, 2)).toBeLessThan(upperUnlikeliness(30, 5, 50));
  });

  it('finds nothing in a count at or on the right side of the mean', () => {
    expect(upperUnlikeliness(3, 3, 5)).toBe(0);
    expect(lowerUnlikeliness(4, 3, 5)).toBe(0);
  });
});

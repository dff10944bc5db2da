import { describe, expect, it } from '@jest/globals';
import { liftInterval, logEvidence, predictiveInterval } from './chance.v1.js';
import { relativeEntropy } from './scan.v1.js';

describe('logEvidence', () => {
  it('averages to one over all chance outcomes, so that looking again costs nothing', () => {
    // Two-sided form by hand: the mixture over all outcomes of 4 hits with share 0.3 sums to one.
    const ways = [1, 4, 6, 4, 1];
    const chances = ways.map((count, inside) => count * 0.3 ** inside * 0.7 ** (4 - inside));
    const evidence = chances.map(
      (chance, inside) => chance * (inside > 1.2 ? Math.exp(logEvidence(inside, 4, 0.3)) : 1),
    );
    expect(evidence.reduce((sum, value) => sum + value, 0)).toBeLessThanOrEqual(1 + 0.7 ** 4 + 4 * 0.3 * 0.7 ** 3);
    // Exactly: B(1 + 3, 1 + 1) / (0.3³ 0.7)
    expect(Math.exp(logEvidence(3, 4, 0.3))).toBeCloseTo(1 / 20 / (0.3 ** 3 * 0.7), 6);
  });

  it('is zero when a group has no more than its share', () => {
    expect(logEvidence(3, 10, 0.3)).toBe(0);
    expect(logEvidence(10, 10, 1)).toBe(0);
  });
});

describe('predictiveInterval', () => {
  it('is wider when few customers were seen or are to come', () => {
    const width = (hits: number, seen: number, next: number) => {
      const [low, high] = predictiveInterval(hits, seen, next, 0.95);
      return high - low;
    };
    expect(width(20, 100, 80)).toBeGreaterThan(width(200, 1000, 800));
    expect(width(20, 100, 10)).toBeGreaterThan(width(20, 100, 80));
  });

  it('holds the observed rate, and covers everything when nobody is to come', () => {
    const [low, high] = predictiveInterval(61, 212, 151, 0.95);
    expect(low).toBeGreaterThan(0.17);
    expect(low).toBeLessThan(61 / 212);
    expect(high).toBeGreaterThan(61 / 212);
    expect(high).toBeLessThan(0.41);
    expect(predictiveInterval(0, 10, 0, 0.95)).toEqual([0, 1]);
  });
});

describe('liftInterval', () => {
  it('holds the lift', () => {
    const [low, high] = liftInterval(61, 64, 212, 5200);
    expect(low).toBeLessThan(23.4);
    expect(high).toBeGreaterThan(23.3);
  });
});

describe('relativeEntropy', () => {
  it('is the log likelihood ratio of one hit, and zero when hits are no more than their share', () => {
    expect(relativeEntropy(0.9, 0.1)).toBeCloseTo(0.9 * Math.log(9) + 0.1 * Math.log(0.1 / 0.9), 12);
    expect(relativeEntropy(1, 0.25)).toBeCloseTo(Math.log(4), 12);
    expect(relativeEntropy(0.1, 0.1)).toBe(0);
  });
});

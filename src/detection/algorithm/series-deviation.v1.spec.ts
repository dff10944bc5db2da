import { describe, expect, it } from '@jest/globals';
import { Deviation } from './series-deviation.v1.js';

const HOUR = 3_600_000;

/** Pushes hourly values and returns the running deviation after each. */
function follow(values: readonly number[], deviation = new Deviation()): number[] {
  return values.map((value, i) => deviation.push(i * HOUR, value).running);
}

/** Values around 100 that differ by a few percent, the same in every run. */
function calm(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 100 + ((i * 7919) % 11) - 5);
}

describe('Deviation', () => {
  it('does not let a fault of many values become usual', () => {
    const all = follow(calm(800).map((value, i) => (i >= 600 && i < 700 ? value + 60 : value)));
    expect(all[698]).toBeGreaterThan(0.8 * (all[610] ?? 0));
  });

  it('takes a new level as usual once the patience is over', () => {
    const all = follow(calm(2000).map((value, i) => (i >= 600 ? value + 60 : value)));
    expect(all[990]).toBeGreaterThan(2.5 * (all[590] ?? 0));
    expect(all[1990]).toBeLessThan(1.5 * (all[590] ?? 0));
  });

  it('deserves less where deviations as large are part of life', () => {
    const spike = (every: number): number => {
      const values = calm(801).map((value, i) => (i % every === every - 1 || i === 800 ? value + 60 : value));
      return follow(values)[800] ?? 0;
    };
    expect(spike(8)).toBeLessThan(0.75 * spike(10_000));
  });

  it('remembers trouble: the same spike counts more soon after a fault, and less again much later', () => {
    const at = (gap: number): number => {
      const spike = 600 + 20 + gap;
      const fault = (i: number): boolean => (i >= 600 && i < 620) || i === spike;
      return follow(calm(1800).map((value, i) => (fault(i) ? value + 60 : value)))[spike] ?? 0;
    };
    expect(at(40)).toBeGreaterThan(1.1 * at(1000));
  });

  it('is calm soon after a lone event in a series of zeros', () => {
    const all = follow(Array.from({ length: 3000 }, (_, i) => (i === 2900 ? 1 : 0)));
    expect(all[2900]).toBeGreaterThan(5);
    expect(all[2899]).toBe(0);
    expect(all[2920]).toBeLessThan(2);
  });
});

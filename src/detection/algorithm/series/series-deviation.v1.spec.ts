import { describe, expect, it } from '@jest/globals';
import { Deviation } from './series-deviation.v1.js';

const HOUR = 3_600_000;

/** Pushes hourly values and returns the remembered deviation after each. */
function follow(values: readonly number[], deviation = new Deviation()): number[] {
  return values.map((value, i) => deviation.push(i * HOUR, value).remembered);
}

/** Values around 100 that differ by a few percent, the same in every run. */
function calm(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 100 + ((i * 7919) % 11) - 5);
}

describe('Deviation', () => {
  it('does not let a long fault become usual', () => {
    const all = follow(calm(800).map((value, i) => (i >= 600 && i < 700 ? value + 60 : value)));
    expect(all[698]).toBeGreaterThan(0.8 * (all[610] ?? 0));
  });

  it('accepts a new level as usual once its patience is over', () => {
    const all = follow(calm(2000).map((value, i) => (i >= 600 ? value + 60 : value)));
    expect(all[990]).toBeGreaterThan(2.5 * (all[590] ?? 0));
    expect(all[1990]).toBeLessThan(1.5 * (all[590] ?? 0));
  });

  it('answers less where deviations of the same size are frequent', () => {
    const spike = (every: number): number => {
      const values = calm(801).map((value, i) => (i % every === every - 1 || i === 800 ? value + 60 : value));
      return follow(values)[800] ?? 0;
    };
    expect(spike(8)).toBeLessThan(0.75 * spike(10_000));
  });

  it('counts a spike more soon after a fault, and less again much later', () => {
    const at = (gap: number): number => {
      const spike = 600 + 20 + gap;
      const fault = (i: number): boolean => (i >= 600 && i < 620) || i === spike;
      return follow(calm(1800).map((value, i) => (fault(i) ? value + 60 : value)))[spike] ?? 0;
    };
    expect(at(40)).toBeGreaterThan(1.1 * at(1000));
  });

  it('expects at each time of the week the values of the weeks before', () => {
    const sunday = (i: number): boolean => Math.floor(i / 24) % 7 === 3;
    const noon = 24 * (7 * 7 + 3) + 12;
    const expected = (extra: number): number => {
      const deviation = new Deviation();
      follow(
        calm(noon).map((value, i) => (sunday(i) && i < noon - 12 ? value + extra : value)),
        deviation,
      );
      return deviation.push(noon * HOUR, 100).expected ?? Number.NaN;
    };
    expect(expected(10)).toBeGreaterThan(expected(0) + 2);
  });

  it('counts a fall less than a rise of the same size', () => {
    const end = (by: number): number => follow(calm(600).map((value, i) => (i === 599 ? value + by : value)))[599] ?? 0;
    expect(end(-20)).toBeLessThan(0.8 * end(20));
    expect(end(-20)).toBeGreaterThan(end(0));
  });

  it('does not end a fault at the first calm value', () => {
    const deviation = new Deviation();
    follow(calm(600), deviation);
    const spike = deviation.push(600 * HOUR, 160);
    const after = deviation.push(601 * HOUR, 100);
    const memory = spike.remembered - spike.running;
    expect(after.running).toBeLessThan(0.6 * spike.running);
    expect(after.remembered - memory).toBeGreaterThan(0.6 * spike.running);
  });

  it('is calm soon after a lone event in a series of zeros', () => {
    const all = follow(Array.from({ length: 3000 }, (_, i) => (i === 2900 ? 20 : 0)));
    expect(all[2900]).toBeGreaterThan(5);
    expect(all[2899]).toBe(0);
    expect(all[2920]).toBeLessThan(2);
  });

  it('assumes a usual deviation of at least one in a series of whole numbers', () => {
    const rare = Array.from({ length: 1000 }, (_, i) => (i % 100 === 99 ? 1 : 0));
    const halves = rare.map((value) => value / 2);
    expect(follow(rare)[999]).toBeLessThan(2);
    expect(follow(halves)[999]).toBeGreaterThan(3);
  });
});

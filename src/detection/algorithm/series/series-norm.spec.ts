import { describe, expect, it } from '@jest/globals';
import { Norm } from './series-norm.js';

/** A norm that saw `count` values of alternately 9 and 11, so that a deviation of 1.25 is usual. */
function learned(count: number, rate = 0.001): Norm {
  const norm = new Norm(rate);
  for (let i = 0; i < count; i++) norm.learn(i % 2 === 0 ? 9 : 11, i === 0 ? 9 : 10, 1);
  return norm;
}

describe('Norm', () => {
  it('gives no answer before it has seen some values', () => {
    expect(learned(5).times(100, 10)).toBeUndefined();
    expect(learned(20).times(100, 10)).toBeGreaterThan(1);
  });

  it('gives a distance in multiples of the usual deviation, with its sign', () => {
    expect(learned(1000).times(15, 10)).toBeCloseTo(4, 1);
    expect(learned(1000).times(5, 10)).toBeCloseTo(-4, 1);
  });

  it('gives a fixed number for the first deviation ever', () => {
    const norm = new Norm(0.01);
    for (let i = 0; i < 20; i++) norm.learn(3, 3, 1);
    expect(norm.times(4, 3)).toBe(norm.times(400, 3));
    expect(norm.times(3, 3)).toBe(0);
  });

  it('moves its level by five usual deviations at most for one huge spike', () => {
    const norm = learned(1000);
    const learnt = norm.learn(1e6, 10, 1);
    expect(learnt - 10).toBeLessThan(5 * 1.25 * 1e6 * 0.0011);
    expect(learnt).toBeLessThan(1e4);
  });

  it('learns a spike in full, so that a series with many spikes has a larger usual deviation', () => {
    const norm = learned(1000);
    const before = norm.times(60, 10) ?? 0;
    for (let i = 0; i < 50; i++) norm.learn(60, 10, 1);
    expect(norm.times(60, 10)).toBeLessThan(before / 2);
  });

  it('learns at the part of its rate that the caller asks for', () => {
    const [whole, part] = [learned(1000), learned(1000)];
    const usual = whole.level;
    whole.learn(12, usual, 1);
    part.learn(12, usual, 0.125);
    expect(part.level - usual).toBeCloseTo((whole.level - usual) / 8, 6);
  });
});

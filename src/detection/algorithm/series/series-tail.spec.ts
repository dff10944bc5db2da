import { describe, expect, it } from '@jest/globals';
import { MagnitudeTail } from './series-tail.js';

function learned(count: number, halfLife = 1e6): MagnitudeTail {
  const tail = new MagnitudeTail(halfLife);
  for (let i = 1; i <= count; i++) tail.add(i);
  return tail;
}

describe('MagnitudeTail', () => {
  it('gives no surprise before it has seen anything', () => {
    expect(new MagnitudeTail(100).surprise(5)).toBe(0);
  });

  it('gives the odds of a rank as a power of ten', () => {
    expect(learned(1000).surprise(900)).toBeCloseTo(1, 0);
    expect(learned(1000).surprise(10)).toBeLessThan(0.05);
  });

  it('gives more surprise the further a magnitude lies beyond the record', () => {
    const tail = learned(1000);
    expect(tail.surprise(2000)).toBeGreaterThan(tail.surprise(1200));
    expect(tail.surprise(4000)).toBeGreaterThan(tail.surprise(2000));
  });

  it('counts only recent values after many half-lives', () => {
    const tail = learned(500, 50);
    for (let i = 0; i < 2000; i++) tail.add(1 + (i % 10));
    expect(tail.surprise(400)).toBeGreaterThan(1.5);
  });

  it('stays finite after so many values that its raw weights would overflow', () => {
    const tail = new MagnitudeTail(2);
    for (let i = 0; i < 5000; i++) tail.add(1 + (i % 7));
    expect(Number.isFinite(tail.surprise(3))).toBe(true);
    expect(tail.surprise(1e30)).toBeGreaterThan(tail.surprise(3));
  });
});

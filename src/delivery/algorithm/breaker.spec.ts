import { describe, expect, it } from '@jest/globals';
import { Breaker } from './breaker.js';

const NOW = new Date('2026-03-02T10:00:00Z');
const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

describe('a circuit breaker', () => {
  it('leaves a gateway alone after five troubles in a row, and tries it with one message after a rest', () => {
    const breaker = new Breaker();
    for (let trouble = 0; trouble < 4; trouble++) breaker.failed(NOW);
    expect(breaker.isOpenTo(NOW)).toBe(true);
    breaker.failed(NOW);
    expect([breaker.isOpenTo(after(14)), breaker.isOpenTo(after(15))]).toEqual([false, true]);

    breaker.take();
    expect(breaker.isOpenTo(after(16))).toBe(false);
    breaker.failed(after(16));

    expect([breaker.isOpenTo(after(45)), breaker.isOpenTo(after(46))]).toEqual([false, true]);
    breaker.take();
    breaker.worked();
    expect(breaker.isOpenTo(after(46))).toBe(true);
  });

  it('forgets troubles once the gateway works', () => {
    const breaker = new Breaker();
    for (let round = 0; round < 3; round++) {
      for (let trouble = 0; trouble < 4; trouble++) breaker.failed(NOW);
      breaker.worked();
    }
    expect(breaker.isOpenTo(NOW)).toBe(true);
  });

  it('does not wait for five when nothing else can come of it', () => {
    const breaker = new Breaker();
    breaker.failed(NOW, true);
    expect(breaker.isOpenTo(NOW)).toBe(false);
  });
});

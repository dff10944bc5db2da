import { describe, expect, it } from '@jest/globals';
import { soonness } from './soonness.v1.js';

const DAY = 86_400_000;
const NOW = 100 * DAY;
const use = (count: number, firstDaysAgo: number, lastDaysAgo: number) => ({
  count,
  firstAt: NOW - firstDaysAgo * DAY,
  lastAt: NOW - lastDaysAgo * DAY,
});

describe('soonness', () => {
  it('ranks who uses a feature daily before who uses it weekly, and both before who never did', () => {
    const [daily, weekly, never] = [[use(30, 30, 0)], [use(4, 30, 2)], []].map((uses) => soonness(uses, NOW));

    expect(daily).toBeGreaterThan(weekly!);
    expect(weekly).toBeGreaterThan(never!);
    expect(never).toBe(0);
  });

  it('ranks who was seen today before who used it as often and fell silent', () => {
    expect(soonness([use(30, 60, 0)], NOW)).toBeGreaterThan(soonness([use(30, 60, 30)], NOW));
  });

  it('adds the uses of several features, and takes clocks that are ahead for now', () => {
    expect(soonness([use(1, 0, 0), use(1, 0, 0)], NOW)).toBe(2);
    expect(soonness([use(1, -5, -5)], NOW)).toBe(1);
  });
});

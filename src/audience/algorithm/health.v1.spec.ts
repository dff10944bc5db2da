import { describe, expect, it } from '@jest/globals';
import { type HealthFacts, healthOf } from './health.v1.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');

function facts(about: Partial<HealthFacts> = {}): HealthFacts {
  return { hits: [], contacts: 0, use: undefined, ...about };
}

/** Use on every day of `from` to `to` days ago. */
function daily(from: number, to: number): HealthFacts['use'] {
  return { lastAt: NOW - from * DAY, days: 2 ** (to - from + 1) - 1 };
}

const critical = { severity: 3, lastAt: NOW, events: 1 };

describe('health', () => {
  it('is whole for who was hit by nothing and comes as ever', () => {
    expect(healthOf(facts({ use: daily(0, 40) }), NOW)).toMatchObject({
      score: 100,
      band: 'good',
      activeDays: { seen: 7, usual: 7 },
    });
  });

  it('is poor for who was hit by several critical faults lately, and mends with time', () => {
    const hits = [critical, critical, critical];
    expect(healthOf(facts({ hits, use: daily(0, 40) }), NOW)).toMatchObject({ band: 'poor', parts: { use: 0 } });
    const past = hits.map((one) => ({ ...one, lastAt: NOW - 30 * DAY }));
    expect(healthOf(facts({ hits: past, use: daily(0, 40) }), NOW).band).toBe('good');
  });

  it('suffers more from a critical hit than from a minor one, and more where somebody comes rarely', () => {
    const score = (severity: number, use: HealthFacts['use']) =>
      healthOf(facts({ hits: [{ ...critical, severity }], use }), NOW).score;
    expect(score(3, daily(0, 40))).toBeLessThan(score(1, daily(0, 40)));
    const weekly = { lastAt: NOW, days: 1 + 2 ** 7 + 2 ** 14 + 2 ** 21 + 2 ** 28 };
    expect(score(3, weekly)).toBeLessThan(score(3, daily(0, 40)));
  });

  it('falls when a daily customer stays away for a week, and not when a monthly one does', () => {
    expect(healthOf(facts({ use: daily(7, 40) }), NOW)).toMatchObject({
      score: 60,
      activeDays: { seen: 0, usual: 7 },
    });
    const monthly = { lastAt: NOW - 20 * DAY, days: 1 + 2 ** 30 };
    expect(healthOf(facts({ use: monthly }), NOW).parts.use).toBeLessThan(8);
  });

  it('says nothing of use where there are fewer than two weeks of it, or none', () => {
    expect(healthOf(facts({ use: daily(8, 10) }), NOW)).toMatchObject({ parts: { use: 0 }, activeDays: null });
    expect(healthOf(facts(), NOW)).toMatchObject({ score: 100, activeDays: null });
  });

  it('counts contacts that have no end yet', () => {
    expect(healthOf(facts({ contacts: 1 }), NOW).score).toBe(80);
    expect(healthOf(facts({ contacts: 9 }), NOW).score).toBe(70);
  });
});

import { describe, expect, it } from '@jest/globals';
import { soonnessOf, trustAtRisk } from './rank-cohort.js';

const NOW = Date.UTC(2026, 10, 29);
const at = (daysAgo: number) => new Date(NOW - daysAgo * 86_400_000);
const use = (name: string, value: string, trust: number, count = 1) => ({
  name,
  value,
  trust,
  count,
  firstAt: at(10),
  lastAt: at(1),
});
const cause = (trust: 'claimed' | 'signed' | 'server', ...terms: [string, string][]) => ({
  trust,
  terms: terms.map(([trait, value]) => ({ trait, value })),
});
const nothingListed = () => false;

describe('the trust in a customer at risk', () => {
  it('is the weakest of the hits behind the cause and of the traits by which they match', () => {
    const both = cause('server', ['os', 'Android 14'], ['release', '2.4.1']);
    const uses = [use('os', 'Android 14', 2), use('release', '2.4.1', 1)];

    expect(trustAtRisk([both], uses, nothingListed)).toBe('signed');
    expect(trustAtRisk([cause('claimed', ['os', 'Android 14'])], uses, nothingListed)).toBe('claimed');
    expect(trustAtRisk([both], [use('os', 'Android 14', 2), use('release', '2.4.1', 0)], nothingListed)).toBe(
      'claimed',
    );
  });

  it('is that of the best known cause of several, and the directory is the word of the app', () => {
    const causes = [cause('claimed', ['os', 'iOS 18']), cause('server', ['plan', 'pro'])];

    expect(trustAtRisk(causes, [use('os', 'iOS 18', 2)], (trait) => trait === 'plan')).toBe('server');
    expect(trustAtRisk(causes, [use('os', 'iOS 18', 2)], nothingListed)).toBe('claimed');
    expect(trustAtRisk([], [], nothingListed)).toBe('claimed');
  });
});

describe('how soon a customer is likely to be hit', () => {
  it('goes by the faulty features where they are known, and else by whatever the causes name', () => {
    const uses = [use('feature', '/checkout', 0, 5), use('release', '2.4.1', 0, 50)];

    expect(soonnessOf(['/checkout'], uses, NOW)).toBeLessThan(soonnessOf([], uses, NOW));
    expect(soonnessOf(['/other'], uses, NOW)).toBe(0);
  });
});

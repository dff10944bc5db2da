import { describe, expect, it } from '@jest/globals';
import { brokenRule, nextShare } from './brake.js';

const outcome = (about: object) => ({ tried: 100, failed: 0, optedOut: 0, complained: 0, open: 0, ...about });

describe('stopWhen', () => {
  it('stops above its share, of failures first, and not at it', () => {
    const rules = { failed: 0.05, optedOut: 0.02 };
    expect(brokenRule(rules, outcome({ failed: 5 }))).toBeUndefined();
    expect(brokenRule(rules, outcome({ failed: 6, optedOut: 9 }))).toEqual({
      measure: 'failed',
      share: 0.06,
      limit: 0.05,
    });
    expect(brokenRule(rules, outcome({ optedOut: 3 }))).toEqual({ measure: 'optedOut', share: 0.03, limit: 0.02 });
    expect(brokenRule({ complained: 0.003 }, outcome({ tried: 900, complained: 3 }))).toMatchObject({
      measure: 'complained',
    });
    expect(brokenRule({ complained: 0.003 }, outcome({ tried: 1000, complained: 3 }))).toBeUndefined();
  });

  it('says nothing about one or two cases, without rules, or before the first message', () => {
    expect(brokenRule({ failed: 0.05 }, outcome({ tried: 2, failed: 2 }))).toBeUndefined();
    expect(brokenRule(undefined, outcome({ failed: 50 }))).toBeUndefined();
    expect(brokenRule({ failed: 0.05 }, outcome({ tried: 0 }))).toBeUndefined();
  });
});

describe('a ramp', () => {
  it('goes from step to step and then to all', () => {
    expect([0.01, 0.1, 0.5].map((share) => nextShare([0.01, 0.1], share))).toEqual([0.1, 1, 1]);
  });
});

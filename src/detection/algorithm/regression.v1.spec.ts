import { describe, expect, it } from '@jest/globals';
import { regressed } from './regression.v1.js';

const RESOLVED = 1_767_607_200_000;
const MINUTE = 60_000;
const now = RESOLVED + 40 * MINUTE;
const minute = (RESOLVED + 30 * MINUTE) / MINUTE;
const releases = new Map([
  ['2.4.1', RESOLVED - 3000 * MINUTE],
  ['2.4.2', RESOLVED - 10 * MINUTE],
  ['3.0.0', RESOLVED + 5 * MINUTE],
]);
const hits = (release: string | null, arrivals = 3) => [{ minute, release, arrivals }];

describe('a regression', () => {
  it('is called when customers are hit in the release of the fix or a later one', () => {
    const fix = { at: RESOLVED, release: '2.4.2' };
    expect(regressed(fix, hits('2.4.2'), releases, now, 3)?.words).toBe(
      '3 customers in 10 min on an issue fixed in 2.4.2, since 10:30 UTC',
    );
    expect(regressed(fix, hits('3.0.0'), releases, now, 3)?.kind).toBe('regression');
  });

  it('is not called for customers on releases from before the fix', () => {
    expect(regressed({ at: RESOLVED, release: '2.4.2' }, hits('2.4.1'), releases, now, 3)).toBeNull();
  });

  it('is called for any release when the fix needed none, after the grace time', () => {
    const fix = { at: RESOLVED, release: null };
    expect(regressed(fix, hits('2.4.1'), releases, now, 3)).not.toBeNull();
    const underWay = [{ minute: RESOLVED / MINUTE + 2, release: null, arrivals: 9 }];
    expect(regressed(fix, underWay, releases, RESOLVED + 3 * MINUTE, 3)).toBeNull();
  });

  it('needs as many customers as asked for', () => {
    expect(regressed({ at: RESOLVED, release: null }, hits(null, 2), releases, now, 3)).toBeNull();
  });
});

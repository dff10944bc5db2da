import { describe, expect, it } from '@jest/globals';
import { countedIn } from '../telemetry.js';
import { MAX_AGGREGATES, readSessionAggregates } from './sessions.js';

const NOON = Date.UTC(2026, 2, 10, 12);

describe('sessions count', () => {
  it.each([
    ['while their minute lasts', 30_000, 40_000, 0],
    ['within 75 s after its end', 0, 135_000, 0],
    ['later, when they were told', 0, 135_001, 120_000],
    ['hours later, when they were told', 0, 7_290_000, 7_260_000],
    ['told by a clock that is ahead, in its minute', 70_000, 1_000, 60_000],
  ])('%s', (_, at, receivedAt, minute) => {
    expect(countedIn(NOON + at, NOON + receivedAt) - NOON).toBe(minute);
  });
});

describe('the aggregates of sessions', () => {
  it('count all, however many; those beyond a bound by minute and without their user', () => {
    const aggregates = Array.from({ length: MAX_AGGREGATES + 500 }, (_, n) => ({
      started: new Date(NOON - (n % 2) * 60_000).toISOString(),
      did: `c-${n}`,
      crashed: 1,
      exited: 2,
    }));
    const counts = readSessionAggregates({ aggregates }, NOON) ?? [];
    const sum = (end: 'started' | 'crashed') => counts.reduce((all, count) => all + count[end], 0);
    expect([sum('started'), sum('crashed')]).toEqual([3 * aggregates.length, aggregates.length]);
    expect(counts.slice(MAX_AGGREGATES)).toMatchObject([
      { at: NOON, did: undefined, crashed: 250 },
      { at: NOON - 60_000, did: undefined, crashed: 250 },
    ]);
  });
});

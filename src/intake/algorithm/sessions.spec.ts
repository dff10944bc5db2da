import { describe, expect, it } from '@jest/globals';
import { countedIn } from './sessions.js';

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

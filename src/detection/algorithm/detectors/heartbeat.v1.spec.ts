import { describe, expect, it } from '@jest/globals';
import type { Verdict } from '../../detection.js';
import { newHeartbeat } from './heartbeat.v1.js';
import { observeHeartbeat } from './watch.v1.js';

const START = 29_459_520;
const DAY = 1440;

/** Feeds the counts of minutes `0…length` and returns the verdicts. */
function play(length: number, countAt: (minute: number) => number | null): Verdict[] {
  const state = newHeartbeat(START);
  const verdicts: Verdict[] = [];
  for (let minute = 0; minute < length; minute += 1) {
    const verdict = observeHeartbeat(state, START + minute, countAt(minute));
    if (verdict) verdicts.push(verdict);
  }
  return verdicts;
}

const busy = (minute: number) => 20 + (minute % 7);

describe('a heartbeat', () => {
  it('is called within minutes of its stop, and again when it is back', () => {
    const said = play(4 * DAY, (minute) => (minute >= 3 * DAY && minute < 3 * DAY + 30 ? 0 : busy(minute)));
    expect(said.map(({ kind }) => kind)).toEqual(['drop', 'recovered']);
    expect(said[0]?.since).toBe((START + 3 * DAY) * 60_000);
    expect((said[0]?.at ?? 0) - (said[0]?.since ?? 0)).toBeLessThanOrEqual(10 * 60_000);
  });

  it('is not called for a gap in the data, which is no silence', () => {
    expect(play(4 * DAY, (minute) => (minute >= 3 * DAY && minute < 3 * DAY + 120 ? null : busy(minute)))).toEqual([]);
  });

  it('is called at most once for the silent nights of a shop that closes', () => {
    expect(
      play(10 * DAY, (minute) => (minute % DAY < 420 ? 0 : busy(minute))).filter(({ kind }) => kind === 'drop').length,
    ).toBeLessThanOrEqual(1);
  });

  it('is not called when the series is often silent', () => {
    expect(play(5 * DAY, (minute) => (minute % 45 === 0 ? 1 : 0))).toEqual([]);
  });

  it('is not called on the first day of a series', () => {
    expect(play(DAY, (minute) => (minute < 600 ? busy(minute) : 0))).toEqual([]);
  });
});

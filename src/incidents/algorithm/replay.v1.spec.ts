import { describe, expect, it } from '@jest/globals';
import { DEFAULT_THRESHOLDS } from '../../detection/detection.js';
import { type History, replay } from './replay.v1.js';

const START = 29_459_520;
const DAY = 1440;

const FAULT = START + 2 * DAY + 600;
const CHECKOUT = { service: 'checkout', area: null };

/** Three days of use. On the third, at 10:00, two issues of checkout hit two customers a minute for ten minutes. */
function aHistory(): History {
  const hits = [];
  for (let minute = FAULT; minute < FAULT + 10; minute += 1) {
    for (const issueId of [1, 2])
      hits.push({ issueId, minute, events: 3, customers: 2, arrivals: 2, since: FAULT, ...CHECKOUT });
  }
  return {
    minutes: Array.from({ length: 3 * DAY }, (_, n) => ({ minute: START + n, active: 500, received: true })),
    hits,
    links: [],
    deploys: [],
    from: START,
  };
}

describe('replay of stored history', () => {
  it('tells which incident would have opened, when it hit, when ops would have seen it, and how many would be told', () => {
    expect(replay(aHistory(), DEFAULT_THRESHOLDS)).toEqual([
      {
        issueIds: [1, 2],
        behind: [1, 2],
        least: 0,
        firstCustomerMinute: FAULT,
        firstAlertMinute: FAULT + 1,
        lastCustomerMinute: FAULT + 9,
        customers: 40,
        reasons: ['started together', 'same service checkout'],
      },
    ]);
  });

  it('opens nothing with thresholds that the history does not reach', () => {
    const strict = { ...DEFAULT_THRESHOLDS, newFault: { customers: 200, withinMinutes: 10 } };
    expect(replay(aHistory(), strict)).toEqual([]);
  });

  it('opens one incident for new issues side by side even if none is a fault by itself', () => {
    const hits = Array.from({ length: 30 }, (_, n) => {
      const minute = FAULT + Math.floor(n / 6);
      const row = {
        issueId: 100 + n,
        minute,
        since: minute,
        events: 1,
        customers: 1,
        arrivals: 1,
        moments: 1 << (n % 6),
      };
      return { ...row, ...CHECKOUT };
    });
    const trickle = Array.from({ length: 200 }, (_, n) => {
      const row = { issueId: 9, minute: START + n * 20, since: START, events: 1, customers: 1, arrivals: 1 };
      return { ...row, ...CHECKOUT };
    });
    const all = [...trickle, ...hits].sort((a, b) => a.minute - b.minute);
    const [incident, ...others] = replay({ ...aHistory(), hits: all }, DEFAULT_THRESHOLDS);
    expect(others).toEqual([]);
    expect(incident?.issueIds).not.toContain(9);
    expect(incident?.issueIds.length).toBeGreaterThan(5);
    expect(incident?.firstAlertMinute).toBeLessThan(FAULT + 5);
    expect(incident?.lastCustomerMinute).toBeLessThan(FAULT + 5);
    expect(incident?.least).toBeGreaterThan(0);
  });

  it('learns from the time before the requested period and counts nothing in it', () => {
    expect(replay({ ...aHistory(), from: START + 3 * DAY }, DEFAULT_THRESHOLDS)).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { DEFAULT_THRESHOLDS } from '../../detection/detection.js';
import { type History, replay } from './replay.v1.js';

const START = 29_459_520;
const DAY = 1440;

/** Three days of use; on the third, at 10:00, two issues of checkout hit two customers a minute for ten minutes. */
function aHistory(): History {
  const fault = START + 2 * DAY + 600;
  const hits = [];
  for (let minute = fault; minute < fault + 10; minute += 1) {
    for (const issueId of ['a', 'b']) hits.push({ issueId, minute, events: 3, customers: 2, arrivals: 2 });
  }
  return {
    minutes: Array.from({ length: 3 * DAY }, (_, n) => ({ minute: START + n, active: 500, received: true })),
    hits,
    services: new Map([
      ['a', ['checkout']],
      ['b', ['checkout']],
    ]),
    links: [],
    deploys: [],
    from: START,
  };
}

describe('replay of stored history', () => {
  it('says which incident would have opened, when customers and ops would have seen it, and how many would be told', () => {
    const fault = START + 2 * DAY + 600;
    expect(replay(aHistory(), DEFAULT_THRESHOLDS)).toEqual([
      {
        issueIds: ['a', 'b'],
        firstCustomerMinute: fault,
        firstAlertMinute: fault + 1,
        lastCustomerMinute: fault + 9,
        customers: 40,
        reasons: ['started together', 'same service checkout'],
      },
    ]);
  });

  it('opens nothing with thresholds that the history does not reach', () => {
    const strict = { ...DEFAULT_THRESHOLDS, newFault: { customers: 200, withinMinutes: 10 } };
    expect(replay(aHistory(), strict)).toEqual([]);
  });

  it('lets the time before the asked period teach and not count', () => {
    expect(replay({ ...aHistory(), from: START + 3 * DAY }, DEFAULT_THRESHOLDS)).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { DAYS, occurrence, type Weekly } from './weekly.v1.js';

const sundays: Weekly = { days: ['sun'], from: 60, to: 180, timeZone: 'Europe/Berlin' };

function at(weekly: Weekly, now: string): [string, string] | undefined {
  const found = occurrence(weekly, new Date(now));
  return found && [found.from.toISOString().slice(0, 16), found.until.toISOString().slice(0, 16)];
}

describe('a weekly window', () => {
  it('yields the current occurrence until it ends, and then the next', () => {
    const first = ['2026-03-15T00:00', '2026-03-15T02:00'];
    expect(at(sundays, '2026-03-10T12:00:00Z')).toEqual(first);
    expect(at(sundays, '2026-03-15T00:00:00Z')).toEqual(first);
    expect(at(sundays, '2026-03-15T01:59:59Z')).toEqual(first);
    expect(at(sundays, '2026-03-15T02:00:00Z')).toEqual(['2026-03-22T00:00', '2026-03-22T02:00']);
  });

  it('may cross midnight, and belongs to the day on which it begins', () => {
    const nights: Weekly = { ...sundays, days: ['fri'], from: 23 * 60, to: 60 };
    expect(at(nights, '2026-03-13T23:30:00Z')).toEqual(['2026-03-13T22:00', '2026-03-14T00:00']);
    expect(at(nights, '2026-03-14T00:00:00Z')).toEqual(['2026-03-20T22:00', '2026-03-21T00:00']);
    expect(at({ ...nights, days: [...DAYS] }, '2026-03-14T00:00:00Z')).toEqual([
      '2026-03-14T22:00',
      '2026-03-15T00:00',
    ]);
  });

  it('keeps its wall-clock hours when clocks change, shorter in spring and longer in autumn', () => {
    expect(at(sundays, '2026-03-28T12:00:00Z')).toEqual(['2026-03-29T00:00', '2026-03-29T01:00']);
    expect(at(sundays, '2026-04-04T12:00:00Z')).toEqual(['2026-04-04T23:00', '2026-04-05T01:00']);
    expect(at(sundays, '2026-10-24T12:00:00Z')).toEqual(['2026-10-24T23:00', '2026-10-25T02:00']);
  });

  it('moves a start or end in the skipped hour to where clocks go on, and drops an occurrence within that hour', () => {
    expect(at({ ...sundays, from: 150, to: 240 }, '2026-03-28T12:00:00Z')).toEqual([
      '2026-03-29T01:00',
      '2026-03-29T02:00',
    ]);
    expect(at({ ...sundays, from: 60, to: 150 }, '2026-03-28T12:00:00Z')).toEqual([
      '2026-03-29T00:00',
      '2026-03-29T01:00',
    ]);
    expect(at({ ...sundays, from: 130, to: 170 }, '2026-03-28T12:00:00Z')).toEqual([
      '2026-04-05T00:10',
      '2026-04-05T00:50',
    ]);
  });

  it('ends with the second of two equal wall-clock times', () => {
    expect(at({ ...sundays, from: 60, to: 150 }, '2026-10-24T12:00:00Z')).toEqual([
      '2026-10-24T23:00',
      '2026-10-25T01:30',
    ]);
  });
});

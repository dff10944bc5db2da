import { describe, expect, it } from '@jest/globals';
import { Outage } from './outage.js';

const at = (second: number) => new Date(1_795_000_000_000 + second * 1000);

describe('a way out that takes nothing', () => {
  it('is told once, and once more when it is back', () => {
    const outage = new Outage();

    const told = [false, true, true, true, false, false].map((isTrouble, second) => outage.note(isTrouble, at(second)));

    expect(told).toEqual([
      undefined,
      { kind: 'down' },
      undefined,
      undefined,
      { kind: 'back', downMs: 3000 },
      undefined,
    ]);
  });

  it('every other time is told once a minute', () => {
    const outage = new Outage();

    const told = Array.from({ length: 120 }, (_, second) => outage.note(second % 2 === 0, at(second)));

    expect(told.filter((one) => one?.kind === 'down')).toHaveLength(2);
    expect(told.filter((one) => one?.kind === 'back')).toHaveLength(2);
  });
});

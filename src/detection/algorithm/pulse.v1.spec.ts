import { describe, expect, it } from '@jest/globals';
import { beat, meansSomething, newPulse, noteFlare, type PulseState } from './pulse.v1.js';

const DAY = 24 * 60 * 60_000;
/** 2026-01-05T00:00Z. */
const NOW = 1_767_571_200_000;

function pulseAfter(...groups: readonly [customers: number, grew: boolean][]): PulseState {
  const pulse = newPulse(NOW / 60_000);
  for (const [customers, grew] of groups) noteFlare(pulse, NOW, customers, grew);
  return pulse;
}

describe('small groups hit by a new issue', () => {
  it('mean something until such a group came to nothing', () => {
    expect(meansSomething(pulseAfter(), 3)).toBe(true);
    expect(meansSomething(pulseAfter([3, false]), 3)).toBe(false);
  });

  it('mean something when a third of them grew into a fault', () => {
    expect(meansSomething(pulseAfter([3, false], [3, false], [3, true]), 3)).toBe(true);
    expect(meansSomething(pulseAfter([3, false], [3, false], [3, false], [3, true]), 3)).toBe(false);
  });

  it('mean something when they are larger than those that came to nothing', () => {
    expect(meansSomething(pulseAfter([3, false]), 4)).toBe(true);
    expect(meansSomething(pulseAfter([4, false]), 3)).toBe(false);
  });

  it('are forgotten after some weeks', () => {
    const pulse = pulseAfter([3, false]);
    beat(pulse, { minute: (NOW + 29 * DAY) / 60_000, active: 100, received: true });
    expect(meansSomething(pulse, 3)).toBe(true);
  });

  it('are judged in the same way by a pulse stored before growth was noted', () => {
    const pulse = newPulse(NOW / 60_000);
    pulse.flares = { at: NOW, bySize: { '3': 1 } };
    expect(meansSomething(pulse, 3)).toBe(false);
    noteFlare(pulse, NOW, 3, true);
    expect(pulse.flares.grew).toBe(1);
  });
});

import { describe, expect, it } from '@jest/globals';
import { findContactFaults, HISTORY_MS, type UnmatchedContact } from './contact-fault.v1.js';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const HOUR = 3_600_000;

describe('contacts in the same words', () => {
  it('of several customers that no incident fits are a fault, in English and Chinese', () => {
    const recent = [
      say(1, 'The map in the app stays grey'),
      say(2, 'my map stays grey since this morning'),
      say(3, 'Map stays grey!!'),
      say(4, 'Where is my invoice for February?'),
      say(5, '地图一直是灰色的'),
      say(6, '你们的地图一直是灰色'),
      say(7, '地图一直灰色，打不开'),
    ];
    const found = findContactFaults(recent, [], NOW);
    expect(found.map(({ ids }) => ids)).toEqual([
      [1, 2, 3],
      [5, 6, 7],
    ]);
    expect(found[0]).toMatchObject({ customers: 3, since: NOW - HOUR + 60_000 });
    expect(found[0]?.words).toMatch(/^3 customers say alike within 59 min, and no incident fits: “.*grey/);
  });

  it('of one customer alone are none, however often they come', () => {
    const recent = [1, 2, 3, 4, 5].map((id) => ({ ...say(id, 'The map stays grey'), who: 'kim' }));
    expect(findContactFaults(recent, [], NOW)).toEqual([]);
  });

  it('are none where customers ask the same every day on that channel', () => {
    const asked = 'How do I change my delivery address?';
    const before = Array.from({ length: 140 }, (_, at) => ({
      ...say(1000 + at, asked),
      at: NOW - HISTORY_MS + at * 2.4 * HOUR,
    }));
    const recent = [say(1, asked), say(2, asked), say(3, asked)];
    expect(findContactFaults(recent, before, NOW)).toEqual([]);
    const many = Array.from({ length: 40 }, (_, at) => say(at + 1, asked));
    expect(findContactFaults(many, before, NOW)).toHaveLength(1);
    expect(
      findContactFaults(
        recent,
        before.map((one) => ({ ...one, channel: 'letter' })),
        NOW,
      ),
    ).toHaveLength(1);
  });

  it('without any word are none', () => {
    expect(findContactFaults([say(1, '???'), say(2, '???'), say(3, '123')], [], NOW)).toEqual([]);
  });
});

function say(id: number, text: string): UnmatchedContact {
  return { id, who: `c${id}`, channel: 'chat', text, at: NOW - HOUR + id * 60_000 };
}

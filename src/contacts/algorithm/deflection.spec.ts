import { describe, expect, it } from '@jest/globals';
import { deflectionOf, type IncidentCounts } from './deflection.js';
import { differenceOf, type Group, pooledDifference, requiredHeldOut } from './difference.js';

const NOBODY: Group = { customers: 0, contacts: 0 };

describe('contacts avoided', () => {
  it('have the interval of the published example (Newcombe 1998, 56/70 against 48/80, method 10)', () => {
    const difference = differenceOf({ customers: 80, contacts: 48 }, { customers: 70, contacts: 56 });
    expect(difference?.low).toBeCloseTo(0.0524, 3);
    expect(difference?.high).toBeCloseTo(0.3339, 3);
  });

  it('of 1,000 incidents with a known effect lie within the 95 % interval in 93 to 97 of a hundred', () => {
    const inside = share(1000, 20_261_129, (random) => {
      const { told, heldOut, effect } = incidentOf(random, 0.2 + 0.5 * random());
      const difference = differenceOf(told, heldOut);
      return difference !== undefined && difference.low <= effect && effect <= difference.high;
    });
    expect(inside).toBeGreaterThanOrEqual(0.93);
    expect(inside).toBeLessThanOrEqual(0.97);
  });

  it('of 1,000 incidents without an effect are called so in 93 to 97 of a hundred', () => {
    const none = share(1000, 20_261_130, (random) => {
      const { told, heldOut } = incidentOf(random, 0);
      return deflectionOf([counts({ told, heldOut })], 72).words.startsWith('No difference');
    });
    expect(none).toBeGreaterThanOrEqual(0.93);
    expect(none).toBeLessThanOrEqual(0.97);
  });

  it('over the incidents of a month lie within the interval in 93 to 97 of a hundred, though shares held out differ', () => {
    const inside = share(1000, 20_261_131, (random) => {
      const pairs = Array.from({ length: 5 }, () => incidentOf(random, 0.4));
      const difference = pooledDifference(pairs.map(({ told, heldOut }) => ({ told, untold: heldOut })));
      const weights = pairs.map(({ told: { customers: n }, heldOut: { customers: m } }) => (n * m) / (n + m));
      const all = weights.reduce((sum, one) => sum + one, 0);
      const effect = pairs.reduce((sum, one, at) => sum + (one.effect * (weights[at] ?? 0)) / all, 0);
      return difference !== undefined && difference.low <= effect && effect <= difference.high;
    });
    expect(inside).toBeGreaterThanOrEqual(0.93);
    expect(inside).toBeLessThanOrEqual(0.97);
  });

  it('are not mixed up by incidents of unlike rates: each is compared within itself', () => {
    const loud = { told: { customers: 1000, contacts: 200 }, heldOut: { customers: 10, contacts: 2 } };
    const calm = { told: { customers: 100, contacts: 1 }, heldOut: { customers: 1000, contacts: 10 } };
    const { avoided } = deflectionOf([counts(loud), counts(calm)], 72);
    expect(avoided?.perHundred).toBeCloseTo(0, 5);
  });

  it('are said with the interval, and with a warning where too few were held out or nobody was', () => {
    const sure = deflectionOf(
      [counts({ told: { customers: 4000, contacts: 80 }, heldOut: { customers: 1000, contacts: 100 } })],
      72,
    );
    expect(sure).toMatchObject({ method: 'heldOut', avoided: { perHundred: 8 }, warning: null });
    expect(sure.words).toMatch(/^8 contacts avoided per hundred .*95 % interval/);
    const few = deflectionOf(
      [counts({ told: { customers: 40, contacts: 1 }, heldOut: { customers: 5, contacts: 1 } })],
      72,
    );
    expect(few.warning).toMatch(/Fewer customers were held out/);
    const before = deflectionOf(
      [
        counts({
          told: { customers: 100, contacts: 3 },
          before: { customers: 100, contacts: 30 },
          after: { customers: 100, contacts: 3 },
        }),
      ],
      72,
    );
    expect(before).toMatchObject({ method: 'beforeAfter', heldOut: null, avoided: { perHundred: 27 } });
    expect(before.warning).toMatch(/no proof/);
    expect(deflectionOf([], 72)).toMatchObject({ method: 'none', avoided: null, told: NOBODY });
  });

  it('need a hold-out whose size follows from the rate and from how many are told', () => {
    // Equal groups, 10 % against 5 %: 435 each (Fleiss, Levin, Paik 2003, formula 4.14 without the correction).
    expect(requiredHeldOut({ customers: 100, contacts: 10 }, 1)).toBe(435);
    expect(requiredHeldOut({ customers: 100, contacts: 10 }, 9)).toBeLessThan(435);
    expect(requiredHeldOut(NOBODY, 9)).toBeUndefined();
  });
});

function counts(about: Partial<IncidentCounts>): IncidentCounts {
  return { incidentId: 1, told: NOBODY, heldOut: NOBODY, before: NOBODY, after: NOBODY, ...about };
}

/** An incident of 300 to 3,000 customers, a tenth to a third of them held out, of whom 3 to 30 in a hundred would make contact. */
function incidentOf(random: () => number, helped: number): { told: Group; heldOut: Group; effect: number } {
  const all = 300 + Math.floor(2700 * random());
  const held = Math.floor(all * (0.1 + 0.23 * random()));
  const rate = 0.03 + 0.27 * random();
  const told = rate * (1 - helped);
  const group = (customers: number, chance: number): Group => {
    let contacts = 0;
    for (let at = 0; at < customers; at++) if (random() < chance) contacts++;
    return { customers, contacts };
  };
  return { told: group(all - held, told), heldOut: group(held, rate), effect: rate - told };
}

function share(times: number, seed: number, happens: (random: () => number) => boolean): number {
  const random = mulberry(seed);
  let count = 0;
  for (let at = 0; at < times; at++) if (happens(random)) count++;
  return count / times;
}

/** The generator mulberry32. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import { describe, expect, it } from '@jest/globals';
import { traitLines } from '../trait.js';
import { TraitMemory } from './trait.memory.js';

const RELEASE = traitLines([['release', '2.4.1']]);
const BASKET = traitLines([
  ['release', '2.4.1'],
  ['feature', '/basket'],
]);

describe('the memory of what customers use', () => {
  it('calls a customer news for a set of traits that is new to them, not for one seen again', () => {
    const memory = new TraitMemory(10);
    memory.add(1, 7, RELEASE, 1000, 0);
    expect(written(memory)).toEqual([row(7, { release: [1000, 1000, 1, 0] })]);

    memory.add(1, 7, RELEASE, 2000, 0);
    expect(written(memory)).toEqual([]);

    memory.add(1, 7, BASKET, 3000, 0);
    expect(written(memory)).toEqual([row(7, { release: [1000, 3000, 2, 0], feature: [3000, 3000, 1, 0] })]);
  });

  it('calls a customer news again once a better word says the same', () => {
    const memory = new TraitMemory(10);
    memory.add(1, 7, RELEASE, 1000, 0);
    written(memory);

    memory.add(1, 7, RELEASE, 2000, 2);

    expect(written(memory)).toEqual([row(7, { release: [1000, 2000, 1, 2] })]);
  });

  it('tells of customers seen again once their generation is old, and of nobody twice', () => {
    const memory = new TraitMemory(10);
    for (const customer of [7, 8]) memory.add(1, customer, RELEASE, 1000, 0);
    written(memory);
    memory.add(1, 7, RELEASE, 2000, 0);
    memory.add(1, 7, RELEASE, 3000, 0);
    expect(memory.seenAgain()).toEqual([]);

    memory.age();

    const again = memory.seenAgain();
    expect(again.map((seen) => memory.rowOf(seen, 7, memory.take(seen)).counts)).toEqual([[2]]);
    expect(memory.seenAgain()).toEqual([]);
  });

  it('has nobody wait longer than a generation who is seen all the time', () => {
    const memory = new TraitMemory(10);
    memory.add(1, 7, RELEASE, 1000, 0);
    written(memory);
    let counted = 0;
    for (let generation = 0; generation < 4; generation++) {
      memory.age();
      for (const seen of memory.seenAgain()) counted += memory.take(seen)[3]!;
      memory.add(1, 7, RELEASE, 2000, 0);
    }
    memory.age();
    for (const seen of memory.seenAgain()) counted += memory.take(seen)[3]!;

    expect(counted).toBe(4);
  });

  it('has no room for more customers than it may hold, until it is a generation older', () => {
    const memory = new TraitMemory(2);
    expect([1, 2, 3].map((customer) => memory.add(1, customer, RELEASE, 1000, 0))).toEqual([true, true, false]);

    memory.age();

    expect(memory.add(1, 3, RELEASE, 2000, 0)).toBe(true);
  });

  it('keeps counts of a customer seen again while the young generation is full', () => {
    const memory = new TraitMemory(1);
    memory.add(1, 7, RELEASE, 1000, 0);
    written(memory);
    memory.age();
    memory.add(1, 8, RELEASE, 2000, 0);
    written(memory);
    memory.add(1, 7, RELEASE, 3000, 0);

    memory.age();

    expect(memory.seenAgain().map(({ customer }) => customer)).toEqual([7]);
  });

  it('keeps what could not be written together with what was seen meanwhile', () => {
    const memory = new TraitMemory(10);
    memory.add(1, 7, RELEASE, 1000, 0);
    const [seen] = memory.takeNews();
    const taken = memory.take(seen!);
    memory.add(1, 7, RELEASE, 2000, 0);

    memory.giveBack(seen!, taken);

    expect(written(memory)).toEqual([row(7, { release: [1000, 2000, 2, 0] })]);
    expect(written(memory)).toEqual([]);
  });

  it('calls somebody whom nobody knew news once more', () => {
    const memory = new TraitMemory(10);
    const who = [{ kind: 'id', value: 'c1' }] as const;
    memory.add(1, who, RELEASE, 1000, 0);
    for (const seen of memory.takeNews()) memory.forget(seen);

    memory.add(1, who, RELEASE, 2000, 0);

    expect(memory.takeNews()).toHaveLength(1);
  });

  it('keeps the 64 values seen last of a customer who uses more', () => {
    const memory = new TraitMemory(10);
    for (let nth = 0; nth < 40; nth++) {
      const traits = traitLines([0, 1].map((at) => ['feature', `/${nth}/${at}`]));
      memory.add(1, 7, traits, 1000 + nth, 0);
    }

    const [{ traits, lasts }] = written(memory) as [ReturnType<TraitMemory['rowOf']>];

    expect(traits).toHaveLength(64);
    expect(Math.min(...lasts)).toBe(1008);
    expect(lasts).toEqual([...lasts].sort());
  });
  it('keeps what a server says of a customer of whom claims say more than finds room', () => {
    const memory = new TraitMemory(10);
    memory.add(1, 7, traitLines([['plan', 'pro']]), 1000, 2);
    for (let nth = 0; nth < 80; nth++) memory.add(1, 7, traitLines([['feature', `/${nth}`]]), 2000 + nth, 0);

    const [{ traits }] = written(memory) as [ReturnType<TraitMemory['rowOf']>];

    expect(traits).toHaveLength(64);
    expect(traits[0]).toEqual(['plan', 'pro']);
    expect(traits.at(-1)).toEqual(['feature', '/79']);
  });
});

/** Takes the rows of all who are news. */
function written(memory: TraitMemory): unknown[] {
  return memory.takeNews().map((seen) => memory.rowOf(seen, seen.customer as number, memory.take(seen)));
}

/** A row with the first and last time, the count and the trust of each trait. */
function row(customerId: number, values: Record<string, [first: number, last: number, count: number, trust: number]>) {
  const given = { release: '2.4.1', feature: '/basket' } as Record<string, string>;
  const traits = Object.keys(values).map((name) => [name, given[name]]);
  const all = (at: 0 | 1 | 2 | 3) => expect.arrayContaining(Object.values(values).map((one) => one[at]));
  const those = { firsts: all(0), lasts: all(1), counts: all(2), trusts: all(3) };
  return expect.objectContaining({ projectId: 1, customerId, traits: expect.arrayContaining(traits), ...those });
}

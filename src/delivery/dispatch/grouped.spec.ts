import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Grouped } from './grouped.js';

/** Commits that end when they are told to. */
function commits() {
  const begun: { items: readonly number[]; end: () => void }[] = [];
  const grouped = new Grouped<number, number>(
    (items) => new Promise((done) => begun.push({ items, end: () => done(items.map((one) => one * 10)) })),
  );
  const commit = async (index: number) => {
    while (!begun[index]) await setImmediate();
    return begun[index];
  };
  return { grouped, commit };
}

describe('a commit of what comes at the same time', () => {
  it('takes the first at once, and all that came meanwhile and soon after together', async () => {
    const { grouped, commit } = commits();
    const first = grouped.add(1);
    const one = await commit(0);
    const second = grouped.add(2);
    one.end();
    expect(await first).toBe(10);
    const third = grouped.add(3);

    const next = await commit(1);
    next.end();

    expect([one.items, next.items]).toEqual([[1], [2, 3]]);
    expect(await Promise.all([second, third])).toEqual([20, 30]);
  });

  it('tries each alone when the commit of several failed', async () => {
    const grouped = new Grouped<number, number>((items) =>
      items.includes(2) ? Promise.reject(new Error('refused')) : Promise.resolve(items),
    );

    const results = await Promise.allSettled([1, 2, 3].map((one) => grouped.add(one)));

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { RequestTurns } from './request.turns.js';

describe('RequestTurns', () => {
  it('lets everybody go on in the order of calls, a few in each turn of the event loop', async () => {
    const turns = new RequestTurns();
    const gone: number[] = [];
    const all = Promise.all(Array.from({ length: 50 }, (_, n) => turns.next().then(() => gone.push(n))));
    expect(turns.waiting).toBe(50);
    await nextTurn();
    await nextTurn();
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.length).toBeLessThan(25);
    await all;
    expect(gone).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(turns.waiting).toBe(0);
  });

  it('takes up again after it was empty', async () => {
    const turns = new RequestTurns();
    await turns.next();
    await nextTurn();
    await turns.next();
    expect(turns.waiting).toBe(0);
  });
});

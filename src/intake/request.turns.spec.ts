import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { RequestTurns } from './request.turns.js';

describe('RequestTurns', () => {
  it('lets everybody go on in the order of calls, a few in each turn of the event loop', async () => {
    const turns = new RequestTurns();
    const gone: number[] = [];
    const all = Promise.all(Array.from({ length: 50 }, (_, n) => turns.next(10).then(() => gone.push(n))));
    expect(turns.waiting).toBe(50);
    await nextTurn();
    await nextTurn();
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.length).toBeLessThan(25);
    await all;
    expect(gone).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(turns.waiting).toBe(0);
  });

  it('lets nobody wait beyond 16 MB of bodies, so that memory is bounded whatever comes', async () => {
    const turns = new RequestTurns();
    const first = turns.next(15 * 1024 * 1024);
    await turns.next(2 * 1024 * 1024);
    expect(turns.waiting).toBe(1); // the second went on at once, in the same turn
    await first;
    const third = turns.next(16 * 1024 * 1024);
    expect(turns.waiting).toBe(1); // there is room again
    await third;
  });

  it('takes up again after it was empty', async () => {
    const turns = new RequestTurns();
    await turns.next(10);
    await nextTurn();
    await turns.next(10);
    expect(turns.waiting).toBe(0);
  });
});

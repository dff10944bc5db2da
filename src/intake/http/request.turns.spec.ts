import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Queued, RequestTurns } from './request.turns.js';

const from = (lane: string, sender = '192.0.2.1'): Queued => ({ lane, sender });

describe('RequestTurns', () => {
  it('lets everybody go on in the order of calls, a few in each turn of the event loop', async () => {
    const turns = new RequestTurns();
    const gone: number[] = [];
    const all = Promise.all(Array.from({ length: 50 }, (_, n) => turns.next(10, from('')).then(() => gone.push(n))));
    expect(turns.waiting).toBe(50);
    await nextTurn();
    await nextTurn();
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.length).toBeLessThan(25);
    await all;
    expect(gone).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(turns.waiting).toBe(0);
  });

  it('lets senders take turns, and a large request have one of its own', async () => {
    const turns = new RequestTurns();
    const gone: string[] = [];
    const go = (name: string, bytes: number, sender: string) =>
      turns.next(bytes, from(sender)).then(() => gone.push(name));
    const all = [
      go('a1', 1 << 20, 'a'),
      go('a2', 1 << 20, 'a'),
      go('a3', 1 << 20, 'a'),
      go('b1', 10, 'b'),
      go('b2', 10, 'b'),
    ];
    await Promise.all(all);
    expect(gone).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
  });

  it('lets another address of the same project in between the requests of one', async () => {
    const turns = new RequestTurns();
    const gone: string[] = [];
    const go = (name: string, bytes: number, address: string) =>
      turns.next(bytes, from('shop', address)).then(() => gone.push(name));
    await Promise.all([go('a1', 1 << 20, '192.0.2.1'), go('a2', 1 << 20, '192.0.2.1'), go('b1', 10, '192.0.2.2')]);
    expect(gone).toEqual(['a1', 'b1', 'a2']);
  });

  it('works off many things of one sender in turns, between which others come', async () => {
    const turns = new RequestTurns();
    const done: (number | string)[] = [];
    const many = turns.map(
      Array.from({ length: 1000 }, (_, n) => n),
      from('a'),
      (n) => done.push(n),
    );
    await turns.next(10, from('b'));
    done.push('b');
    await many;
    expect(done.indexOf('b')).toBeLessThan(300);
    expect(done.filter((one) => one !== 'b')).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  it('takes up again after it was empty', async () => {
    const turns = new RequestTurns();
    await turns.next(10, from(''));
    await nextTurn();
    await turns.next(10, from(''));
    expect(turns.waiting).toBe(0);
  });
});

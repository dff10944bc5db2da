import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { MemoryRoom, weightOf } from './memory.room.js';

const MB = 1024 * 1024;

describe('the memory for bodies', () => {
  it('lets requests in while there is room, and the others in their order when it is given back', async () => {
    const room = new MemoryRoom();
    const first = await room.hold(120 * MB);
    const second = await room.hold(60 * MB);
    const entered: string[] = [];
    const large = room.hold(130 * MB).then((held) => {
      entered.push('large');
      return held;
    });
    const medium = room.hold(3 * MB).then((held) => {
      entered.push('medium');
      return held;
    });
    await nextTurn();
    expect(entered).toEqual([]);
    first.release();
    await Promise.all([large, medium]);
    expect(entered).toEqual(['large', 'medium']);
    for (const held of [first, second, await large, await medium]) held.release();
    expect(room.used).toBe(0);
  });

  it('lets small requests in at once while large ones wait', async () => {
    const room = new MemoryRoom();
    const all = await room.hold(1000 * MB);
    const large = room.hold(3 * MB);
    const small = await room.hold(23_000);
    expect(room.used).toBe(200 * MB + 23_000);
    small.release();
    all.release();
    (await large).release();
    expect(room.used).toBe(0);
  });

  it('lets eight heavy requests in at once, however much room there is', async () => {
    const room = new MemoryRoom();
    const inside = await Promise.all(Array.from({ length: 8 }, () => room.hold(3 * MB)));
    let entered = false;
    const ninth = room.hold(3 * MB).then((held) => {
      entered = true;
      return held;
    });
    await nextTurn();
    expect(entered).toBe(false);
    inside[0]?.resize(1);
    await nextTurn();
    expect(entered).toBe(false);
    inside[0]?.release();
    for (const held of [...inside, await ninth]) held.release();
    expect(room.used).toBe(0);
  });

  it('gives back what turns out not to be needed, and never more than it gave', async () => {
    const room = new MemoryRoom();
    const held = await room.hold(100 * MB);
    held.resize(1 * MB);
    expect(room.used).toBe(1 * MB);
    held.release();
    held.release();
    expect(room.used).toBe(0);
  });

  it('has a place for any body, also for one that is larger than all of it', async () => {
    const room = new MemoryRoom();
    (await room.hold(10_000 * MB)).release();
    expect(room.used).toBe(0);
  });

  it('weighs objects by what they can become, and long texts by their length', () => {
    expect(weightOf(1000)).toBe(23_000);
    expect(weightOf(20 * MB)).toBe(40 * MB + 32 * MB);
  });
});

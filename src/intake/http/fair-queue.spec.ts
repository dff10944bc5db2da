import { describe, expect, it } from '@jest/globals';
import { FairQueue, type Waiting } from './fair-queue.js';

const item = (lane: number, name: string, size = 1): Waiting & { name: string } => ({ lane, name, size });

function queueOf(...items: ReturnType<typeof item>[]): FairQueue<ReturnType<typeof item>> {
  const queue = new FairQueue<ReturnType<typeof item>>();
  for (const one of items) queue.push(one);
  return queue;
}

describe('FairQueue', () => {
  it('lets lanes take turns, so that a flood of one does not hold up another', () => {
    const queue = queueOf(item(1, 'a'), item(1, 'b'), item(1, 'c'), item(2, 'x'));
    expect(queue.take(2).map((one) => one.name)).toEqual(['a', 'x']);
    expect(queue.take(9).map((one) => one.name)).toEqual(['b', 'c']);
  });

  it('lets the senders of a lane take turns, and gives a lane of many senders no more than a lane of one', () => {
    const of = (lane: number, sender: string, name: string) => ({ ...item(lane, name), sender });
    const queue = queueOf(
      of(1, 'p', 'a'),
      of(1, 'p', 'b'),
      of(1, 'q', 'c'),
      of(1, 'r', 'd'),
      of(2, 'p', 'x'),
      of(2, 'p', 'y'),
    );
    expect([queue.sizeOfSender(1, 'p'), queue.sizeOfSender(1, 'nobody')]).toEqual([2, 0]);
    expect(queue.take(9).map((one) => one.name)).toEqual(['a', 'x', 'c', 'y', 'd', 'b']);
    expect(queue.size).toBe(0);
  });

  it('keeps the order within a lane', () => {
    const queue = queueOf(item(1, 'a'), item(2, 'x'), item(1, 'b'), item(2, 'y'));
    const names = queue.take(9).map((one) => one.name);
    expect(names.filter((name) => 'ab'.includes(name))).toEqual(['a', 'b']);
    expect(names.filter((name) => 'xy'.includes(name))).toEqual(['x', 'y']);
  });

  it('takes a thing that alone is larger than a batch', () => {
    const queue = queueOf(item(1, 'large', 1000), item(1, 'next'));
    expect(queue.take(400).map((one) => one.name)).toEqual(['large']);
    expect(queue.size).toBe(1);
  });

  it('counts what waits, in all and by lane', () => {
    const queue = queueOf(item(1, 'a', 3), item(2, 'x', 2));
    expect([queue.size, queue.sizeOf(1), queue.sizeOf(2), queue.sizeOf(3)]).toEqual([5, 3, 2, 0]);
    queue.take(3);
    expect([queue.size, queue.sizeOf(1)]).toEqual([2, 0]);
  });
});

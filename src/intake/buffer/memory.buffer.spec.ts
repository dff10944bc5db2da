import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '../../events/protocols.js';
import { SystemClock } from '../../platform/clock.js';
import { createLogger } from '../../platform/logging/logger.js';
import { type QueuedEvent } from '../queued-event.js';
import { MemoryBuffer, type MemoryParts, sizeAfter } from './memory.buffer.js';
import { type DigestOutcome } from '../outcome.js';
import { RequestTurns } from '../http/request.turns.js';

const REQUESTS = 100;
const DOOR = { lane: 'shop', sender: '192.0.2.1' };

/** A buffer before an outlet that keeps the sizes of its batches. */
function bufferWithSizes() {
  const sizes: number[] = [];
  const outlet: MemoryParts['outlet'] = {
    connect: () => undefined,
    digestOrSetAside: async (batch: readonly QueuedEvent[]): Promise<DigestOutcome[]> => {
      sizes.push(batch.length);
      return batch.map(() => 'accepted');
    },
  };
  const turns = new RequestTurns();
  const parts = { outlet, clock: new SystemClock(), logger: createLogger('silent'), atTheDoor: () => turns.waiting };
  return { sizes, turns, buffer: new MemoryBuffer(parts) };
}

/** An event of which nobody looks at more than its ids. */
function queued(eventId: string, projectId = 1, more: Partial<QueuedEvent> = {}): QueuedEvent {
  const content = { protocol: ROUTES[0]!.protocol, text: Buffer.from('') };
  return { projectId, eventId, receivedAt: 0, hasPayload: true, facts: undefined, content, ...more };
}

describe('batches of the buffer in memory', () => {
  it('waits for nobody where nobody is at the door', async () => {
    const { sizes, buffer } = bufferWithSizes();
    expect(await buffer.submit([queued('a')])).toEqual(['accepted']);
    expect(sizes).toEqual([1]);
  });

  it('lets a batch go when half of the requests at the door have been read', async () => {
    const { sizes, turns, buffer } = bufferWithSizes();
    await Promise.all(
      Array.from({ length: REQUESTS }, async (_, n) => {
        await turns.next(0, DOOR);
        return buffer.submit([queued(String(n))]);
      }),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(REQUESTS);
    expect(sizes[0]).toBeGreaterThanOrEqual(REQUESTS / 2);
    expect(sizes[0]).toBeLessThan(REQUESTS * 0.75);
  });

  it('lets others in between the parts of a large request', async () => {
    const { sizes, buffer } = bufferWithSizes();
    const order: string[] = [];
    const large = Array.from({ length: 2000 }, (_, n) => queued(String(n)));
    await Promise.all([
      buffer.submit(large).then((outcomes) => order.push(`large ${outcomes.length}`)),
      buffer.submit([queued('x', 2)]).then(() => order.push('small')),
    ]);
    expect(order).toEqual(['small', 'large 2000']);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
  });

  it('lets another address of the project in between the parts of a large request, and takes no more of a stranger than leaves room', async () => {
    const { buffer } = bufferWithSizes();
    const order: string[] = [];
    const of = (source: number, count: number, trust: QueuedEvent['trust']) =>
      Array.from({ length: count }, (_, n) => queued(`${source} ${n}`, 1, { source, trust }));
    await Promise.all([
      buffer.submit(of(1, 9000, 'claimed')).then(() => order.push('flood')),
      expect(buffer.submit(of(1, 2000, 'claimed'))).rejects.toMatchObject({ status: 503 }),
      buffer.submit(of(2, 1, 'claimed')).then(() => order.push('customer')),
      buffer.submit(of(3, 4000, 'server')).then(() => order.push('server')),
    ]);
    expect(order).toEqual(['customer', 'server', 'flood']);
  });

  it('commits while requests without any event never end', async () => {
    const { turns, buffer } = bufferWithSizes();
    let flooding = true;
    const flood = Array.from({ length: REQUESTS }, async () => {
      while (flooding) await turns.next(0, DOOR);
    });
    await turns.next(0, DOOR);
    expect(await buffer.submit([queued('a')])).toEqual(['accepted']);
    flooding = false;
    await Promise.all(flood);
  });
});

describe('the size of batches', () => {
  it('halves while they take long, and grows again once they are quick', () => {
    expect([sizeAfter(400, 401), sizeAfter(60, 900), sizeAfter(50, 900)]).toEqual([200, 50, 50]);
    expect([sizeAfter(200, 399), sizeAfter(390, 10)]).toEqual([250, 400]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { SystemClock } from '../../platform/clock.js';
import { createLogger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { type PreparedEvent } from '../accepted-event.js';
import { BodyReaders } from '../reader/body.readers.js';
import { type Digestion } from './digestion.service.js';
import { MemoryBuffer } from './memory.buffer.js';
import { type DigestOutcome } from '../outcome.js';
import { RequestTurns } from '../http/request.turns.js';

const REQUESTS = 100;

/** A buffer before a digestion that keeps the sizes of its batches. */
function bufferWithSizes() {
  const sizes: number[] = [];
  const digestion: Pick<Digestion, 'digestOrSetAside'> = {
    digestOrSetAside: async (batch: readonly PreparedEvent[]): Promise<DigestOutcome[]> => {
      sizes.push(batch.length);
      return batch.map(() => 'accepted');
    },
  };
  const turns = new RequestTurns();
  const readers = new BodyReaders(new Metrics());
  const logger = createLogger('silent');
  return { sizes, turns, buffer: new MemoryBuffer(digestion as Digestion, turns, readers, new SystemClock(), logger) };
}

function fail(message: string): never {
  throw new Error(message);
}

function prepared(eventId: string, projectId = 1): PreparedEvent {
  return { projectId, eventId, hasPayload: true, facts: {}, accepted: () => fail('is not read again') };
}

describe('batches of the buffer in memory', () => {
  it('waits for nobody where nobody is at the door', async () => {
    const { sizes, buffer } = bufferWithSizes();
    expect(await buffer.submit([prepared('a')])).toEqual(['accepted']);
    expect(sizes).toEqual([1]);
  });

  it('lets a batch go when half of the requests at the door have been read', async () => {
    const { sizes, turns, buffer } = bufferWithSizes();
    await Promise.all(
      Array.from({ length: REQUESTS }, async (_, n) => {
        await turns.next(0, '');
        return buffer.submit([prepared(String(n))]);
      }),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(REQUESTS);
    expect(sizes[0]).toBeGreaterThanOrEqual(REQUESTS / 2);
    expect(sizes[0]).toBeLessThan(REQUESTS * 0.75);
  });

  it('lets others in between the parts of a large request', async () => {
    const { sizes, buffer } = bufferWithSizes();
    const order: string[] = [];
    const large = Array.from({ length: 2000 }, (_, n) => prepared(String(n)));
    await Promise.all([
      buffer.submit(large).then((outcomes) => order.push(`large ${outcomes.length}`)),
      buffer.submit([prepared('x', 2)]).then(() => order.push('small')),
    ]);
    expect(order).toEqual(['small', 'large 2000']);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
  });

  it('commits while requests without any event never end', async () => {
    const { turns, buffer } = bufferWithSizes();
    let flooding = true;
    const flood = Array.from({ length: REQUESTS }, async () => {
      while (flooding) await turns.next(0, '');
    });
    await turns.next(0, '');
    expect(await buffer.submit([prepared('a')])).toEqual(['accepted']);
    flooding = false;
    await Promise.all(flood);
  });
});

import { describe, expect, it } from '@jest/globals';
import { PROTOCOLS } from '../../events/protocols.js';
import { type DatedEvent } from './exported-events.js';
import { play } from './play.js';

const BEGAN = Date.parse('2026-05-04T12:00:00Z');

function eventAt(seconds: number): DatedEvent {
  const [protocol] = PROTOCOLS;
  if (!protocol) throw new Error('there is no protocol');
  return { at: BEGAN + seconds * 1000, protocol, text: Buffer.from('{}') };
}

/** Order to a daemon: `take` with how many events, or `look`, each with the second. */
async function asked(events: readonly DatedEvent[], signal = new AbortController().signal): Promise<string[]> {
  const calls: string[] = [];
  const second = (now: number) => (now - BEGAN) / 1000;
  const stage = {
    take: async (some: readonly DatedEvent[], now: number) => void calls.push(`take ${some.length} at ${second(now)}`),
    look: async (now: number) => void calls.push(`look at ${second(now)}`),
  };
  await play(stage, events, () => undefined, signal);
  return calls;
}

describe('a replay', () => {
  it('takes events in steps of ten seconds, each looked at when it is over', async () => {
    const calls = await asked([eventAt(0), eventAt(3), eventAt(12)]);

    expect(calls.slice(0, 4)).toEqual(['take 2 at 10', 'look at 10', 'take 1 at 20', 'look at 20']);
  });

  it('looks some more in a pause, then jumps over it', async () => {
    const calls = await asked([eventAt(0), eventAt(7 * 86_400)]);

    const looks = calls.slice(0, calls.lastIndexOf('take 1 at 604860'));
    expect(looks.length).toBeLessThan(15);
    expect(looks).toContain('look at 3660');
  });

  it('takes many events of one moment in batches', async () => {
    const calls = await asked(Array.from({ length: 1000 }, () => eventAt(1)));

    expect(calls.slice(0, 4)).toEqual(['take 400 at 10', 'take 400 at 10', 'take 200 at 10', 'look at 10']);
  });

  it('ends when it is told to', async () => {
    await expect(asked([eventAt(0)], AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});

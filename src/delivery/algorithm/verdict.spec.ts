import { describe, expect, it } from '@jest/globals';
import { rejected, resultOf, retry } from './verdict.js';

const NOW = new Date('2026-03-02T10:00:00Z');

function waitSeconds(messageId: string): number {
  const result = resultOf(retry('deferred', 100), messageId, NOW);
  return result.kind === 'retry' ? (result.notBefore.getTime() - NOW.getTime()) / 1000 : NaN;
}

describe('a verdict placed in time', () => {
  it('never comes back earlier than asked, and at most a quarter later', () => {
    for (let i = 0; i < 500; i += 1) {
      expect(waitSeconds(`m${i}`)).toBeGreaterThanOrEqual(100);
      expect(waitSeconds(`m${i}`)).toBeLessThanOrEqual(125);
    }
  });

  it('spreads the messages of a wave, and each message always to the same moment', () => {
    const waits = Array.from({ length: 200 }, (_, i) => Math.floor(waitSeconds(`m${i}`)));
    expect(new Set(waits).size).toBeGreaterThan(20);
    expect(waitSeconds('m7')).toBe(waitSeconds('m7'));
  });

  it('adds the code of the provider where there is one', () => {
    const verdict = rejected('opted_out', 'recipient', 'suppress');
    expect(resultOf(verdict, 'm', NOW, 'twilio 21610')).toEqual({ ...verdict, code: 'twilio 21610' });
    expect(resultOf(verdict, 'm', NOW)).not.toHaveProperty('code');
  });
});

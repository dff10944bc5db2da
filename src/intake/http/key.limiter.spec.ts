import { describe, expect, it } from '@jest/globals';
import { type Clock } from '../../platform/clock.js';
import { DEFAULT_LIMITS, type ProjectKey } from '../../projects/project-key.js';
import { KeyLimiter } from './key.limiter.js';

const HONEST = 1;
const FLOODING = 2;
const key: ProjectKey = {
  id: 7,
  kind: 'public',
  origins: [],
  limits: { ...DEFAULT_LIMITS, eventsPerMinute: 1000, sourceEventsPerMinute: 500 },
};

function limiter(): KeyLimiter {
  return new KeyLimiter({ now: () => new Date(0) } as Clock);
}

describe('a flood from one address', () => {
  it('leaves the key the half that the address may not use, however much it sends at once', () => {
    const limits = limiter();
    expect(limits.take(key, FLOODING)).toBe(0);
    limits.spend({ id: 1, keyId: key.id, trust: 'claimed', source: FLOODING }, 1_000_000);
    expect(limits.take(key, FLOODING)).toBeGreaterThan(0);
    for (let nth = 0; nth < 500; nth++) expect(limits.take(key, HONEST)).toBe(0);
    expect(limits.take(key, HONEST)).toBeGreaterThan(0);
  });
});

describe('a server key', () => {
  it('pays for all that it sends', () => {
    const limits = limiter();
    expect(limits.take({ ...key, kind: 'server' }, FLOODING)).toBe(0);
    limits.spend({ id: 1, keyId: key.id, trust: 'server', source: FLOODING }, 999);
    expect(limits.take({ ...key, kind: 'server' }, FLOODING)).toBeGreaterThan(0);
  });
});

import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { dayOf, readAnswerId, writeAnswerId } from './answer-id.js';

const NOW = new Date('2026-03-10T12:00:00Z');
const REF = { incidentId: 12, customerId: 345, questionId: null, day: dayOf(NOW), nonce: '' };

describe('the id of an answer', () => {
  it.each([16, 32, 64, 100])('ends with an HMAC of SHA-256, whatever the length of the key (%i bytes)', (length) => {
    const key = Buffer.alloc(length, 7);
    const id = writeAnswerId(REF, key);
    const content = id.slice(0, id.lastIndexOf('.'));
    const proof = createHmac('sha256', key).update(content).digest('base64url').slice(0, 22);
    expect(id).toBe(`${content}.${proof}`);
  });

  it('says what was told to whom, and nothing once a character of it changed', () => {
    const key = Buffer.alloc(32, 1);
    const id = writeAnswerId(REF, key);
    expect(readAnswerId(id, key, NOW)).toEqual(REF);
    const changed = [...id].map((sign, at) => id.slice(0, at) + (sign === '1' ? '2' : '1') + id.slice(at + 1));
    expect(new Set(changed.map((one) => readAnswerId(one, key, NOW)))).toEqual(new Set(['unknown']));
    expect(readAnswerId(id, Buffer.alloc(32, 2), NOW)).toBe('unknown');
  });

  it('is old after a week', () => {
    const key = Buffer.alloc(32, 1);
    const id = writeAnswerId(REF, key);
    expect(readAnswerId(id, key, new Date('2026-03-17T23:59:59Z'))).toEqual(REF);
    expect(readAnswerId(id, key, new Date('2026-03-18T00:00:00Z'))).toBe('old');
  });
});

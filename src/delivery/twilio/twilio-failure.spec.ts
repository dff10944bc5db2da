import { describe, expect, it } from '@jest/globals';
import { GATEWAY_REASONS } from '../gateway.js';
import { classifyTwilioCode, classifyTwilioFailure, retryAfterSeconds, twilioCode } from './twilio-failure.js';

describe('a failed Twilio call', () => {
  it.each([500, 502, 503, 504, 408])('is in doubt after HTTP %d, whatever the body says', (status) => {
    expect(classifyTwilioFailure({ status }).kind).toBe('inDoubt');
    expect(classifyTwilioFailure({ status, code: 20003 }).kind).toBe('inDoubt');
  });

  it('has certainly created nothing after a 4xx', () => {
    for (const status of [400, 401, 403, 404, 413, 429]) {
      for (const code of [undefined, 21211, 99999]) {
        expect(classifyTwilioFailure({ status, code }).kind).not.toBe('inDoubt');
      }
    }
  });

  it('waits as long as a 429 asks for, and half a minute when it does not ask', () => {
    expect(classifyTwilioFailure({ status: 429, code: 20429, retryAfterSeconds: 7 })).toMatchObject({
      afterSeconds: 7,
    });
    expect(classifyTwilioFailure({ status: 429 })).toMatchObject({ kind: 'retry', afterSeconds: 30 });
    expect(classifyTwilioFailure({ status: 429, retryAfterSeconds: 0 })).toMatchObject({ afterSeconds: 1 });
  });

  it('refuses one message, not the wave, for a code that it does not know', () => {
    expect(classifyTwilioFailure({ status: 400, code: 99999 })).toEqual({
      kind: 'rejected',
      reason: 'refused',
      scope: 'message',
    });
  });

  it('is in doubt when the connection broke after it stood, and not sent when it never stood', () => {
    expect(classifyTwilioFailure({ networkCode: 'ECONNRESET' })).toEqual({
      kind: 'inDoubt',
      reason: 'connection_lost',
    });
    expect(classifyTwilioFailure({ networkCode: 'ECONNABORTED' })).toEqual({ kind: 'inDoubt', reason: 'timeout' });
    expect(classifyTwilioFailure({ networkCode: 'ETIMEDOUT' })).toEqual({ kind: 'inDoubt', reason: 'timeout' });
    expect(classifyTwilioFailure({ networkCode: 'ETIMEDOUT', whileConnecting: true }).kind).toBe('retry');
    expect(classifyTwilioFailure({ networkCode: 'ECONNREFUSED' }).kind).toBe('retry');
    expect(classifyTwilioFailure({ networkCode: 'ENOTFOUND' }).kind).toBe('retry');
    expect(classifyTwilioFailure({ networkCode: 'CERT_HAS_EXPIRED' })).toMatchObject({ kind: 'retry', reason: 'tls' });
    expect(classifyTwilioFailure({})).toEqual({ kind: 'inDoubt', reason: 'connection_lost' });
  });
});

describe('a Twilio code', () => {
  it.each([21211, 21610, 21614, 30005, 30006])('%d takes the number off the list', (code) => {
    expect(classifyTwilioCode(code)).toMatchObject({ kind: 'rejected', scope: 'recipient', suppress: true });
  });

  it.each([20003, 21408, 21606, 21659, 30007, 30032, 30034])('%d stops the wave', (code) => {
    expect(classifyTwilioCode(code)).toMatchObject({ kind: 'rejected', scope: 'setup' });
  });

  it.each([20429, 30001, 30003, 30008, 30017, 30022])('%d is tried again', (code) => {
    expect(classifyTwilioCode(code)).toMatchObject({ kind: 'retry' });
  });

  it('gives a reason of the closed list, in a failed call and in a status callback', () => {
    for (let code = 20000; code < 31000; code += 1) {
      const verdict = classifyTwilioCode(code);
      if (verdict) expect(GATEWAY_REASONS).toContain(verdict.reason);
    }
    expect(classifyTwilioCode(12345)).toBeUndefined();
  });
});

it('reads the seconds of Retry-After and nothing else', () => {
  expect(retryAfterSeconds(' 12 ')).toBe(12);
  expect(retryAfterSeconds('Mon, 02 Mar 2026 10:00:00 GMT')).toBeUndefined();
  expect(retryAfterSeconds('-1')).toBeUndefined();
  expect(retryAfterSeconds(undefined)).toBeUndefined();
});

it('names a failure by the nearest code', () => {
  expect(twilioCode({ status: 400, code: 21610 })).toBe('twilio 21610');
  expect(twilioCode({ status: 502 })).toBe('http 502');
  expect(twilioCode({ networkCode: 'ECONNRESET' })).toBe('ECONNRESET');
});

import { describe, expect, it } from '@jest/globals';
import { readNativeEvent } from './native/native-event.js';
import { readSentryEvent } from './sentry/sentry-event.js';
import { isSigned, signatureOf, signedIdOf } from './signature.js';

/** Computed with `printf %s c-17 | openssl dgst -sha256 -hmac SECRET` (OpenSSL 3). */
const SECRET = '5f2b8c61d9e04a7f93b1c2d3e4f50617';
const OF_C17 = 'd9be54bf8a556fb57328aefb405894f6d7c032bd886e5f20809e083e98f9f3bd';

describe('a signature of a customer id', () => {
  it('is hex of HMAC-SHA256 over the id, as openssl computes it', () => {
    expect(signatureOf('c-17', SECRET)).toBe(OF_C17);
  });

  it('holds for its id alone, and for either of two secrets', () => {
    const signed = { id: 'c-17', signature: OF_C17 };
    expect(isSigned(signed, [SECRET])).toBe(true);
    expect(isSigned({ ...signed, signature: OF_C17.toUpperCase() }, ['new', SECRET])).toBe(true);
    expect(isSigned({ ...signed, id: 'c-18' }, [SECRET])).toBe(false);
    expect(isSigned(signed, ['another'])).toBe(false);
    expect(isSigned(signed, [])).toBe(false);
  });

  it.each(['', 'x', OF_C17.slice(1), `${OF_C17}0`, 'zz'.repeat(32), '\u0000'.repeat(64)])(
    'is none as %j',
    (signature) => {
      expect(isSigned({ id: 'c-17', signature }, [SECRET])).toBe(false);
    },
  );

  it.each([
    ['a tag', { user: { id: 'c-17' }, tags: { forewarnSignature: OF_C17 } }],
    ['a tag of a list', { user: { id: 'c-17' }, tags: [['forewarnSignature', OF_C17]] }],
    ['user.data', { user: { id: 'c-17', data: { forewarnSignature: OF_C17 } } }],
    ['the user itself, where SDKs put what they do not know', { user: { id: 'c-17', forewarnSignature: OF_C17 } }],
  ])('is read from %s of a Sentry event, and is no tag', (_, event) => {
    const read = readSentryEvent({ message: 'x', ...event }, 0);
    expect(signedIdOf(read.user)).toEqual({ id: 'c-17', signature: OF_C17 });
    expect(read.tags).toEqual({});
  });

  it.each([
    ['beside a customer', { customer: 'c-17', signature: OF_C17 }],
    ['inside one', { customer: { id: 'c-17', signature: OF_C17 } }],
    ['as a tag', { customer: 'c-17', tags: { forewarnSignature: OF_C17 } }],
  ])('is read %s of a native event', (_, event) => {
    const read = readNativeEvent({ message: 'x', ...event }, 0);
    expect(read.ok && signedIdOf(read.event.user)).toEqual({ id: 'c-17', signature: OF_C17 });
    expect(read.ok && read.event.tags).toEqual({});
  });

  it('without an id, or an id without one, says nothing', () => {
    expect(signedIdOf(readSentryEvent({ message: 'x', tags: { forewarnSignature: OF_C17 } }, 0).user)).toBeUndefined();
    expect(signedIdOf(readSentryEvent({ message: 'x', user: { id: 'c-17' } }, 0).user)).toBeUndefined();
  });
});

import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isSignedByTwilio } from './twilio-signature.js';

const TOKEN = 'k3y-of-the-account';
const URL_ = 'https://forewarn.example/hooks/twilio/inbound?brand=shop';

const hmac = (text: string, token = TOKEN) => createHmac('sha1', token).update(text, 'utf8').digest('base64');

describe('a webhook signature', () => {
  it('covers the URL and every field, keys in order of their bytes, values as they are', () => {
    const signature = hmac(`${URL_}BodySTOP 停To+15005550006fromCountryDE`);
    const body = { fromCountry: 'DE', To: '+15005550006', Body: 'STOP 停' };

    expect(isSignedByTwilio({ url: URL_, signature, body }, [TOKEN])).toBe(true);
    expect(isSignedByTwilio({ url: URL_, signature, body: { ...body, Extra: '' } }, [TOKEN])).toBe(false);
  });

  it('covers the values of a repeated field once each and sorted', () => {
    const signature = hmac(`${URL_}MediaabMediacd`);

    expect(isSignedByTwilio({ url: URL_, signature, body: { Media: ['cd', 'ab', 'cd'] } }, [TOKEN])).toBe(true);
  });

  it.each([
    ['https://forewarn.example:443/hook', 'https://forewarn.example/hook'],
    ['https://forewarn.example/hook', 'https://forewarn.example:443/hook'],
    ['http://forewarn.example:80/hook', 'http://forewarn.example/hook'],
  ])('made for %s is good for %s', (signed, url) => {
    expect(isSignedByTwilio({ url, signature: hmac(`${signed}A1`), body: { A: '1' } }, [TOKEN])).toBe(true);
  });

  it('covers a body that is not a form by its hash in the URL', () => {
    const body = '{"MessageStatus":"delivered"}';
    const url = `${URL_}&bodySHA256=${createHash('sha256').update(body).digest('hex')}`;

    expect(isSignedByTwilio({ url, signature: hmac(url), body }, [TOKEN])).toBe(true);
    expect(isSignedByTwilio({ url, signature: hmac(url), body: body.replace('delivered', 'failed') }, [TOKEN])).toBe(
      false,
    );
    expect(isSignedByTwilio({ url: URL_, signature: hmac(URL_), body }, [TOKEN])).toBe(false);
  });

  it('may be made with either of two tokens, and never with an empty one', () => {
    const body = { A: '1' };
    const signature = hmac(`${URL_}A1`, 'next');

    expect(isSignedByTwilio({ url: URL_, signature, body }, [TOKEN, 'next'])).toBe(true);
    expect(isSignedByTwilio({ url: URL_, signature, body }, [TOKEN])).toBe(false);
    expect(isSignedByTwilio({ url: URL_, signature: hmac(`${URL_}A1`, ''), body }, [''])).toBe(false);
  });

  it.each([undefined, '', 'x', '\u0000', 'é'.repeat(28)])('%j is not one', (signature) => {
    expect(isSignedByTwilio({ url: URL_, signature, body: { A: '1' } }, [TOKEN])).toBe(false);
  });
});

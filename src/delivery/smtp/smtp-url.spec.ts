import { describe, expect, it } from '@jest/globals';
import { parseSmtpUrl } from './smtp-url.js';

describe('an SMTP URL', () => {
  it('gives host, port, encryption and login', () => {
    expect(parseSmtpUrl('smtp://shop:p%40ss%3A@mail.example')).toEqual({
      host: 'mail.example',
      port: 587,
      secure: false,
      requireTLS: true,
      auth: { user: 'shop', pass: 'p@ss:' },
    });
    expect(parseSmtpUrl('smtps://mail.example')).toEqual({ host: 'mail.example', port: 465, secure: true });
    expect(parseSmtpUrl('smtp://[::1]:2525')).toMatchObject({ host: '::1', port: 2525 });
  });

  it.each([
    ['smtp://mail.example', true],
    ['smtp://mail.example?requireTLS=false', false],
    ['smtp://mail.example?ignoreTLS=true', undefined],
    ['smtp://127.0.0.1:2525', undefined],
    ['smtp://localhost:2525', undefined],
    ['smtp://127.evil.example', true],
    ['smtp://127.0.0.1:2525?requireTLS=true', true],
    ['smtps://mail.example', undefined],
  ])('%s needs STARTTLS: %s', (url, needed) => {
    expect(parseSmtpUrl(url).requireTLS).toBe(needed);
  });

  it('takes the options that it knows', () => {
    const url = 'smtp://mail.example?requireTLS=true&ignoreTLS=false&tls.rejectUnauthorized=false&name=fw.example';
    expect(parseSmtpUrl(url)).toMatchObject({
      requireTLS: true,
      ignoreTLS: false,
      tls: { rejectUnauthorized: false },
      name: 'fw.example',
    });
  });

  it.each([
    'mail.example',
    'http://shop:s3cret@mail.example',
    'smtp://shop:s3cret@',
    'smtp://shop:s3cret@mail.example?debug=true',
    'smtp://shop:s3cret@mail.example?requireTLS=yes',
    'smtp://shop:s3cret%@mail.example',
    '',
  ])('is refused when it is %j, and the error does not repeat the password', (url) => {
    const problem = () => parseSmtpUrl(url);
    expect(problem).toThrow(/^The SMTP URL/);
    expect(problem).toThrow(/^(?!.*s3cret)/);
  });
});

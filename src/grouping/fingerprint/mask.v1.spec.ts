import { describe, expect, it } from '@jest/globals';
import { maskMessage } from './mask.v1.js';

/** Two values of each type that must leave the same text behind. */
const SAME: readonly (readonly [type: string, one: string, other: string])[] = [
  ['<email>', 'ann.lee+shop@example.org', 'b_2@mail.example.co.uk'],
  ['<url>', 'https://shop.example/cart?id=7', 'http://u:p@10.0.0.1:8080/x/y.js#top'],
  ['<host>', 'db-1.internal', 'api.eu.example.com'],
  ['<ip>', '10.1.2.3', 'fe80::12ff:1'],
  ['<mac>', '00:1b:44:11:3a:b7', 'a2-22-33-44-55-66'],
  ['<uuid>', '0d9e8f70-11aa-4b2c-9c3d-123456789abc', 'FFFFFFFF-0000-4000-8000-ABCDEFABCDEF'],
  ['<traceparent>', `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`, '1-5f84c7a9-e7d1852db8c4fd35d88bf49a'],
  ['<sha1>', '3f786850e387550fdab836ed7e6dc881de23001b', '89e6c98d92887913cadf06b2adb97f26cde4849b'],
  ['<md5>', '9e107d9d372bb6826bd81d3542a419d6', 'E4D909C290D0FB1CA068FFADDF22CBD0'],
  ['<hex>', '0xCAFE', '7fa3bc0011'],
  ['<date>', '2025-03-04T05:06:07.123Z', 'Tue, 04 Mar 2025 05:06:07 +0100'],
  ['<date>', 'Mar 4, 2025', '04/Mar/2025:05:06:07 +0000'],
  ['<date>', '5:06 pm', '23:59:59.999'],
  ['<duration>', '350ms', '1h30m'],
  ['<duration>', '2 seconds', '0.5 hours'],
  ['<size>', '5.2 KB', '512MiB'],
  ['<version>', 'v1.2.3', 'v2.0.17'],
  ['<float>', '0.25', '17.5'],
  ['<int>', '-4', '120000'],
  ['<int>', '۱۲۳', '1,234,567'],
  ['<path>', '/home/ann/a b'.slice(0, 11), 'C:\\Users\\bob\\x.txt'],
  ['<token>', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', 'a1b2c3d4e5f6g7h8'],
];

const ADDRESSES = [
  'to localhost:80',
  'to db-a:5432',
  'to cdn.example.com:443',
  'to redis:6379',
  'to kafka:29092',
  'at nn1:8020',
  'via "edge-3:81"',
];
const NO_ADDRESSES = [
  'status:503',
  'cart.js:120',
  'max-age:3600',
  'line:12',
  'took:1200',
  'at Cart.java:42',
  'on step:17',
  'x-retries:30',
];

const KEPT = [
  'error code 15302',
  'rpc status 404 today',
  'Request failed with status code 503',
  'HTTP 429 from upstream',
  '"GET" statusCode=404',
  '{"status":502}',
  '500 Internal Server Error',
  'exit code 137',
  'gateway answered 401',
  'connect errno -111',
  'ORA-00942: table or view does not exist',
  'SQLSTATE[23000]: constraint',
  'error 1062 on insert',
  'HRESULT = 0x80070005',
  'E1234 while paying',
  'Cart::add() called',
  'commit cabbage of DEAD BEE',
  'java.io.IOException in node.js on amd64',
  "name='open",
];

describe('maskMessage', () => {
  it.each(SAME)('replaces %s: %s and %s leave the same text', (type, one, other) => {
    expect(maskMessage(`saving ${one} failed`)).toBe(`saving ${type} failed`);
    expect(maskMessage(`saving ${other} failed`)).toBe(`saving ${type} failed`);
    expect(maskMessage(one)).toBe(type);
  });

  it.each(KEPT)('leaves codes and words as they are: %s', (message) => {
    expect(maskMessage(message)).toBe(message);
  });

  it.each(ADDRESSES)('takes a host and its port as one address: %s', (text) => {
    expect(maskMessage(`no way ${text.replace(/"/g, '')} now`)).toBe(
      `no way ${text.replace(/ .*/, '')} <host>:<int> now`,
    );
  });

  it.each(NO_ADDRESSES)('leaves a name and a number that is no port: %s', (text) => {
    expect(maskMessage(`no way ${text} now`)).not.toContain('<host>');
  });

  it('takes a long number for a code only if a word calls it one', () => {
    expect(maskMessage('stopped with error 1530201')).toBe('stopped with error <int>');
    expect(maskMessage('stopped with error code 1530201')).toBe('stopped with error code 1530201');
    expect(maskMessage('got 48213')).toBe('got <int>');
  });

  it('keeps statuses apart and quantities together', () => {
    expect(maskMessage('upstream returned 503')).not.toBe(maskMessage('upstream returned 429'));
    expect(maskMessage('upstream returned 503 rows')).toBe(maskMessage('upstream returned 429 rows'));
    expect(maskMessage('wrong zip code 12345')).toBe(maskMessage('wrong zip code 99999'));
  });

  it('replaces quoted values and truth values only if they are assigned', () => {
    expect(maskMessage('a="x y" b=true c=False')).toBe('a=<quoted_str> b=<bool> c=<bool>');
    expect(maskMessage('said "x y", true or false')).toBe('said "x y", true or false');
  });

  it('leaves a masked text unchanged', () => {
    for (const [, one] of SAME) {
      const masked = maskMessage(`job 7 of ${one}, id=12`);
      expect(maskMessage(masked)).toBe(masked);
    }
  });

  it('reads hostile texts in linear time', () => {
    const hostile = [
      '1:'.repeat(4096),
      'a.'.repeat(4096),
      '1.'.repeat(4096),
      'a@'.repeat(4096),
      '-1'.repeat(4096),
      '1h'.repeat(4096),
    ];
    for (const piece of [
      '::',
      '"=',
      '=\'"',
      'Jan ',
      '12,345',
      '/var/',
      'eyJ.',
      '0x',
      'status 5 ',
      'a-',
      'a.b:',
      'a-b:12',
      'to a:',
      '::1.',
      'a.',
    ])
      hostile.push(piece.repeat(4096));
    const start = process.cpuUsage();
    for (const text of hostile) maskMessage(text);
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(2_000);
  });
});

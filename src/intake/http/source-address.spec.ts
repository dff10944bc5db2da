import { describe, expect, it } from '@jest/globals';
import { sourceAddress } from './source-address.js';

describe('the source of a request', () => {
  it.each([
    ['the peer, without a proxy', '203.0.113.9', undefined, 0, '203.0.113.9'],
    [
      'the peer, whatever the header claims, while no proxy is trusted',
      '203.0.113.9',
      '198.51.100.1',
      0,
      '203.0.113.9',
    ],
    ['whom the one trusted proxy heard from', '10.0.0.1', '198.51.100.1, 203.0.113.9', 1, '203.0.113.9'],
    ['whom the outer of two proxies heard from', '10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2', 2, '203.0.113.9'],
    ['the first that stands there, when there are fewer than trusted', '10.0.0.1', '203.0.113.9', 2, '203.0.113.9'],
    ['the peer, when the header is garbage', '10.0.0.1', 'x'.repeat(9000), 1, '10.0.0.1'],
    ['an IPv4 address in IPv6 clothes', '::ffff:203.0.113.9', undefined, 0, '203.0.113.9'],
    ['the first half of an IPv6 address', '2001:DB8:0:7::1', undefined, 0, '2001:db8:0:7'],
    ['the same half, however it is written', '2001:db8::7:0:0:0:9', undefined, 0, '2001:db8:0:7'],
    ['nothing, of a socket that is gone', undefined, undefined, 0, ''],
  ])('is %s', (_, peer, forwarded, proxies, expected) => {
    expect(sourceAddress(peer, forwarded, proxies)).toBe(expected);
  });
});

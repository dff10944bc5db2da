import { describe, expect, it } from '@jest/globals';
import { userAgentTraits } from './user-agent.js';

describe('a User-Agent header', () => {
  it.each([
    [
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
      'Chrome 126',
      'Android 14',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      'Safari 17',
      'iOS 17',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
      'Edge 126',
      'Windows 10',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0', 'Firefox 127', 'Linux'],
  ])('%s is read as %s on %s', (header, browser, os) => {
    expect(userAgentTraits(header)).toEqual([
      ['browser', browser],
      ['os', os],
    ]);
  });

  it('that says nothing known gives no trait', () => {
    expect(userAgentTraits('curl/8.5.0')).toEqual([]);
    expect(userAgentTraits('x'.repeat(100_000))).toEqual([]);
  });
});

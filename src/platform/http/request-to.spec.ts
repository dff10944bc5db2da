import { describe, expect, it } from '@jest/globals';
import { requestTo } from './request-to.js';

describe('a configured URL with a password', () => {
  it('becomes a bare URL and basic auth', () => {
    expect(requestTo('http://user:hunter%3A2@alerts.example:9093/prefix', '/api/v2/alerts')).toEqual({
      url: 'http://alerts.example:9093/prefix/api/v2/alerts',
      headers: { authorization: `Basic ${Buffer.from('user:hunter:2').toString('base64')}` },
    });
  });

  it('may hold a lone percent sign', () => {
    const { headers } = requestTo('https://user:50%@alerts.example', '/x');
    expect(headers).toEqual({ authorization: `Basic ${Buffer.from('user:50%').toString('base64')}` });
  });
});

describe('a configured URL without a password', () => {
  it('gives no header', () => {
    expect(requestTo('http://127.0.0.1:9093', '/x')).toEqual({ url: 'http://127.0.0.1:9093/x', headers: {} });
  });
});

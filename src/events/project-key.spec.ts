import { describe, expect, it } from '@jest/globals';
import { parseDsn, readProjectKey } from './project-key.js';

const KEY = 'a'.repeat(32);
const keyOf = (given: Parameters<typeof readProjectKey>[0]): unknown => {
  const auth = readProjectKey(given);
  return auth.ok ? auth.key : auth.status;
};

describe('the project key of a request', () => {
  it('is taken from each place', () => {
    expect(keyOf({ query: KEY })).toBe(KEY);
    expect(keyOf({ sentryAuth: `Sentry sentry_key=${KEY}, sentry_version=7, sentry_client=sentry.python/2.0` })).toBe(
      KEY,
    );
    expect(keyOf({ sentryAuth: `sentry sentry_version=7,sentry_key=${KEY},sentry_secret=x` })).toBe(KEY);
    expect(keyOf({ authorization: `Sentry sentry_key=${KEY}` })).toBe(KEY);
    expect(keyOf({ sentryAuth: `Sentry\tsentry_key=${KEY},\tsentry_version=7` })).toBe(KEY);
    expect(keyOf({ authorization: `bearer ${KEY}` })).toBe(KEY);
    expect(keyOf({ authorization: `Bearer\t${KEY}` })).toBe(KEY);
    expect(keyOf({ dsn: `https://${KEY}@errors.example:8443/some/path/42`, projectId: '42' })).toBe(KEY);
  });

  it('may be given several times if it is the same', () => {
    expect(keyOf({ query: KEY, sentryAuth: `Sentry sentry_key=${KEY}`, dsn: `http://${KEY}:secret@h/1` })).toBe(KEY);
    expect(keyOf({ query: KEY, sentryAuth: 'Sentry sentry_key=other' })).toBe(403);
    expect(keyOf({ query: [KEY, 'other'] })).toBe(403);
  });

  it('is not sought in what is of no use to us: an empty DSN, a token of somebody else', () => {
    for (const dsn of [null, '', undefined]) expect(keyOf({ query: KEY, dsn })).toBe(KEY);
    for (const token of ['eyJhbGciOiJI.e30.x', 'x', '']) {
      expect(keyOf({ query: KEY, authorization: `Bearer ${token}` })).toBe(KEY);
      expect(keyOf({ authorization: `Bearer ${token}` })).toBe(403);
    }
    expect(keyOf({ query: KEY, authorization: `Bearer ${'b'.repeat(32)}` })).toBe(403);
  });

  it('is refused when it is missing, or of a scheme or shape that is no key', () => {
    for (const given of [
      {},
      { query: '' },
      { query: {} },
      { authorization: `Basic ${KEY}` },
      { sentryAuth: 'Sentry' },
      { query: 'x'.repeat(65) },
    ]) {
      expect(keyOf(given)).toBe(403);
    }
  });

  it('is refused when the DSN is of another project or no DSN', () => {
    expect(keyOf({ query: KEY, dsn: `https://${KEY}@h/43`, projectId: '42' })).toBe(403);
    for (const dsn of ['nonsense', 'https://h/42', `https://${KEY}@h/`, 7])
      expect(keyOf({ query: KEY, dsn })).toBe(400);
    expect(parseDsn('https://k@h:9000/a/b/7')).toEqual({ key: 'k', projectId: '7' });
  });
});

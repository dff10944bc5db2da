import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { templateKey } from './template-key.v1.js';
import { TemplateMiner } from './template-miner.v1.js';

const CITIES = ['paris', 'london', 'tehran', 'oslo', 'lima', 'cairo', 'delhi', 'tokyo', 'quito', 'minsk'];

function groupsOf(messages: readonly string[], miner = new TemplateMiner()): string[] {
  const ids = messages.map((message) => miner.add(message).templateId);
  const groups = ids.map((id) => miner.groupOf(id));
  return messages.map((_, at) =>
    messages
      .filter((__, other) => groups[other] === groups[at])
      .sort()
      .join('|'),
  );
}

describe('templateKey', () => {
  it('is the same for messages that differ only in values and names', () => {
    const one = templateKey('Could not open file /srv/a/b.cfg on node-7 (try 3)');
    expect(templateKey('Could not open file lib/x/y.yml on db01 (try 12)').key).toBe(one.key);
  });

  it.each([
    ['Payment declined by bank', 'Payment accepted by bank'],
    ['Upstream answered with status 503', 'Upstream answered with status 429'],
    ['connect to db failed: ECONNREFUSED', 'connect to db failed: ETIMEDOUT'],
    ['job mail stopped by java.io.IOException today', 'job mail stopped by java.sql.SQLException today'],
    ['Provider refused with code E1234', 'Provider refused with code E1235'],
    ['Call to POST /v1/orders did not finish', 'Call to POST /v1/login did not finish'],
    ['users.login failed', 'cart.pay failed'],
    ['Payment of order 7 failed, reason=declined', 'Payment of order 7 failed, reason=expired'],
    ['Payment of order 7 failed: card_declined', 'Payment of order 7 failed: card_expired'],
  ])('differs for two faults: %s / %s', (one, other) => {
    expect(templateKey(one).key).not.toBe(templateKey(other).key);
  });

  it('leaves ids out of a route', () => {
    expect(templateKey('Call to GET /v1/orders/17 is slow').key).toBe(
      templateKey('Call to GET /v1/orders/ab12?x=1 is slow').key,
    );
  });

  it('takes paths and names with digits beside a single word as values', () => {
    expect(templateKey('allocated /data/x_1/part-7').key).toBe(templateKey('allocated lib/y_2/part-8').key);
  });

  it('takes a compared value as the value', () => {
    expect(templateKey('Closed after <1 sec of life').key).toBe(templateKey('Closed after 17 sec of life').key);
  });

  it('takes a list of values as one value', () => {
    expect(templateKey('Fans at ( 10 20 30 ) now').key).toBe(templateKey('Fans at ( 11 ) now').key);
  });
});

describe('values of many shapes', () => {
  it.each([
    [
      'a host with its port',
      'Cannot connect to db-a:5432 after 3 tries',
      'Cannot connect to localhost:80 after 3 tries',
      'Cannot connect to redis:6379 after 3 tries',
      'Cannot connect to cdn.example.com:443 after 3 tries',
      'Cannot connect to 10.0.0.1:80 after 3 tries',
    ],
    [
      'an amount said twice',
      'upload finished, 812 bytes sent, took 3 ms',
      'upload finished, 48213 bytes (47.1 KB) sent, took 9 ms',
    ],
    [
      'an empty bracket',
      'lease of 10.2.3.4 () runs out',
      'lease of 10.9.3.4 (pc-17.lan.example.com) runs out',
      'lease of 10.9.3.4 (10.9.3.4) runs out',
    ],
    ['a compared value', 'closed, lifetime <1 sec', 'closed, lifetime 00:01', 'closed, lifetime 12 sec'],
    [
      'an id or a name of an account',
      'Rejected login of account billing7 over the api',
      'Rejected login of account archive over the api',
    ],
    [
      'who it was',
      'Password reset refused for user ann from 10.1.1.1',
      'Password reset refused for user bob from 10.1.1.2',
    ],
    [
      'who wanted to come in',
      'Failed password for root from 10.1.1.1 port 22',
      'Failed password for ops from 10.1.1.2 port 23',
    ],
    [
      'a name with a digit or in capitals',
      'carrier lost on device eth0 again',
      'carrier lost on device PRIMARY again',
      'carrier lost on device cluster_backup again',
    ],
    [
      'a file',
      'could not read file batch7 today',
      'could not read file REPORT today',
      'could not read file a.csv today',
    ],
    [
      'an address of IPv4 within IPv6',
      'Accepted key from ::ffff:10.1.4.2 port 33 ok',
      'Accepted key from 10.1.4.2 port 33 ok',
    ],
    ['a long number after an error', 'sync stopped with error 1530201', 'sync stopped with error 4482013'],
  ])('are one template: %s', (_name, ...messages) => {
    expect(new Set(groupsOf(messages)).size).toBe(1);
  });

  it.each([
    ['a reason in brackets', 'job 17 (retry) stopped early today', 'job 18 (timeout) stopped early today'],
    ['statuses', 'upstream said status:503 error on write', 'upstream said status:429 error on write'],
    ['statuses whatever follows', 'request ended with status 200 today', 'request ended with status 404 today'],
    ['statuses of HTTP', 'HTTP:404 Not Found for the cart', 'HTTP:500 Internal Server Error for the cart'],
    ['headers', 'limit exceeded, max-age:3600 found', 'limit exceeded, min-fresh:3600 found'],
    ['what was done', 'upload finished, 812 bytes sent', 'upload aborted, 812 bytes sent'],
    ['states of a link', 'link up on port 3 again', 'link down on port 3 again'],
    ['states in capitals', 'link DOWN on port 3 again', 'link FAILED on port 3 again'],
    ['errors of the system', 'cannot use file ENOENT again', 'cannot use file EACCES again'],
    ['kinds of a user', 'Request failed for user authentication', 'Request failed for user registration'],
    ['parts of a user', 'no user data from the cache', 'no user settings from the cache'],
    ['states of a user', 'user unknown on the login page', 'user locked on the login page'],
    ['names beside too little text', 'ledger startup failed', 'search startup failed'],
    ['codes that are called so', 'sync stopped with error code 15302', 'sync stopped with error code 44820'],
    ['short codes', 'sync stopped with error 1062', 'sync stopped with error 1451'],
  ])('are two templates if faults differ: %s', (_name, one, other) => {
    expect(new Set(groupsOf([one, other])).size).toBe(2);
  });
});

describe('few names at one place', () => {
  const often = (words: readonly string[], say: (word: string) => string): string[] =>
    Array.from({ length: 100 }, () => words.map(say)).flat();

  it.each([
    ['login ended for user', 'anna', 'ops', 'guest'],
    ['no answer from service', 'ledger', 'search', 'mail'],
    ['too many messages in queue', 'orders', 'mail', 'bills'],
    ['cache warmed up again in region', 'oslo', 'lima', 'cairo'],
  ])('are a value from the third on if a word announces them: %s', (said, ...words) => {
    expect(new Set(groupsOf(often(words, (word) => `${said} ${word}`))).size).toBe(1);
    expect(new Set(groupsOf(often(words.slice(0, 2), (word) => `${said} ${word}`))).size).toBe(2);
  });

  it('make ids at that place the same value, before and after', () => {
    const names = ['anna', 'x17', 'ops', 'guest', 'y18'];
    expect(new Set(groupsOf(names.map((name) => `login ended for user ${name}`))).size).toBe(1);
  });

  it.each([
    ['payment of the order was', 'declined', 'accepted', 'refunded', 'expired'],
    ['request ended with status', '200', '404', '503'],
    ['there is no answer from service', 'down', 'busy', 'unavailable', 'stopped'],
    ['the upload failed since the file', 'missing', 'locked', 'empty', 'unreadable'],
    ['replica 3 moved from state', 'failed', 'ready', 'lagging', 'new'],
    ['Request failed for user', 'registration', 'authentication', 'settings', 'profile'],
  ])('are no value, however often they come, if they are no names: %s', (said, ...words) => {
    expect(new Set(groupsOf(often(words, (word) => `${said} ${word}`))).size).toBe(words.length);
  });
});

describe('TemplateMiner', () => {
  it('puts messages with a value at a place into its group, before and after the place opens', () => {
    const miner = new TemplateMiner();
    const early = miner.add('No courier found near 10.1.1.1 tonight').templateId;
    for (const city of CITIES) miner.add(`No courier found near ${city} tonight`);
    const late = miner.add('No courier found near paris-7 tonight').templateId;
    const open = miner.add('No courier found near oslo tonight').templateId;
    expect([miner.groupOf(early), miner.groupOf(late)]).toEqual([miner.groupOf(open), miner.groupOf(open)]);
  });

  it('opens a place after eight different words, for earlier messages as well', () => {
    const miner = new TemplateMiner();
    const ids = CITIES.slice(0, 8).map((city) => miner.add(`No courier found near ${city} tonight`).templateId);
    expect(new Set(ids.map((id) => miner.groupOf(id))).size).toBe(1);
    expect(miner.match('No courier found near bonn tonight')?.template).toBe('No courier found near <*> tonight');
    expect(miner.add('No courier found near bonn tonight')).toMatchObject({ isNew: false, templateId: 1 });
  });

  it('keeps seven different words apart', () => {
    expect(new Set(groupsOf(CITIES.slice(0, 7).map((city) => `No courier found near ${city} tonight`))).size).toBe(7);
  });

  it('never opens a place for codes', () => {
    const statuses = Array.from({ length: 20 }, (_, n) => `Upstream answered with status ${500 + n}`);
    expect(new Set(groupsOf(statuses)).size).toBe(20);
  });

  it('matches without learning', () => {
    const miner = new TemplateMiner();
    expect(miner.match('Disk is full on backup')).toBeUndefined();
    expect(miner.size).toBe(0);
  });

  const message = fc
    .tuple(
      fc.constantFrom(...CITIES, 'b7', '17'),
      fc.constantFrom('user', 'courier', 'user anna', 'user ops', 'user x1'),
      fc.nat(99),
    )
    .map(([city, who, n]) => `Order ${n} stuck near ${city} tonight, said ${who}`);

  it('makes the same groups whatever the order of messages', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), fc.infiniteStream(fc.nat()), (messages, keys) => {
        const shuffled = messages
          .map((text) => ({ text, key: Number(keys.next().value) }))
          .sort((a, b) => a.key - b.key);
        const byText = new Map(messages.map((text, at) => [text, groupsOf(messages)[at]]));
        const texts = shuffled.map(({ text }) => text);
        expect(groupsOf(texts)).toEqual(texts.map((text) => byText.get(text)));
      }),
      { numRuns: 40 },
    );
  });

  it('continues after a restart as if there had been none', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), fc.nat(60), (messages, cut) => {
        const whole = new TemplateMiner();
        const first = new TemplateMiner();
        for (const text of messages.slice(0, cut)) expect(first.add(text)).toEqual(whole.add(text));
        const second = TemplateMiner.import(
          JSON.parse(JSON.stringify(first.export())) as ReturnType<TemplateMiner['export']>,
        );
        for (const text of messages.slice(cut)) expect(second.add(text)).toEqual(whole.add(text));
        expect(second.export().templates.length).toBe(whole.size);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a state of another version', () => {
    const state = { ...new TemplateMiner().export(), version: 2 as unknown as 1 };
    expect(() => TemplateMiner.import(state)).toThrow('version 2');
  });

  it('stays within its limit and keeps recent templates', () => {
    const miner = new TemplateMiner({ maxTemplates: 100, cacheSize: 50 });
    const kept = miner.add('The one that comes again').templateId;
    for (let n = 0; n < 2_000; n++) {
      miner.add(
        `Fault ${String.fromCharCode(97 + (n % 26)).repeat(1 + Math.floor(n / 26))} in part ${'x'.repeat(n % 40)}y`,
      );
      expect(miner.add('The one that comes again').templateId).toBe(kept);
      expect(miner.size).toBeLessThanOrEqual(100);
    }
    const state = miner.export();
    expect(state.open.length + state.shown.length).toBeLessThan(300);
  });

  it('finds the group of a forgotten message again through its open place', () => {
    const miner = new TemplateMiner({ maxTemplates: 20 });
    const { templateId } = CITIES.map((city) => miner.add(`No courier found near ${city} tonight`))[9] ?? {
      templateId: 0,
    };
    for (let n = 0; n < 60; n++)
      miner.add(`Some other fault ${'ab'.repeat(n)} appeared with ${'cd'.repeat(60 - n)} inside`);
    expect(miner.groupOf(miner.add('No courier found near paris tonight').templateId)).toBe(templateId);
  });
});

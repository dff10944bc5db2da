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
  ])('tells apart: %s / %s', (one, other) => {
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

describe('TemplateMiner', () => {
  it('opens a place after eight different words, also for what came before', () => {
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
    .tuple(fc.constantFrom(...CITIES), fc.constantFrom('user', 'courier'), fc.nat(99))
    .map(([city, who, n]) => `Order ${n} of ${who} stuck near ${city} tonight`);

  it('groups the same whatever the order', () => {
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

  it('goes on after a restart as if there had been none', () => {
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

  it('stays within its limit and keeps what was seen lately', () => {
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

  it('finds the group of a forgotten word again through its open place', () => {
    const miner = new TemplateMiner({ maxTemplates: 20 });
    const { templateId } = CITIES.map((city) => miner.add(`No courier found near ${city} tonight`))[9] ?? {
      templateId: 0,
    };
    for (let n = 0; n < 60; n++)
      miner.add(`Some other fault ${'ab'.repeat(n)} appeared with ${'cd'.repeat(60 - n)} inside`);
    expect(miner.groupOf(miner.add('No courier found near paris tonight').templateId)).toBe(templateId);
  });
});

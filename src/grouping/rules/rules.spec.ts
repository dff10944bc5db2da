import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AppEvent } from '../../events/event.js';
import { fingerprintV1 } from '../fingerprint/fingerprint.v1.js';
import { compileGlob, matchesGlob } from './glob.js';
import { applyRules, compileRules, type GroupingRule, type RuleOutcome } from './rules.js';

const event: AppEvent = {
  ...{ eventId: '', occurredAt: 0, platform: 'node', level: 'error', environment: 'production', release: 'shop@2.4.1' },
  ...{ message: 'GET /cart answered 503', tags: { region: 'eu-west', tenant: 'acme' }, service: 'web' },
  exceptions: [
    {
      type: 'ChunkLoadError',
      value: 'Loading chunk 12 failed',
      frames: [
        { module: 'shop.cart', function: 'applyCoupon', inApp: true },
        { module: 'lib.fetch', function: 'get', inApp: false },
      ],
    },
  ],
};

function outcome(...rules: Partial<GroupingRule>[]): RuleOutcome {
  return applyRules(
    compileRules(rules.map((rule, i) => ({ name: `rule ${i}`, match: {}, set: { area: 'x' }, ...rule }))),
    event,
  );
}

describe('operator rules', () => {
  it('end by themselves for events that occur at their end or later', () => {
    const set = { ignore: true };
    expect(outcome({ set, until: '1970-01-01T00:00:01Z' })).toMatchObject({ ignore: true, ignoredBy: 'rule 0' });
    expect(outcome({ set, until: '1970-01-01T00:00:00Z' })).toMatchObject({ ignore: false, matched: [] });
  });

  it.each<GroupingRule['match']>([
    { type: 'Chunk*' },
    { message: ['nothing', '*answered 503'] },
    { message: 'loading chunk * failed' },
    { module: 'shop.*' },
    { function: 'applyCoupon' },
    { release: 'shop@2.4.*', environment: 'production', level: 'error', platform: 'node', service: 'web' },
    { tags: { region: 'eu-*', tenant: ['acme', 'other'] } },
  ])('match %j', (match) => {
    expect(outcome({ match }).matched).toEqual(['rule 0']);
  });

  it.each<GroupingRule['match']>([
    { type: 'Chunk' },
    { message: '*503', level: 'warning' },
    { function: 'get' },
    { tags: { region: 'us-*' } },
    { tags: { toString: '*' } },
  ])('do not match %j', (match) => {
    expect(outcome({ match }).matched).toEqual([]);
  });

  it('let the first match decide each setting, and combine different settings', () => {
    const result = outcome(
      { match: { type: 'Other' }, set: { severity: 'critical' } },
      { match: { type: '*' }, set: { severity: 'minor', ignore: false } },
      { match: { type: '*' }, set: { severity: 'major', ignore: true, area: 'cart', fingerprint: ['chunk'] } },
    );
    expect(result).toEqual({
      ignore: false,
      ignoredBy: undefined,
      severity: 'minor',
      area: 'cart',
      fingerprint: { rule: 'rule 2', parts: ['chunk'] },
      matched: ['rule 1', 'rule 2'],
    });
  });

  it('replace the fingerprint of the app and name the rule that did', () => {
    const { fingerprint } = outcome({
      name: 'per tenant',
      match: { type: '*' },
      set: { fingerprint: ['{{ default }}', '{{ tags.tenant }}'] },
    });
    const ruled = fingerprintV1({ ...event, fingerprint: ['of the app'] }, fingerprint);
    expect(ruled.parts.find((part) => part.name === 'custom')).toEqual({
      name: 'custom',
      value: 'acme',
      used: true,
      why: 'rule "per tenant" asked for "{{ tags.tenant }}"',
    });
    expect(ruled.key).not.toBe(fingerprintV1({ ...event, tags: { tenant: 'other' } }, fingerprint).key);
  });
});

describe('globs', () => {
  it('match like the equivalent regular expression', () => {
    const text = fc.stringMatching(/^[ab*]{0,12}$/);
    fc.assert(
      fc.property(text, fc.stringMatching(/^[abAB]{0,16}$/), (pattern, value) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(value);
        expect(matchesGlob(compileGlob(pattern), value)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('take regular expression signs literally', () => {
    expect(matchesGlob(compileGlob('a.c'), 'abc')).toBe(false);
    expect(matchesGlob(compileGlob('(a+)+$*'), '(a+)+$!')).toBe(true);
  });
});

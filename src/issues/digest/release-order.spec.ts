import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareReleases, speaksAgainstFix } from './release-order.js';

describe('compareReleases', () => {
  it.each([
    ['2.4.1', '2.4.2'],
    ['2.9.0', '2.10.0'],
    ['v1.0', '1.0.1'],
    ['shop@2.4.1', 'shop@2.5.0'],
    ['com.shop.app@1.9.9+310', 'com.shop.app@1.10.0+12'],
    ['com.shop.app@1.9.9+310', 'com.shop.app@1.9.9+1002'],
    ['2.0.0-alpha', '2.0.0-alpha.1'],
    ['2.0.0-alpha.2', '2.0.0-alpha.10'],
    ['2.0.0-alpha.1', '2.0.0-beta'],
    ['2.0.0-rc.1', '2.0.0'],
    ['2026.3.9', '2026.03.10'],
  ])('puts %s before %s', (older, newer) => {
    expect(compareReleases(older, newer)).toBeLessThan(0);
    expect(compareReleases(newer, older)).toBeGreaterThan(0);
  });

  it.each([
    ['2.4', '2.4.0'],
    ['v2.4.1', '2.4.1'],
    ['3f2a9c1', '3f2a9c1'],
  ])('takes %s and %s for the same', (a, b) => {
    expect(compareReleases(a, b)).toBe(0);
  });

  it.each([
    ['3f2a9c1', '9b01c77'],
    ['shop@2.4.1', 'admin@2.4.2'],
    ['shop@2.4.1', '2.4.2'],
    ['1.0.0+abc', '1.0.0+def'],
    ['1234567', '1234568'],
  ])('does not know the order of %s and %s', (a, b) => {
    expect(compareReleases(a, b)).toBeUndefined();
  });

  it('is an order: turning the two round turns the answer round', () => {
    const part = fc.integer({ min: 0, max: 20 });
    const release = fc
      .tuple(part, part, part, fc.option(fc.constantFrom('alpha', 'beta.1', 'rc.2', 'rc.10')))
      .map(([a, b, c, pre]) => `${a}.${b}.${c}${pre === null ? '' : `-${pre}`}`);
    fc.assert(
      fc.property(release, release, (a, b) => {
        expect(Math.sign(compareReleases(a, b) ?? NaN)).toBe(-Math.sign(compareReleases(b, a) ?? NaN) + 0);
      }),
    );
  });
});

describe('an event on a resolved issue', () => {
  const at = 1_000_000;
  const dates = new Map([
    ['one', at - 500],
    ['two', at - 100],
    ['three', at + 100],
  ]);
  const against = (release: string | undefined, fix: string | null, occurredAt = at + 1) =>
    speaksAgainstFix({ occurredAt, release }, { at, release: fix }, dates);

  it('speaks against a fix without a release when it happened afterwards', () => {
    expect(against(undefined, null)).toBe(true);
    expect(against('2.4.1', null, at - 1)).toBe(false);
  });

  it('speaks against the fix of a release when it names that one or a later one', () => {
    expect(against('2.4.1', '2.4.2')).toBe(false);
    expect(against('2.4.2', '2.4.2')).toBe(true);
    expect(against('2.4.3', '2.4.2')).toBe(true);
    expect(against(undefined, '2.4.2')).toBe(false);
  });

  it('goes by first sight where names have no order', () => {
    expect(against('one', 'two')).toBe(false);
    expect(against('three', 'two')).toBe(true);
    expect(against('never seen', 'two')).toBe(false);
  });

  it('takes what was seen before the resolution for older than a fix that nobody has seen', () => {
    expect(against('two', 'not out yet')).toBe(false);
    expect(against('three', 'not out yet')).toBe(true);
  });
});

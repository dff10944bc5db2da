import { describe, expect, it } from '@jest/globals';
import { atOnce } from '../algorithm/turns.js';
import { codeCustomers, hasTerms } from './code-customers.js';

describe('customers in columns', () => {
  it('have the value of a trait that was seen last, and every feature that they use', () => {
    const { size, columns } = code(
      [
        { release: '1' },
        { release: '2', feature: '/pay' },
        { release: '1' },
        { feature: '/basket' },
        { feature: '/pay' },
      ],
      [{ release: '2' }, { feature: '/pay' }],
      [{ release: '3' }],
    );

    expect(size).toBe(3);
    expect(columns).toEqual([
      { name: 'release', values: ['1', '2', '3'], of: ['1', '2', '3'] },
      { name: 'feature', values: ['/pay'], of: ['/pay', '/pay', undefined] },
      { name: 'feature', values: ['/basket'], of: ['/basket', undefined, undefined] },
    ]);
  });

  it('take the word of the directory for a trait that telemetry saw otherwise', () => {
    const active = [
      { id: 1, hit: false },
      { id: 2, hit: true },
    ];
    const person = { locale: null, zone: null, names: ['plan'], values: ['seen'] };
    const known = new Map([
      [1, { ...person, attributes: { Plan: 'pro' } }],
      [2, { ...person, attributes: {} }],
    ]);

    const { columns, listed } = atOnce(codeCustomers(active, known));

    expect(columns).toEqual([{ name: 'plan', values: ['pro'], codes: Int32Array.of(0, -1) }]);
    expect(listed).toEqual(new Set(['plan']));
  });

  it('match the terms of a cause by what their column would hold', () => {
    const attributes = { Plan: 'pro' };
    const names = ['release', 'feature', 'plan', 'feature', 'release'];
    const known = { locale: 'de', zone: null, attributes, names, values: ['1', '/pay', 'seen', '/basket', '2'] };
    const has = (...terms: [trait: string, value: string][]) =>
      hasTerms(
        known,
        terms.map(([trait, value]) => ({ trait, value })),
        new Set(['plan', 'locale']),
      );

    expect(has(['release', '2'], ['feature', '/pay'], ['feature', '/basket'])).toBe(true);
    expect(has(['plan', 'pro'], ['locale', 'de'])).toBe(true);
    for (const term of [
      ['release', '1'],
      ['plan', 'seen'],
      ['feature', '/cart'],
      ['os', 'Android'],
    ] as const)
      expect([term, has([...term])]).toEqual([term, false]);
  });

  it('leave out a trait that half as many of the others have as of the affected, since nobody can compare', () => {
    const active = [1, 2, 3, 4].map((id) => ({ id, hit: id <= 2 }));
    const nobody = { locale: null, zone: null, attributes: {}, names: [], values: [] };
    const rare = { ...nobody, names: ['release'], values: ['2.4.1'] };
    const known = new Map(active.map(({ id }) => [id, id <= 2 ? rare : nobody]));

    expect(atOnce(codeCustomers(active, known)).columns).toEqual([]);
  });
});

/** Codes customers of whom telemetry saw these traits, in the order in which it saw them; the first is not hit. */
function code(...seen: Record<string, string>[][]) {
  const known = new Map(
    seen.map((traits, id) => {
      const pairs = traits.flatMap((one) => Object.entries(one));
      const [names, values] = [pairs.map(([name]) => name), pairs.map(([, value]) => value)];
      return [id, { locale: null, zone: null, attributes: {}, names, values }];
    }),
  );
  const active = seen.map((_, id) => ({ id, hit: id > 0 }));
  const { size, columns } = atOnce(codeCustomers(active, known));
  const named = columns.map(({ name, values, codes }) => ({
    name,
    values,
    of: [...codes].map((one) => values[one]),
  }));
  return { size, columns: named };
}

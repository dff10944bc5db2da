import { describe, expect, it } from '@jest/globals';
import { atOnce } from '../algorithm/turns.js';
import { codeCustomers, type Known } from './code-customers.js';
import { marksOf } from './marks.js';

const PEOPLE: Partial<Known>[] = [
  { attributes: { Plan: 'pro', seats: 3 }, names: ['release'], values: ['2.4.1'] },
  { attributes: { plan: ' pro ', seats: 4 }, names: ['release'], values: ['2.4.1'] },
  { attributes: { plan: 'free', seats: 3 }, locale: 'de', names: ['release'], values: ['2.4.1'] },
  { attributes: { plan: 'free' }, zone: 'Europe/Berlin', names: ['release'], values: ['2.4.0'] },
  { attributes: { plan: 'free' }, names: ['release'], values: ['2.4.1'] },
];

describe('the marks of customers who may match a cause', () => {
  it('are those of its rarest term, in every spelling of the directory', () => {
    expect(
      marks([
        ['plan', 'pro'],
        ['release', '2.4.1'],
      ]),
    ).toEqual({
      attributes: ['{"Plan":"pro"}', '{"plan":" pro "}'],
      locales: [],
      zones: [],
      values: [],
    });
  });

  it('are values that telemetry saw, where that is rarest', () => {
    expect(
      marks([
        ['plan', 'free'],
        ['release', '2.4.0'],
      ]),
    ).toEqual({
      attributes: [],
      locales: [],
      zones: [],
      values: ['2.4.0'],
    });
  });

  it('are those of every cause together: numbers, locales and zones, too', () => {
    expect(marks([['seats', '3']], [['locale', 'de']], [['zone', 'Europe/Berlin']])).toEqual({
      attributes: ['{"seats":3}'],
      locales: ['de'],
      zones: ['Europe/Berlin'],
      values: [],
    });
  });
});

/** The marks of these causes among PEOPLE, of whom the first two are hit. */
function marks(...causes: (readonly [trait: string, value: string])[][]) {
  const nobody: Known = { locale: null, zone: null, attributes: {}, names: [], values: [] };
  const known = new Map(PEOPLE.map((one, id) => [id, { ...nobody, ...one }]));
  const active = PEOPLE.map((_, id) => ({ id, hit: id < 2 }));
  const terms = causes.map((cause) => cause.map(([trait, value]) => ({ trait, value })));
  const rows = atOnce(codeCustomers(active, known));
  const { attributes, locales, zones, values } = marksOf(terms, rows, (row) => known.get(row));
  return { attributes: [...attributes], locales: [...locales], zones: [...zones], values: [...values] };
}

import { describe, expect, it } from '@jest/globals';
import { type ActiveCustomers, findCauses } from './causes.v1.js';
import { codeColumn } from './coded-rows.js';

const SIZE = 6_000;
/** Makes customers in a fixed mixture: two systems, three releases, five plans, two flags on for some. */
const people = Array.from({ length: SIZE }, (_, row) => ({
  os: row % 2 === 0 ? '14' : '15',
  release: ['2.4.0', '2.4.1', '2.5.0'][Math.floor(row / 2) % 3] ?? '',
  plan: `p${String(Math.floor(row / 6) % 5)}`,
  flags: [...(Math.floor(row / 30) % 4 === 0 ? ['new-pay'] : []), ...(Math.floor(row / 120) % 5 === 0 ? ['dark'] : [])],
}));

function customersWith(isHit: (one: (typeof people)[number], row: number) => boolean): ActiveCustomers {
  const column = (name: 'os' | 'release' | 'plan') =>
    codeColumn(
      name,
      people.map((one) => one[name]),
    );
  const flags = ['new-pay', 'dark'].map((flag) =>
    codeColumn(
      'flag',
      people.map((one) => (one.flags.includes(flag) ? flag : undefined)),
    ),
  );
  const columns = [column('os'), column('release'), column('plan'), ...flags];
  return { rows: { size: SIZE, columns }, hit: Uint8Array.from(people, (one, row) => Number(isHit(one, row))) };
}

describe('findCauses', () => {
  it('finds the two traits that the affected share, with their counts, and who is next', () => {
    const found = findCauses(
      customersWith((one, row) => (one.os === '14' && one.release === '2.4.1' && row % 7 < 2) || row === 1),
    );
    expect(found.causes).toHaveLength(1);
    expect(found.causes[0]).toMatchObject({
      terms: [
        { trait: 'os', value: '14' },
        { trait: 'release', value: '2.4.1' },
      ],
      text: 'os=14&release=2.4.1',
      affected: 286,
      ofAffected: 287,
      active: 1000,
      ofActive: SIZE,
    });
    expect(found.causes[0]?.lift).toBeCloseTo((286 / 287) * 6, 6);
    expect(found.atRisk?.customers).toHaveLength(714);
    expect(found.atRisk?.expectedHitRate).toBeCloseTo(0.286, 6);
    const [low = 0, high = 0] = found.atRisk?.interval ?? [];
    expect(low).toBeGreaterThan(0.23);
    expect(high).toBeLessThan(0.34);
    expect(low).toBeLessThan(0.286);
    expect(high).toBeGreaterThan(0.286);
  });

  it('counts all for whom rows stand, so that a share of the others read states the same rate', () => {
    const all = customersWith((one, row) => one.os === '14' && one.release === '2.4.1' && row % 7 < 2);
    const kept = people.map((_, row) => row).filter((row) => all.hit[row] === 1 || Math.floor(row / 120) % 2 === 0);
    const columns = all.rows.columns.map((column) => ({
      ...column,
      codes: column.codes.filter((_, row) => kept.includes(row)),
    }));
    const others = SIZE - 286;
    const part = findCauses({
      rows: { size: kept.length, columns },
      hit: Uint8Array.from(kept, (row) => all.hit[row] ?? 0),
      standsFor: { hit: 1, others: others / (kept.length - 286) },
    });
    expect(part.causes[0]).toMatchObject({
      text: 'os=14&release=2.4.1',
      affected: 286,
      ofAffected: 286,
      ofActive: SIZE,
    });
    expect(Math.abs((part.causes[0]?.active ?? 0) - 1000)).toBeLessThan(10);
    expect(part.atRisk?.expectedHitRate).toBeCloseTo(0.286, 2);
    expect(part.atRisk?.customers.length).toBeLessThan(400);
  });

  it('states the same interval where each row stands for ten, since what was read is no more', () => {
    const all = customersWith((one, row) => one.os === '14' && one.release === '2.4.1' && row % 7 < 2);
    const of = (each: number) => findCauses({ ...all, standsFor: { hit: each, others: each } }).atRisk;
    expect(of(10)).toMatchObject({ expectedHitRate: of(1)?.expectedHitRate, interval: of(1)?.interval });
  });

  it('finds two flags that do harm only together', () => {
    const found = findCauses(customersWith((one, row) => one.flags.length === 2 && row % 7 < 3));
    expect(found.causes.map(({ text }) => text)).toEqual(['flag=dark&flag=new-pay']);
  });

  it('names a second cause for the hits that the first leaves over', () => {
    const found = findCauses(
      customersWith((one, row) => row % 7 === 0 && ((one.os === '14' && one.plan === 'p1') || one.flags.length === 2)),
    );
    expect(found.causes.map(({ text }) => text).sort()).toEqual(['flag=dark&flag=new-pay', 'os=14&plan=p1']);
  });

  it('offers no cause and nobody at risk when those hit share nothing', () => {
    expect(findCauses(customersWith((_, row) => (row * 7919) % 101 === 0))).toEqual({ causes: [], atRisk: null });
  });

  it('offers no cause for fewer than five affected, whatever they share', () => {
    const found = findCauses(customersWith((one, row) => one.flags.length === 2 && row < 4));
    expect(found.causes).toEqual([]);
  });

  it('offers no cause when everybody is hit', () => {
    expect(findCauses(customersWith(() => true))).toEqual({ causes: [], atRisk: null });
  });
});

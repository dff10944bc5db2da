import { describe, expect, it } from '@jest/globals';
import { isHeldOut } from './hold-out.v1.js';

const secret = Buffer.from('a secret of one installation');
const customers = Array.from({ length: 20_000 }, (_, customerId) => customerId);
const held = (incidentId: number, share: number, by = secret) =>
  customers.filter((customerId) => isHeldOut(by, { incidentId, customerId }, share));

describe('a hold-out', () => {
  it('takes the share that it is given, within four standard deviations', () => {
    for (const share of [0.02, 0.1, 0.5])
      expect(Math.abs(held(1, share).length - share * 20_000)).toBeLessThan(
        4 * Math.sqrt(20_000 * share * (1 - share)),
      );
    expect(held(1, 0)).toEqual([]);
    expect(held(1, 1)).toHaveLength(20_000);
  });

  it('is the same whenever it is asked for, and a larger share keeps those whom a smaller one held', () => {
    expect(held(7, 0.1)).toEqual(held(7, 0.1));
    const more = new Set(held(7, 0.2));
    expect(held(7, 0.1).filter((id) => !more.has(id))).toEqual([]);
  });

  it('falls on other customers for another incident and in another installation', () => {
    const both = (one: number[], other: number[]) => one.filter((id) => other.includes(id)).length;

    expect(both(held(1, 0.1), held(2, 0.1))).toBeLessThan(300);
    expect(both(held(1, 0.1), held(1, 0.1, Buffer.from('another')))).toBeLessThan(300);
  });
});
